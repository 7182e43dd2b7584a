/** What the message list shows, line by line: day separators, messages, and what is on its way. */

import type { ChatMessage, Outgoing, Timeline } from "../chat/model";
import { dayKey } from "../lib/time";

export type Row =
  | { kind: "day"; key: string; at: Date }
  | { kind: "message"; key: string; message: ChatMessage; first: boolean; state: "sent" | "read" | null }
  | { kind: "outgoing"; key: string; outgoing: Outgoing; first: boolean };

/** Messages of one author within this time stand together under one name. */
const TOGETHER_MS = 5 * 60_000;

/** The state is told at the newest own message only; older ones have at least the same. */
export function rowsOf(timeline: Timeline, readByOthers: number): Row[] {
  const rows: Row[] = [];
  let last: { author: string; at: Date } | null = null;
  const step = (author: string, at: Date): boolean => {
    const newDay = !last || dayKey(last.at) !== dayKey(at);
    if (newDay) rows.push({ kind: "day", key: `day ${dayKey(at)} ${rows.length}`, at });
    const first = newDay || !last || last.author !== author || at.getTime() - last.at.getTime() > TOGETHER_MS;
    last = { author, at };
    return first;
  };

  const newestOwn = timeline.messages.findLast((m) => m.own)?.index;
  for (const message of timeline.messages) {
    const first = step(message.author, message.at);
    const newest = message.index === newestOwn && timeline.outbox.length === 0;
    const state = newest ? (message.index <= readByOthers ? "read" : "sent") : null;
    rows.push({ kind: "message", key: message.clientId ?? message.sid, message, first, state });
  }
  for (const outgoing of timeline.outbox) {
    rows.push({ kind: "outgoing", key: outgoing.clientId, outgoing, first: step("", outgoing.at) });
  }
  return rows;
}
