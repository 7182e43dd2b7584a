/**
 * A worker's side of TaskRouter, as a store that the page subscribes to. What
 * it shows follows the SDK's events alone, so that it is right also where
 * another tab, the REST API or a timer acted.
 */

import type { Reservation, Worker } from "twilio-taskrouter";
import { WorkerConnection } from "./connection";
import { type ActivityChoice, choicesOf, type Missed, type Notice, type Work, workOf } from "./model";
import { explain } from "./problem";

/** A connection that is back sooner is not worth a word, as after the renewal of a token. */
const GRACE_MS = 2_000;

export interface WorkerSessionOptions {
  createWorker: (token: string) => Promise<Worker>;
  fetchToken: () => Promise<string>;
}

export interface WorkerSnapshot {
  phase: "opening" | "open" | "failed";
  /** Why opening failed, or the last change of activity. */
  problem: string | null;
  connected: boolean;
  activities: readonly ActivityChoice[];
  activity: ActivityChoice | null;
  /** True while another activity is asked for. */
  changing: boolean;
  /** Offers and tasks, the oldest first. */
  works: readonly Work[];
  /** The last offer that went unanswered. */
  notice: Notice | null;
}

const initial: WorkerSnapshot = {
  phase: "opening",
  problem: null,
  connected: false,
  activities: [],
  activity: null,
  changing: false,
  works: [],
  notice: null,
};

export class WorkerSession {
  readonly #options: WorkerSessionOptions;
  #snapshot = initial;
  readonly #listeners = new Set<() => void>();
  #connection: WorkerConnection | null = null;
  #worker: Worker | null = null;
  readonly #reservations = new Map<string, Reservation>();
  #grace: ReturnType<typeof setTimeout> | undefined;
  #started = false;
  #closed = false;

  constructor(options: WorkerSessionOptions) {
    this.#options = options;
  }

  readonly getSnapshot = (): WorkerSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Signs in. After a failure it may be called again. */
  open(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#set({ phase: "opening", problem: null });
    void this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#grace);
    this.#connection?.close();
    this.#listeners.clear();
  }

  /** Goes to an activity, and answers whether. Offers that are open then are rejected where it is one without work. */
  async setActivity(sid: string): Promise<boolean> {
    const activity = this.#worker?.activities.get(sid);
    if (!activity || this.#snapshot.changing) return false;
    const open = this.#snapshot.works.some((work) => work.status === "pending");
    this.#set({ changing: true, problem: null });
    try {
      await activity.setAsCurrent({ rejectPendingReservations: !activity.available && open });
      this.#set({ changing: false });
      this.#showActivity();
      return true;
    } catch (error) {
      this.#set({ changing: false, problem: explain(error) });
      return false;
    }
  }

  /** Goes to the first activity in which work is offered. */
  goAvailable(): void {
    const available = this.#snapshot.activities.find((activity) => activity.available);
    if (available) void this.setActivity(available.sid);
  }

  /** Goes to the first activity in which none is, and answers whether the worker is in such a one. */
  async goAway(): Promise<boolean> {
    const { activity, activities } = this.#snapshot;
    if (activity && !activity.available) return true;
    const away = activities.find(({ available }) => !available);
    return away !== undefined && this.setActivity(away.sid);
  }

  accept(sid: string): void {
    void this.#command(sid, (reservation) => reservation.accept());
  }

  reject(sid: string): void {
    void this.#command(sid, (reservation) => reservation.reject());
  }

  wrapUp(sid: string): void {
    void this.#command(sid, (reservation) => reservation.wrap());
  }

  complete(sid: string): void {
    void this.#command(sid, (reservation) => reservation.complete());
  }

  dismissNotice(): void {
    this.#set({ notice: null });
  }

  async #open(): Promise<void> {
    try {
      const connection = await WorkerConnection.open({
        ...this.#options,
        onReady: (worker) => this.#onReady(worker),
        onLost: () => this.#onLost(),
      });
      if (this.#closed) return connection.close();
      this.#connection = connection;
    } catch (error) {
      this.#started = false;
      this.#set({ phase: "failed", problem: explain(error) });
    }
  }

  /** Everything anew: the SDK has made new objects, and what it missed in between it will not tell. */
  #onReady(worker: Worker): void {
    clearTimeout(this.#grace);
    if (worker !== this.#worker) {
      this.#worker = worker;
      worker.on("reservationCreated", (reservation) => this.#offer(reservation));
      worker.on("activityUpdated", () => this.#showActivity());
    }
    this.#reservations.clear();
    const before = this.#snapshot.works;
    const works: Work[] = [];
    for (const reservation of worker.reservations.values()) {
      const work = workOf(reservation, Date.now(), false);
      if (!work) continue;
      works.push(work);
      this.#follow(reservation);
    }
    this.#set({ phase: "open", connected: true, activities: choicesOf(worker), works });
    this.#showActivity();
    for (const work of before)
      if (work.status === "pending" && !this.#reservations.has(work.sid)) this.#miss(work, "lost");
  }

  #onLost(): void {
    if (!this.#snapshot.connected) return;
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => this.#set({ connected: false }), GRACE_MS);
  }

  #showActivity(): void {
    const sid = this.#worker?.activity.sid;
    const activity = this.#snapshot.activities.find((choice) => choice.sid === sid) ?? null;
    this.#set({ activity });
  }

  #offer(reservation: Reservation): void {
    const work = workOf(reservation, Date.now(), true);
    if (!work) return;
    this.#follow(reservation);
    this.#put(work);
    if (this.#snapshot.notice?.taskSid === work.taskSid) this.dismissNotice();
  }

  /** Keeps what is shown of a reservation true, until it is over. */
  #follow(reservation: Reservation): void {
    const { sid } = reservation;
    this.#reservations.set(sid, reservation);
    const renew = () => {
      const last = this.#work(sid);
      const work = workOf(reservation, Date.now(), false);
      if (last && work) this.#put({ ...work, deadline: last.deadline });
    };
    const end = (why?: Missed) => {
      const last = this.#work(sid);
      this.#reservations.delete(sid);
      this.#set({ works: this.#snapshot.works.filter((work) => work.sid !== sid) });
      if (why && last?.status === "pending") this.#miss(last, why);
    };
    reservation.on("accepted", renew);
    reservation.on("wrapup", renew);
    reservation.task.on("updated", renew);
    reservation.on("completed", () => end());
    reservation.on("rejected", () => end());
    reservation.on("timeout", () => end("timeout"));
    reservation.on("canceled", () => end("canceled"));
    reservation.on("rescinded", () => end("rescinded"));
  }

  #miss({ taskSid, name }: Work, why: Missed): void {
    this.#set({ notice: { taskSid, name, why } });
  }

  /** Asks for a change. The event that follows shows it, and ends the waiting. */
  async #command(sid: string, ask: (reservation: Reservation) => Promise<unknown>): Promise<void> {
    const reservation = this.#reservations.get(sid);
    const work = this.#work(sid);
    if (!reservation || !work || work.busy) return;
    this.#put({ ...work, busy: true, problem: null });
    try {
      await ask(reservation);
    } catch (error) {
      const now = this.#work(sid);
      if (now) this.#put({ ...now, busy: false, problem: explain(error) });
    }
  }

  #work(sid: string): Work | undefined {
    return this.#snapshot.works.find((work) => work.sid === sid);
  }

  #put(work: Work): void {
    const { works } = this.#snapshot;
    const known = works.some(({ sid }) => sid === work.sid);
    this.#set({ works: known ? works.map((w) => (w.sid === work.sid ? work : w)) : [...works, work] });
  }

  #set(change: Partial<WorkerSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}
