/**
 * One person's side of one conversation, as a store that the page subscribes
 * to. Everything goes through the official SDK; this class keeps a snapshot
 * that never changes in place.
 */

import type { Channel, ConnectionState, Member, Message } from "twilio-chat";
import { randomId } from "../lib/id";
import type { SharedConnection } from "./connection";
import {
  type Attachment,
  type ChatMessage,
  CLIENT_ID,
  discard,
  emptyTimeline,
  enqueue,
  type Outgoing,
  receive,
  remove,
  settle,
  type Timeline,
  unreadCount,
} from "./model";

type Page = Awaited<ReturnType<Channel["getMessages"]>>;

const PAGE_SIZE = 30;

/**
 * After a reconnect the server replays what was missed. A message whose answer
 * was lost comes back in that time, so a retry waits for it and does not double it.
 */
const REPLAY_MS = 3_000;

export interface SessionOptions {
  identity: string;
  connection: SharedConnection;
  /** Makes or finds the channel and answers its SID. Called before the sign-in, and again where that fails. */
  openChannel: () => Promise<string>;
  replayMs?: number;
}

export interface Snapshot {
  phase: "opening" | "open" | "failed" | "closed";
  /** Why opening failed. */
  problem: string | null;
  connection: ConnectionState;
  channelSid: string | null;
  /** True where the conversation is over: its agent has wrapped up (rest-semantics §4.4). */
  ended: boolean;
  timeline: Timeline;
  hasOlder: boolean;
  loadingOlder: boolean;
  olderFailed: boolean;
  /** Identities of the others in the channel. */
  others: readonly string[];
  /** Identities of the others who are typing. */
  typing: readonly string[];
  /** Display names by identity. */
  names: Readonly<Record<string, string>>;
  /** The highest index that any other member has read, or -1. */
  readByOthers: number;
  unread: number;
}

const initial: Snapshot = {
  phase: "opening",
  problem: null,
  connection: "connecting",
  channelSid: null,
  ended: false,
  timeline: emptyTimeline,
  hasOlder: false,
  loadingOlder: false,
  olderFailed: false,
  others: [],
  typing: [],
  names: {},
  readByOthers: -1,
  unread: 0,
};

export class ChatSession {
  readonly identity: string;
  readonly #options: SessionOptions;
  #snapshot = initial;
  readonly #listeners = new Set<() => void>();
  /** Takes back what open() did: listeners, and the share in the connection. */
  #undo: (() => void)[] = [];
  #channel: Channel | null = null;
  #oldest: Page | null = null;
  readonly #members = new Map<string, Member>();
  #horizon: number | null = null;
  #reporting = false;
  #retryAfter = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #started = false;
  #closed = false;

  constructor(options: SessionOptions) {
    this.identity = options.identity;
    this.#options = options;
  }

  readonly getSnapshot = (): Snapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Signs in and joins the conversation. After a failure it may be called again. */
  open(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#members.clear();
    this.#set({ phase: "opening", problem: null });
    void this.#open();
  }

