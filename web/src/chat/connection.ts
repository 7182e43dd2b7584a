/**
 * One signed-in chat client: made with a token, and kept signed in. Owns the
 * SDK's client from construction to close(). Several conversations of one
 * person share it.
 */

import type { Client, ConnectionState } from "twilio-chat";

export interface ConnectionOptions {
  createClient: (token: string) => Client;
  fetchToken: () => Promise<string>;
}

/** How long to wait for the first sign-in before the reader is asked what to do. */
const OPEN_TIMEOUT_MS = 20_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export class Connection {
  readonly client: Client;
  readonly #options: ConnectionOptions;
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #closed = false;
  #renewing = false;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #renewDelay = 0;
  /** Whether the last token fetched was given to the client. */
  #given = false;

  private constructor(options: ConnectionOptions, token: string) {
    this.#options = options;
    this.client = options.createClient(token);
    this.client.on("connectionStateChanged", (state) => {
      if (this.#closed) return;
      for (const listener of this.#listeners) listener(state);
      if (state === "denied") this.#renew();
    });
    this.client.on("tokenAboutToExpire", () => this.#renew());
    this.client.on("tokenExpired", () => this.#renew());
  }

  /** Fetches a token and signs in. Rejects where that cannot succeed or takes too long. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options, await options.fetchToken());
    try {
      await connection.#ready();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Tells of every later state; answers how to stop that. */
  watch(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the client is initialised. A first failure may heal: the SDK goes on connecting. */
  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      let reason = "The chat server does not answer.";
      const timer = setTimeout(() => reject(new Error(reason)), OPEN_TIMEOUT_MS);
      this.client.on("connectionError", ({ message }) => {
        if (message) reason = message;
      });
      this.client.on("stateChanged", (state) => {
        if (state === "initialized") {
          clearTimeout(timer);
          resolve();
        } else if (this.client.connectionState === "connected") {
          // Signed in, but the first request failed: the SDK does not try that again.
          clearTimeout(timer);
          reject(new Error("The chat server did not accept the sign-in."));
        }
      });
    });
  }

  /** Gets a new token and gives it to the client; where that does not help, again, more and more slowly. */
  #renew(): void {
    if (this.#renewing || this.#closed) return;
    this.#renewing = true;
    this.#renewTimer = setTimeout(async () => {
      // The SDK can reject although the token was taken (chat-sdk-protocol §12); its state tells the truth.
      const done = await this.#tryRenew().then(
        () => this.client.connectionState !== "denied",
        () => this.client.connectionState === "connected" && this.#given,
      );
      this.#renewing = false;
      if (done) this.#renewDelay = 0;
      else this.#renew();
    }, this.#renewDelay);
    this.#renewDelay = Math.min(Math.max(this.#renewDelay * 2, RETRY_MIN_MS), RETRY_MAX_MS);
  }

  async #tryRenew(): Promise<void> {
    this.#given = false;
    const token = await this.#options.fetchToken();
    await this.#leftState("disconnecting");
    if (this.#closed) return;
    this.#given = true;
    await this.client.updateToken(token);
  }

  /** While it disconnects, the SDK ignores a new token and never settles the call (chat-sdk-protocol §2.9). */
  #leftState(state: ConnectionState): Promise<void> {
    if (this.client.connectionState !== state) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (now: ConnectionState) => {
        if (now === state) return;
        this.client.off("connectionStateChanged", look);
        resolve();
      };
      this.client.on("connectionStateChanged", look);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#renewTimer);
    // shutdown() waits for a sign-in that may never come; nobody is left to tell.
    void this.client.shutdown().catch(() => {});
  }
}

/** A connection that signs in for its first user, and ends after its last. */
export class SharedConnection {
  readonly #options: ConnectionOptions;
  #users = 0;
  #opened: Promise<Connection> | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Every acquire() is followed by one release(), also one that failed. */
  acquire(): Promise<Connection> {
    this.#users++;
    this.#opened ??= Connection.open(this.#options);
    return this.#opened;
  }

  release(): void {
    if (--this.#users > 0) return;
    void this.#opened?.then(
      (connection) => connection.close(),
      () => {}, // one that failed has closed itself
    );
    this.#opened = null;
  }
}
