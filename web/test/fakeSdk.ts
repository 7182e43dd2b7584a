/**
 * The part of the chat SDK that the pages use, in memory: for unit tests and
 * for the development page (dev/fake.html). Nothing of it is in a build.
 */

import type { Client } from "twilio-chat";
import type { Backend } from "../src/guide/guide";
import { Emitter } from "./emitter";
import { FakeBridge } from "./fakeWorker";

interface StoredMessage {
  index: number;
  sid: string;
  author: string;
  body: string | null;
  attributes: object;
  dateCreated: Date;
  type: "text" | "media";
  media: object | null;
}

interface StoredMember {
  sid: string;
  identity: string;
  lastConsumedMessageIndex: number | null;
  getUser: () => Promise<{ friendlyName: string }>;
}

export class FakeServer {
  readonly tokens: string[] = [];
  readonly clients: FakeClient[] = [];
  readonly messages: StoredMessage[] = [];
  readonly members: StoredMember[] = [];
  readonly names = new Map<string, string>();
  /** How many were made. */
  channels = 0;
  /** Makes the next sends fail: before anything is stored, or after (the answer is lost). */
  failSends: ("before" | "after")[] = [];
  /** Set to hold sends until it resolves. */
  sendGate: Promise<void> = Promise.resolve();
  onRead: (() => Promise<void>) | null = null;
  readonly bridge = new FakeBridge();

  readonly backend: Backend = {
    createClient: (token) => {
      const client = new FakeClient(this, token.split(" ")[0] ?? "");
      this.clients.push(client);
      return client as unknown as Client;
    },
    fetchToken: async (identity) => {
      const token = `${identity} ${this.tokens.length}`;
      this.tokens.push(token);
      return token;
    },
    createChannel: async (identity, friendlyName) => {
      this.channels++;
      this.names.set(identity, friendlyName);
      this.join(identity);
      return "CH1";
    },
    createWorker: this.bridge.createWorker,
    joinChannel: async (_, identity) => this.join(identity),
  };

  join(identity: string): void {
    if (this.members.some((member) => member.identity === identity)) return;
    const member = {
      sid: `MB${this.members.length}`,
      identity,
      lastConsumedMessageIndex: null,
      getUser: async () => ({ friendlyName: this.names.get(identity) ?? identity }),
    };
    this.members.push(member);
    this.tell("memberJoined", member);
  }

  store(
    author: string,
    body: string | null,
    attributes: object = {},
    file?: File,
    at = new Date(),
  ): StoredMessage {
    const index = this.messages.length;
    const message: StoredMessage = {
      index,
      sid: `IM${index}`,
      author,
      body,
      attributes,
      dateCreated: at,
      type: file ? "media" : "text",
      media: file
        ? {
            filename: file.name,
            contentType: file.type,
            size: file.size,
            getContentTemporaryUrl: async () => URL.createObjectURL(file),
          }
        : null,
    };
    this.messages.push(message);
    this.tell("messageAdded", message);
    return message;
  }

  /** Closes the channel, as Flex does at the end of a task. */
  end(): void {
    for (const { channel } of this.clients) {
      channel.attributes = { status: "INACTIVE" };
      channel.emit("updated", { channel, updateReasons: ["attributes"] });
    }
  }

  /** Sends an event to every connected client. */
  tell(event: string, ...args: unknown[]): void {
    for (const client of this.clients)
      if (client.connectionState === "connected") client.channel.emit(event, ...args);
  }
}

export class FakeClient extends Emitter {
  connectionState = "connecting";
  readonly channel: FakeChannel;
  readonly givenTokens: string[] = [];

  constructor(
    readonly server: FakeServer,
    readonly identity: string,
  ) {
    super();
    this.channel = new FakeChannel(server, this);
    queueMicrotask(() => {
      this.move("connected");
      this.emit("stateChanged", "initialized");
    });
  }

  move(state: string): void {
    this.connectionState = state;
    this.emit("connectionStateChanged", state);
  }

  async getChannelBySid(): Promise<FakeChannel> {
    return this.channel;
  }

  async updateToken(token: string): Promise<this> {
    this.givenTokens.push(token);
    if (this.connectionState !== "connected") this.move("connected");
    return this;
  }

  async shutdown(): Promise<void> {
    this.move("disconnected");
  }
}

class FakeChannel extends Emitter {
  lastConsumedMessageIndex: number | null = null;
  attributes: object = {};

  constructor(
    readonly server: FakeServer,
    readonly client: FakeClient,
  ) {
    super();
  }

  async getMembers(): Promise<StoredMember[]> {
    return [...this.server.members];
  }

  async getMessages(size: number): Promise<object> {
    return this.#page(this.server.messages.length, size);
  }

  #page(end: number, size: number): object {
    const begin = Math.max(0, end - size);
    return {
      items: this.server.messages.slice(begin, end),
      hasPrevPage: begin > 0,
      prevPage: async () => this.#page(begin, size),
    };
  }

  async sendMessage(content: string | FormData, attributes: object): Promise<number> {
    await this.server.sendGate;
    const failure = this.server.failSends.shift();
    if (failure === "before") throw new Error("disconnected");
    const { identity } = this.client;
    const message =
      typeof content === "string"
        ? this.server.store(identity, content, attributes)
        : this.server.store(identity, null, attributes, content.get("media") as File);
    if (failure === "after") throw new Error("disconnected");
    return message.index;
  }

  async typing(): Promise<void> {
    const member = this.server.members.find((m) => m.identity === this.client.identity);
    this.server.tell("typingStarted", member);
    setTimeout(() => this.server.tell("typingEnded", member), 5_000);
  }

  async advanceLastConsumedMessageIndex(index: number): Promise<number> {
    await this.server.onRead?.();
    this.lastConsumedMessageIndex = index;
    const member = this.server.members.find((m) => m.identity === this.client.identity);
    if (member) member.lastConsumedMessageIndex = index;
    this.server.tell("memberUpdated", { member, updateReasons: ["lastConsumedMessageIndex"] });
    return 0;
  }
}
