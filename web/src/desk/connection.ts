/**
 * One signed-in worker: made with a token, and kept signed in. Owns the SDK's
 * worker from construction to close(). The SDK reconnects by itself and reads
 * everything anew; this class gives it tokens, and replaces a worker that gave up.
 */

import type { Worker } from "twilio-taskrouter";

export interface WorkerConnectionOptions {
  createWorker: (token: string) => Promise<Worker>;
  fetchToken: () => Promise<string>;
  /** Signed in, or signed in again: the worker has read its state from the server. */
  onReady: (worker: Worker) => void;
  onLost: () => void;
}

/** How long to wait for the first sign-in before the reader is asked what to do. */
const OPEN_TIMEOUT_MS = 20_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** Refused as often as this in a row, the token itself may be the reason. */
const LOSSES_BEFORE_RENEWAL = 5;

export class WorkerConnection {
  readonly #options: WorkerConnectionOptions;
  #worker: Worker | null = null;
  #closed = false;
  #signedIn = false;
  /** Connections lost, or refused, since the worker was ready. */
  #losses = 0;
  #delay = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: WorkerConnectionOptions) {
    this.#options = options;
  }

  /** Fetches a token and signs in. Rejects where that cannot succeed or takes too long. */
  static async open(options: WorkerConnectionOptions): Promise<WorkerConnection> {
    const worker = await options.createWorker(await options.fetchToken());
    const connection = new WorkerConnection(options);
    try {
      await connection.#first(worker);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#worker?.disconnect();
  }

  #first(worker: Worker): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The server does not answer.")), OPEN_TIMEOUT_MS);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        act();
      };
      this.#follow(worker);
      worker.on("ready", () => settle(resolve));
      worker.on("error", (error) => {
        if (gaveUp(error)) settle(() => reject(new Error("The server did not accept the sign-in.")));
      });
    });
  }

  #follow(worker: Worker): void {
    this.#worker = worker;
    const current = () => !this.#closed && worker === this.#worker;
    worker.on("ready", () => {
      if (!current()) return;
      clearTimeout(this.#timer);
      this.#signedIn = true;
      this.#losses = 0;
      this.#delay = 0;
      this.#options.onReady(worker);
    });
    worker.on("disconnected", () => {
      if (!current()) return;
      this.#options.onLost();
      if (++this.#losses % LOSSES_BEFORE_RENEWAL === 0) this.#replace();
    });
    worker.on("tokenExpired", () => {
      if (!current()) return;
      this.#withToken((fresh) => {
        this.#delay = 0;
        worker.updateToken(fresh);
      });
    });
    // An emitter without this listener throws. Of a connection that failed, "disconnected" tells.
    worker.on("error", (error) => {
      if (!current() || !gaveUp(error)) return;
      this.#options.onLost();
      this.#replace();
    });
  }

  #replace(): void {
    if (!this.#signedIn) return; // the reader is asked what to do
    this.#withToken(async (token) => {
      const worker = await this.#options.createWorker(token);
      if (this.#closed) return worker.disconnect();
      const given = this.#worker;
      this.#follow(worker);
      given?.disconnect();
    });
  }

  /** Gets a token and uses it; where that fails, again, more and more slowly. */
  #withToken(use: (token: string) => Promise<void> | void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        const token = await this.#options.fetchToken();
        if (!this.#closed) await use(token);
      } catch {
        if (!this.#closed) this.#withToken(use);
      }
    }, this.#delay);
    this.#delay = Math.min(Math.max(this.#delay * 2, RETRY_MIN_MS), RETRY_MAX_MS);
  }
}

/** Whether the SDK connected but could not read the worker's state: it does not try that again by itself. */
function gaveUp(error: Error): boolean {
  return error.message.startsWith("Failed to initialize Worker");
}
