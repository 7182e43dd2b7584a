/**
 * The two sides of the guide as one store: who is signed in, and what of it a
 * reload brings back.
 */

import type { Client } from "twilio-chat";
import { identityFor } from "../chat/limits";
import { ChatSession } from "../chat/session";
import { randomId } from "../lib/id";

export const AGENT = "agent";
const STORAGE_KEY = "parley.guide";

/** What the pages ask of the server, apart from the chat itself. */
export interface Backend {
  createClient: (token: string) => Client;
  fetchToken: (identity: string, role?: "agent") => Promise<string>;
  createChannel: (identity: string, friendlyName: string) => Promise<string>;
  addAgent: (channelSid: string) => Promise<void>;
}

interface Saved {
  identity: string;
  name: string;
  channelSid: string | null;
  agent: boolean;
}

export interface GuideSnapshot {
  name: string | null;
  channelSid: string | null;
  customer: ChatSession | null;
  agent: ChatSession | null;
}

const empty: GuideSnapshot = { name: null, channelSid: null, customer: null, agent: null };

export class Guide {
  readonly #backend: Backend;
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #snapshot = empty;
  #saved: Saved | null;

  /** Takes up the conversation that the storage holds, if any. */
  constructor(backend: Backend, storage: Storage) {
    this.#backend = backend;
    this.#storage = storage;
    this.#saved = parse(storage.getItem(STORAGE_KEY));
    if (!this.#saved) return;
    this.#openCustomer(this.#saved);
    if (this.#saved.agent && this.#saved.channelSid) this.#openAgent(this.#saved.channelSid, true);
  }

  readonly getSnapshot = (): GuideSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins a conversation as a customer of that name. */
  start(name: string): void {
    if (this.#snapshot.customer) return;
    const saved = { identity: identityFor(name, randomId()), name, channelSid: null, agent: false };
    this.#save(saved);
    this.#openCustomer(saved);
  }

  /** Signs the agent in and puts it into the conversation. */
  answer(): void {
    const { channelSid, agent } = this.#snapshot;
    if (!channelSid || agent) return;
    this.#openAgent(channelSid, false);
  }

  /** Leaves the conversation; the server keeps it. */
  reset(): void {
    this.#snapshot.customer?.close();
    this.#snapshot.agent?.close();
    this.#save(null);
    this.#set(empty);
  }

  #openCustomer(saved: Saved): void {
    const { identity, name } = saved;
    const customer = new ChatSession({
      identity,
      createClient: this.#backend.createClient,
      fetchToken: () => this.#backend.fetchToken(identity),
      openChannel: async () => {
        // A second try or a reload goes on in the channel that was made first.
        const channelSid = this.#saved?.channelSid ?? (await this.#backend.createChannel(identity, name));
        if (this.#snapshot.customer === customer) {
          this.#save({ ...saved, agent: this.#saved?.agent ?? false, channelSid });
          this.#set({ ...this.#snapshot, channelSid });
        }
        return channelSid;
      },
    });
    this.#set({ ...this.#snapshot, name, channelSid: saved.channelSid, customer });
    customer.open();
  }

  #openAgent(channelSid: string, alreadyAdded: boolean): void {
    let added = alreadyAdded;
    const agent = new ChatSession({
      identity: AGENT,
      createClient: this.#backend.createClient,
      fetchToken: () => this.#backend.fetchToken(AGENT, "agent"),
      openChannel: async () => {
        if (!added) await this.#backend.addAgent(channelSid);
        added = true;
        if (this.#saved && this.#snapshot.agent === agent) this.#save({ ...this.#saved, agent: true });
        return channelSid;
      },
    });
    this.#set({ ...this.#snapshot, agent });
    agent.open();
  }

  #save(saved: Saved | null): void {
    this.#saved = saved;
    try {
      if (saved) this.#storage.setItem(STORAGE_KEY, JSON.stringify(saved));
      else this.#storage.removeItem(STORAGE_KEY);
    } catch {
      // Storage that is full or switched off costs the reload only.
    }
  }

  #set(snapshot: GuideSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

/** Reads a saved conversation; what is not one counts as none. */
function parse(text: string | null): Saved | null {
  if (!text) return null;
  try {
    const { identity, name, channelSid, agent } = JSON.parse(text);
    if (typeof identity !== "string" || typeof name !== "string") return null;
    return {
      identity,
      name,
      channelSid: typeof channelSid === "string" ? channelSid : null,
      agent: agent === true,
    };
  } catch {
    return null;
  }
}
