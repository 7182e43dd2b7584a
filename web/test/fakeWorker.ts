/**
 * The part of the worker SDK that the pages use, in memory: workers that read
 * a bench of reservations, and commands that answer with events.
 */

import type { Worker } from "twilio-taskrouter";
import { Emitter } from "./emitter";

const names = ["Offline", "Available", "Unavailable", "Break"];

/** The names of the events that follow a status. */
const events: Record<string, string> = { accepted: "accepted", wrapping: "wrapup", completed: "completed" };

export class FakeBridge {
  readonly workers: FakeWorker[] = [];
  readonly reservations = new Map<string, FakeReservation>();
  current = "Offline";
  /** Makes the next commands fail with these words. */
  refusals: string[] = [];
  /** What the next workers do when they connect. */
  next: ("ready" | "initFails" | "silent")[] = [];
  /** What was asked with which options. */
  readonly asked: { activity: string; rejectPendingReservations: boolean }[] = [];

  createWorker = async (token: string): Promise<Worker> => {
    const worker = new FakeWorker(this, token);
    this.workers.push(worker);
    return worker as unknown as Worker;
  };

  /** Offers a task to the worker; answers the reservation. */
  offer(attributes: object, { timeout = 120, at = new Date() } = {}): FakeReservation {
    const reservation = new FakeReservation(this, attributes, timeout, at);
    this.reservations.set(reservation.sid, reservation);
    for (const worker of this.workers) worker.tell(reservation.sid);
    return reservation;
  }

  move(activity: string): void {
    this.current = activity;
    for (const worker of this.workers) if (worker.open) worker.emit("activityUpdated", worker);
  }

  refuse(): void {
    const words = this.refusals.shift();
    if (words) throw new Error(`Request failed with status code 400. ${words}`);
  }
}

export class FakeWorker extends Emitter {
  open = false;
  readonly given: string[] = [];
  reservations = new Map<string, FakeReservation>();
  readonly activities = new Map(
    names.map((name) => [
      `WA${name}`,
      {
        sid: `WA${name}`,
        name,
        available: name === "Available",
        setAsCurrent: async ({ rejectPendingReservations = false } = {}) => {
          this.bridge.refuse();
          this.bridge.asked.push({ activity: name, rejectPendingReservations });
          this.bridge.move(name);
        },
      },
    ]),
  );

  constructor(
    readonly bridge: FakeBridge,
    readonly token: string,
  ) {
    super();
    const how = bridge.next.shift() ?? "ready";
    if (how !== "silent") setTimeout(() => (how === "ready" ? this.ready() : this.fail()));
  }

  get activity() {
    return this.activities.get(`WA${this.bridge.current}`);
  }

  /** Connects, or connects again: new objects, as the SDK makes them. */
  ready(): void {
    this.open = true;
    this.reservations = new Map(
      [...this.bridge.reservations].map(([sid, reservation]) => [sid, reservation.copy()]),
    );
    this.emit("ready", this);
  }

  fail(): void {
    this.emit("error", new Error("Failed to initialize Worker WK1"));
  }

  lose(): void {
    this.open = false;
    this.emit("disconnected", this);
  }

  tell(sid: string): void {
    const reservation = this.bridge.reservations.get(sid)?.copy();
    if (!this.open || !reservation) return;
    this.reservations.set(sid, reservation);
    this.emit("reservationCreated", reservation);
  }

  updateToken(token: string): void {
    this.given.push(token);
  }

  disconnect(): void {
    this.lose();
  }
}

let last = 0;

export class FakeReservation extends Emitter {
  readonly task;

  constructor(
    readonly bridge: FakeBridge,
    readonly attributes: object,
    readonly timeout: number,
    readonly dateCreated: Date,
    readonly sid = `WR${++last}`,
    public status = "pending",
  ) {
    super();
    this.task = Object.assign(new Emitter(), {
      sid: sid.replace("WR", "WT"),
      attributes,
      queueName: "Everyone",
    });
  }

  copy(): FakeReservation {
    return new FakeReservation(
      this.bridge,
      this.attributes,
      this.timeout,
      this.dateCreated,
      this.sid,
      this.status,
    );
  }

  accept = async () => this.#ask("accepted");
  wrap = async () => this.#ask("wrapping");
  complete = async () => this.#ask("completed");
  reject = async () => this.#ask("rejected");

  async #ask(status: string): Promise<void> {
    await Promise.resolve(); // on its way
    this.bridge.refuse();
    this.end(status);
  }

  /** The server moves it, whoever asked for that. */
  end(status: string): void {
    const own = this.bridge.reservations.get(this.sid);
    if (own) own.status = status;
    if (!["accepted", "wrapping"].includes(status)) this.bridge.reservations.delete(this.sid);
    for (const worker of this.bridge.workers) {
      const known = worker.reservations.get(this.sid);
      if (!worker.open || !known) continue;
      known.status = status;
      known.emit(events[status] ?? status, known);
    }
  }
}
