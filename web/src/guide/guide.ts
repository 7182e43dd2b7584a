/**
 * The two sides of the guide as one store: who is signed in, and what of it a
 * reload brings back.
 */

import { SharedConnection } from "../chat/connection";
import { identityFor } from "../chat/limits";
import { ChatSession } from "../chat/session";
import { Desk, type DeskBackend } from "../desk/desk";
import { randomId } from "../lib/id";

/** The identity of the demo's agent in the chat. */
export const AGENT = "agent";
const STORAGE_KEY = "parley.guide";

/** What the pages ask of the server, apart from the SDKs. */
export interface Backend extends Pick<DeskBackend, "createClient" | "createWorker"> {
  /** A token for a customer, or with the role for the demo's agent. */
  fetchToken: (identity: string, role?: "agent") => Promise<string>;
  createChannel: (identity: string, friendlyName: string) => Promise<string>;
  joinChannel: (channelSid: string, identity: string, token: string) => Promise<void>;
}

/** A conversation as its customer has it. */
interface Customer {
  identity: string;
  name: string;
  channelSid: string | null;
}

/** What the storage holds. */
interface Saved {
  customer: Customer | null;
  agent: boolean;
}

export interface GuideSnapshot {
  customer: ChatSession | null;
  desk: Desk | null;
}

export class Guide {
  readonly #backend: Backend;
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #snapshot: GuideSnapshot = { customer: null, desk: null };
  #saved: Saved;

  /** Takes up what the storage holds. */
  constructor(backend: Backend, storage: Storage) {
    this.#backend = backend;
    this.#storage = storage;
    this.#saved = parse(storage.getItem(STORAGE_KEY));
    if (this.#saved.customer) this.#openCustomer(this.#saved.customer);
    if (this.#saved.agent) this.signIn();
  }

  readonly getSnapshot = (): GuideSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins a conversation as a customer of that name. */
  start(name: string): void {
    if (this.#snapshot.customer) return;
    const customer = { identity: identityFor(name, randomId()), name, channelSid: null };
    this.#save({ customer });
    this.#openCustomer(customer);
  }

  /** Leaves the customer's conversation; the server keeps it, and the agent's desk goes on. */
  reset(): void {
    this.#snapshot.customer?.close();
    this.#save({ customer: null });
    this.#set({ customer: null });
  }

  /** Signs the agent in as a worker. */
  signIn(): void {
    if (this.#snapshot.desk) return;
    const { createClient, createWorker, fetchToken, joinChannel } = this.#backend;
    const token = () => fetchToken(AGENT, "agent");
    const desk = new Desk(AGENT, {
      createClient,
      createWorker,
      fetchToken: token,
      joinChannel: async (channelSid) => joinChannel(channelSid, AGENT, await token()),
    });
    this.#save({ agent: true });
    this.#set({ desk });
  }

  async signOut(): Promise<void> {
    if (!(await this.#snapshot.desk?.leave())) return;
    this.#save({ agent: false });
    this.#set({ desk: null });
  }

  #openCustomer(saved: Customer): void {
    const { identity, name } = saved;
    const customer = new ChatSession({
      identity,
      connection: new SharedConnection({
        createClient: this.#backend.createClient,
        fetchToken: () => this.#backend.fetchToken(identity),
      }),
      openChannel: async () => {
        // A second try or a reload goes on in the channel that was made first.
        const known = this.#saved.customer?.identity === identity ? this.#saved.customer.channelSid : null;
        const channelSid = known ?? (await this.#backend.createChannel(identity, name));
        if (this.#snapshot.customer === customer) this.#save({ customer: { ...saved, channelSid } });
        return channelSid;
      },
    });
    this.#set({ customer });
    customer.open();
  }

  #save(change: Partial<Saved>): void {
    this.#saved = { ...this.#saved, ...change };
    try {
      this.#storage.setItem(STORAGE_KEY, JSON.stringify(this.#saved));
    } catch {
      // Storage that is full or switched off costs the reload only.
    }
  }

  #set(change: Partial<GuideSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** Reads what was saved; what is not that counts as nothing. */
function parse(text: string | null): Saved {
  try {
    const { customer, agent } = JSON.parse(text ?? "{}");
    return { customer: asCustomer(customer), agent: agent === true };
  } catch {
    return { customer: null, agent: false };
  }
}

function asCustomer(value: unknown): Customer | null {
  const { identity, name, channelSid } = (value ?? {}) as Record<string, unknown>;
  if (typeof identity !== "string" || typeof name !== "string") return null;
  return { identity, name, channelSid: typeof channelSid === "string" ? channelSid : null };
}
