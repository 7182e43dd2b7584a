import { describe, expect, test } from "vitest";
import { fileProblem, identityFor, nameProblem, textProblem } from "../src/chat/limits";
import { type ChatMessage, emptyTimeline, isPicture, receive, unreadCount } from "../src/chat/model";
import { rowsOf } from "../src/guide/rows";
import { formatBytes, initial, isEmojiOnly, linkify } from "../src/lib/text";
import { dayLabel } from "../src/lib/time";

function message(index: number, more: Partial<ChatMessage> = {}): ChatMessage {
  return {
    index,
    sid: `IM${index}`,
    clientId: null,
    author: "bob",
    own: false,
    at: new Date(2026, 5, 1, 10, index),
    text: `message ${index}`,
    attachment: null,
    ...more,
  };
}

describe("text", () => {
  test.each([
    ["alice", "A"],
    ["👩‍👩‍👧 family", "👩‍👩‍👧"],
    ["e\u0301mile", "E\u0301"],
    ["  bob", "B"],
    ["", "?"],
  ])("the initial of %j is %j", (name, want) => expect(initial(name)).toBe(want));

  test.each([
    ["👍", true],
    ["👩‍👩‍👧 🇩🇪❤️", true],
    ["👍👍👍👍", false],
    ["ok 👍", false],
    ["12", false],
    ["", false],
  ])("%j is emoji only: %s", (text, want) => expect(isEmojiOnly(text)).toBe(want));

  test("links are http and https only, without the sentence's punctuation", () => {
    expect(linkify("see https://example.org/a?b=c. or javascript:alert(1)")).toEqual([
      { text: "see " },
      { text: "https://example.org/a?b=c", href: "https://example.org/a?b=c" },
      { text: ". or javascript:alert(1)" },
    ]);
    expect(linkify("no link")).toEqual([{ text: "no link" }]);
  });

  test.each([
    [1, "1 byte"],
    [1023, "1023 bytes"],
    [1536, "1.5 KB"],
    [150 * 1024 * 1024, "150 MB"],
    [1024 * 1024 - 1, "1 MB"],
  ])("%d is %s", (size, want) => expect(formatBytes(size)).toBe(want));
});

describe("limits", () => {
  test("a message counts in bytes", () => {
    expect(textProblem("a".repeat(32 * 1024))).toBe(null);
    expect(textProblem("é".repeat(16 * 1024))).toBe(null);
    expect(textProblem("é".repeat(16 * 1024 + 1))).toMatch(/2 bytes over/);
  });

  test("files are neither empty nor over 150 MB", () => {
    expect(fileProblem({ name: "a", size: 150 * 1024 * 1024 })).toBe(null);
    expect(fileProblem({ name: "a", size: 150 * 1024 * 1024 + 1 })).toMatch(/150 MB/);
    expect(fileProblem({ name: "a", size: 0 })).toMatch(/empty/);
  });

  test("a name is there and short", () => {
    expect(nameProblem(" ")).toMatch(/Enter a name/);
    expect(nameProblem("a".repeat(64))).toBe(null);
    expect(nameProblem("a".repeat(65))).toMatch(/65/);
  });

  test.each([
    ["Ann Lee", "ann-lee-0123456789"],
    ["Zoë", "zoe-0123456789"],
    ["Ивана", "guest-0123456789"],
    ["a".repeat(64), `${"a".repeat(32)}-0123456789`],
  ])("the identity of %j is %j", (name, want) => expect(identityFor(name, "0123456789abcdef")).toBe(want));
});

describe("timeline", () => {
  test("messages are in order whatever order they come in, and none twice", () => {
    const timeline = receive(receive(emptyTimeline, [message(2), message(0)]), [
      message(1),
      message(2, { text: "edited" }),
    ]);
    expect(timeline.messages.map((m) => m.text)).toEqual(["message 0", "message 1", "edited"]);
  });

  test("unread counts others' messages after the horizon", () => {
    const timeline = receive(emptyTimeline, [message(0), message(1, { own: true }), message(2)]);
    expect(unreadCount(timeline, null)).toBe(2);
    expect(unreadCount(timeline, 0)).toBe(1);
    expect(unreadCount(timeline, 2)).toBe(0);
  });

  test("rows have day separators, groups and the state of the newest own message", () => {
    const at = (day: number, hour: number) => new Date(2026, 5, day, hour);
    const timeline = receive(emptyTimeline, [
      message(0, { at: at(1, 9) }),
      message(1, { at: at(1, 9) }),
      message(2, { at: at(2, 9), own: true, author: "alice" }),
      message(3, { at: at(2, 10), own: true, author: "alice" }),
    ]);
    const rows = rowsOf(timeline, 2);
    expect(rows.map((r) => r.kind)).toEqual(["day", "message", "message", "day", "message", "message"]);
    expect(rows.flatMap((r) => (r.kind === "message" ? [r.first] : []))).toEqual([true, false, true, true]);
    expect(rows.flatMap((r) => (r.kind === "message" ? [r.state] : []))).toEqual([null, null, null, "sent"]);
    expect(rowsOf(timeline, 3).at(-1)).toMatchObject({ state: "read" });
  });

  test("pictures are raster images only", () => {
    expect(isPicture("image/png")).toBe(true);
    expect(isPicture("image/svg+xml")).toBe(false);
    expect(isPicture("text/html")).toBe(false);
  });
});

test("days have names near today", () => {
  const now = new Date(2026, 5, 15, 12);
  expect(dayLabel(new Date(2026, 5, 15, 1), now)).toBe("Today");
  expect(dayLabel(new Date(2026, 5, 14, 23), now)).toBe("Yesterday");
  expect(dayLabel(new Date(2025, 5, 14), now)).toMatch(/2025/);
});
