/**
 * An agent's desk: the worker's session, and a conversation for every task
 * that it has accepted. A conversation opens and closes with its task.
 */

import type { Client } from "twilio-chat";
import type { Worker } from "twilio-taskrouter";
import { SharedConnection } from "../chat/connection";
import { ChatSession } from "../chat/session";
import type { Work } from "./model";
import { WorkerSession } from "./session";

/** What the desk asks of the server, apart from the two SDKs. */
export interface DeskBackend {
  createWorker: (token: string) => Promise<Worker>;
  createClient: (token: string) => Client;
  /** A token with the grants of both SDKs. */
  fetchToken: () => Promise<string>;
  /** Asks Flex to take the agent into the channel of a task that it has accepted. */
  joinChannel: (channelSid: string) => Promise<void>;
}

export interface Talk {
  session: ChatSession;
  unread: number;
}

/** Conversations by the SID of their reservation. */
export type Talks = ReadonlyMap<string, Talk>;

export class Desk {
  readonly worker: WorkerSession;
  readonly #identity: string;
  readonly #backend: DeskBackend;
  /** One sign-in to the chat for all conversations. */
  readonly #chat: SharedConnection;
  #talks: Talks = new Map();
  readonly #listeners = new Set<() => void>();

  constructor(identity: string, backend: DeskBackend) {
    this.#identity = identity;
    this.#backend = backend;
    this.#chat = new SharedConnection(backend);
    this.worker = new WorkerSession(backend);
    this.worker.subscribe(() => this.#follow(this.worker.getSnapshot().works));
    this.worker.open();
  }

  readonly getSnapshot = (): Talks => this.#talks;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Signs out, and answers whether: an agent who is gone must not be offered anything. */
  async leave(): Promise<boolean> {
    if (!(await this.worker.goAway())) return false;
    this.#close();
    return true;
  }

  #close(): void {
    this.worker.close();
    for (const { session } of this.#talks.values()) session.close();
    this.#listeners.clear();
  }

  #follow(works: readonly Work[]): void {
    const talking = works.filter((work) => work.status !== "pending" && work.channelSid);
    const next = new Map(this.#talks);
    for (const [sid, { session }] of this.#talks) {
      if (talking.some((work) => work.sid === sid)) continue;
      session.close();
      next.delete(sid);
    }
    for (const { sid, channelSid } of talking)
      if (channelSid && !next.has(sid)) next.set(sid, { session: this.#open(sid, channelSid), unread: 0 });
    const same = next.size === this.#talks.size && [...next.keys()].every((sid) => this.#talks.has(sid));
    if (!same) this.#set(next);
  }

  #open(sid: string, channelSid: string): ChatSession {
    const session = new ChatSession({
      identity: this.#identity,
      connection: this.#chat,
      openChannel: async () => {
        await this.#backend.joinChannel(channelSid);
        return channelSid;
      },
    });
    session.subscribe(() => {
      const { unread } = session.getSnapshot();
      const talk = this.#talks.get(sid);
      if (talk && talk.unread !== unread) this.#set(new Map(this.#talks).set(sid, { session, unread }));
    });
    session.open();
    return session;
  }

  #set(talks: Talks): void {
    this.#talks = talks;
    for (const listener of this.#listeners) listener();
  }
}