  sendText(text: string): void {
    this.#send({
      clientId: randomId(),
      at: new Date(),
      text,
      file: null,
      state: "sending",
      problem: null,
    });
  }

  sendFile(file: File): void {
    this.#send({
      clientId: randomId(),
      at: new Date(),
      text: "",
      file,
      state: "sending",
      problem: null,
    });
  }

  retry(clientId: string): void {
    const failed = this.#outgoing(clientId);
    if (failed?.state !== "failed") return;
    this.#setTimeline(
      enqueue(this.#snapshot.timeline, { ...failed, at: new Date(), state: "sending", problem: null }),
    );
    const wait = this.#retryAfter - Date.now();
    if (wait <= 0) return void this.#transmit(clientId);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#transmit(clientId);
    }, wait);
    this.#timers.add(timer);
  }

  discard(clientId: string): void {
    this.#setTimeline(discard(this.#snapshot.timeline, clientId));
  }

  /** Says that this side is typing. The SDK sends at most one in five seconds. */
  type(): void {
    if (this.#snapshot.connection === "connected") this.#channel?.typing().catch(() => {});
  }

  async loadOlder(): Promise<void> {
    if (!this.#oldest?.hasPrevPage || this.#snapshot.loadingOlder) return;
    this.#set({ loadingOlder: true, olderFailed: false });
    try {
      this.#oldest = await this.#oldest.prevPage();
      this.#setTimeline(receive(this.#snapshot.timeline, this.#oldest.items.map(this.#convert)), {
        hasOlder: this.#oldest.hasPrevPage,
        loadingOlder: false,
      });
    } catch {
      this.#set({ loadingOlder: false, olderFailed: true });
    }
  }

  /** Moves the read horizon to the newest message. One report is under way at a time. */
  markRead(): void {
    const last = this.#snapshot.timeline.messages.at(-1)?.index ?? -1;
    if (last <= (this.#horizon ?? -1) || this.#reporting || !this.#channel) return;
    this.#reporting = true;
    this.#channel
      .advanceLastConsumedMessageIndex(last)
      .then(() => {
        this.#reporting = false;
        this.#horizon = last;
        this.#setTimeline(this.#snapshot.timeline);
      })
      .catch(() => {
        this.#reporting = false; // the next look at the conversation reports again
      });
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#hangUp();
    this.#listeners.clear();
  }

  async #open(): Promise<void> {
    try {
      // The channel first: the request that makes it also makes the user, with the name that people chose.
      const sid = await this.#options.openChannel();
      if (this.#closed) return;
      this.#undo.push(() => this.#options.connection.release());
      const connection = await this.#options.connection.acquire();
      if (this.#closed) return;
      this.#undo.push(connection.watch((state) => this.#onConnection(state)));
      this.#set({ connection: connection.client.connectionState });
      const channel = await connection.client.getChannelBySid(sid);
      if (this.#closed) return;
      this.#listen(channel);
      const [members, page] = await Promise.all([channel.getMembers(), channel.getMessages(PAGE_SIZE)]);
      this.#channel = channel;
      this.#oldest = page;
      this.#horizon = channel.lastConsumedMessageIndex;
      for (const member of members) this.#meet(member);
      this.#setTimeline(receive(this.#snapshot.timeline, page.items.map(this.#convert)), {
        phase: "open",
        channelSid: sid,
        ended: isEnded(channel),
        hasOlder: page.hasPrevPage,
      });
    } catch (error) {
      this.#hangUp();
      this.#started = false;
      this.#set({ phase: "failed", problem: explain(error) });
    }
  }

  #hangUp(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #listen(channel: Channel): void {
    // The channel lives as long as the client, which others may share.
    const on: Channel["on"] = (event, listener) => {
      this.#undo.push(() => channel.off(event, listener));
      return channel.on(event, listener);
    };
    const take = (message: Message) =>
      this.#setTimeline(receive(this.#snapshot.timeline, [this.#convert(message)]));
    on("messageAdded", take);
    on("messageUpdated", ({ message }) => take(message));
    on("messageRemoved", (message) => this.#setTimeline(remove(this.#snapshot.timeline, message.index)));
    on("memberJoined", (member) => this.#meet(member));
    on("memberUpdated", () => this.#showMembers());
    on("memberLeft", (member) => {
      this.#members.delete(member.sid);
      this.#setTyping(member.identity, false);
      this.#showMembers();
    });
    on("typingStarted", (member) => this.#setTyping(member.identity, true));
    on("typingEnded", (member) => this.#setTyping(member.identity, false));
    on("updated", () => this.#set({ ended: isEnded(channel) }));
    on("removed", () => this.#set({ phase: "closed" }));
  }

  #onConnection(state: ConnectionState): void {
    if (state === "connected") this.#retryAfter = Date.now() + (this.#options.replayMs ?? REPLAY_MS);
    this.#set(state === "connected" ? { connection: state } : { connection: state, typing: [] });
  }

  #meet(member: Member): void {
    this.#members.set(member.sid, member);
    this.#showMembers();
    if (member.identity === this.identity || this.#snapshot.names[member.identity]) return;
    member
      .getUser()
      .then((user) => {
        if (!user.friendlyName) return;
        this.#set({ names: { ...this.#snapshot.names, [member.identity]: user.friendlyName } });
      })
      .catch(() => {}); // the identity stands in for the name
  }

  #showMembers(): void {
    const others = [...this.#members.values()].filter((m) => m.identity !== this.identity);
    this.#set({
      others: others.map((m) => m.identity),
      // What somebody has read who left stays read.
      readByOthers: Math.max(
        this.#snapshot.readByOthers,
        ...others.map((m) => m.lastConsumedMessageIndex ?? -1),
      ),
    });
  }

  #setTyping(identity: string, typing: boolean): void {
    if (identity === this.identity) return;
    const rest = this.#snapshot.typing.filter((name) => name !== identity);
    this.#set({ typing: typing ? [...rest, identity] : rest });
  }

  #send(outgoing: Outgoing): void {
    this.#setTimeline(enqueue(this.#snapshot.timeline, outgoing));
    void this.#transmit(outgoing.clientId);
  }

  async #transmit(clientId: string): Promise<void> {
    const outgoing = this.#outgoing(clientId);
    if (outgoing?.state !== "sending" || !this.#channel) return;
    const attributes = { [CLIENT_ID]: clientId };
    try {
      await this.#channel.sendMessage(outgoing.file ? form(outgoing.file) : outgoing.text, attributes);
      this.#setTimeline(settle(this.#snapshot.timeline, clientId, "sent"));
    } catch (error) {
      this.#setTimeline(settle(this.#snapshot.timeline, clientId, "failed", explain(error)));
    }
  }

  #outgoing(clientId: string): Outgoing | undefined {
    return this.#snapshot.timeline.outbox.find((o) => o.clientId === clientId);
  }

  readonly #convert = (message: Message): ChatMessage => {
    const attributes = message.attributes as Record<string, unknown> | null;
    const clientId = attributes?.[CLIENT_ID];
    return {
      index: message.index,
      sid: message.sid,
      clientId: typeof clientId === "string" ? clientId : null,
      author: message.author,
      own: message.author === this.identity,
      at: message.dateCreated,
      text: message.body ?? "",
      attachment: message.type === "media" ? attachment(message) : null,
    };
  };

  #setTimeline(timeline: Timeline, more: Partial<Snapshot> = {}): void {
    this.#set({ ...more, timeline, unread: unreadCount(timeline, this.#horizon) });
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The attribute by which Flex closes a conversation that stays readable. */
function isEnded(channel: Channel): boolean {
  return (channel.attributes as { status?: unknown } | null)?.status === "INACTIVE";
}

function form(file: File): FormData {
  const data = new FormData();
  data.append("media", file, file.name);
  return data;
}

function attachment({ media }: Message): Attachment {
  return {
    name: media.filename ?? "file",
    type: media.contentType,
    size: media.size,
    url: () => media.getContentTemporaryUrl(),
  };
}

/** An error in words for people: the server's own where it gave some. */
export function explain(error: unknown): string {
  const body = (error as { body?: unknown } | null)?.body;
  const said = (body as { message?: unknown } | null | undefined)?.message;
  if (typeof said === "string" && said !== "") return said;
  const message = error instanceof Error ? error.message : "";
  if (/disconnected|not connected|timed? ?out|unavailable|network/i.test(message))
    return "The connection was lost.";
  return message || "Something went wrong.";
}
