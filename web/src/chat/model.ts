/**
 * The messages of a conversation as the page shows them, and the pure rules
 * that change them. Sent messages are ordered by index; what this side is
 * sending waits in the outbox until the message itself comes back.
 */

/** The attribute that carries a message's own name; the server keeps it, so an echo finds its outgoing twin. */
export const CLIENT_ID = "client_id";

export interface Attachment {
  name: string;
  type: string;
  size: number;
  /** A short-lived address to fetch the bytes from. Each call may answer another. */
  url: () => Promise<string>;
}

export interface ChatMessage {
  index: number;
  sid: string;
  /** The sender's own name for it, where the sender gave one. */
  clientId: string | null;
  author: string;
  own: boolean;
  at: Date;
  text: string;
  attachment: Attachment | null;
}

export interface Outgoing {
  clientId: string;
  at: Date;
  text: string;
  file: File | null;
  state: "sending" | "sent" | "failed";
  /** Why it failed, in words for people. */
  problem: string | null;
}

export interface Timeline {
  readonly messages: readonly ChatMessage[];
  readonly outbox: readonly Outgoing[];
}

export const emptyTimeline: Timeline = { messages: [], outbox: [] };

/** Takes in messages in any order; a known index is replaced, an own echo settles its outgoing twin. */
export function receive(timeline: Timeline, incoming: readonly ChatMessage[]): Timeline {
  const byIndex = new Map(timeline.messages.map((m) => [m.index, m]));
  for (const message of incoming) byIndex.set(message.index, message);
  const echoed = new Set(incoming.filter((m) => m.own && m.clientId).map((m) => m.clientId));
  return {
    messages: [...byIndex.values()].sort((a, b) => a.index - b.index),
    outbox: timeline.outbox.filter((o) => !echoed.has(o.clientId)),
  };
}

export function remove(timeline: Timeline, index: number): Timeline {
  return { ...timeline, messages: timeline.messages.filter((m) => m.index !== index) };
}

/** Adds an outgoing message, or moves a failed one to the end to be sent again. */
export function enqueue(timeline: Timeline, outgoing: Outgoing): Timeline {
  const others = timeline.outbox.filter((o) => o.clientId !== outgoing.clientId);
  return { ...timeline, outbox: [...others, outgoing] };
}

/** Notes how sending went. One that has already come back is left alone. */
export function settle(
  timeline: Timeline,
  clientId: string,
  state: Outgoing["state"],
  problem: string | null = null,
): Timeline {
  return {
    ...timeline,
    outbox: timeline.outbox.map((o) => (o.clientId === clientId ? { ...o, state, problem } : o)),
  };
}

export function discard(timeline: Timeline, clientId: string): Timeline {
  return { ...timeline, outbox: timeline.outbox.filter((o) => o.clientId !== clientId) };
}

/** Messages of others after a horizon; a null horizon means that nothing has been read. */
export function unreadCount(timeline: Timeline, horizon: number | null): number {
  return timeline.messages.filter((m) => !m.own && m.index > (horizon ?? -1)).length;
}

/** Pictures that browsers show safely inside <img>. */
export function isPicture(type: string): boolean {
  return /^image\/(png|jpeg|gif|webp|avif)$/i.test(type);
}
