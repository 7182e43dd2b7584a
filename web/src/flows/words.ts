/** What a widget is and does, in words for people who did not draw the flow. */

import { type Condition, list, record, type Transition, text, type Widget } from "./model";

export type Kind = "start" | "talk" | "decide" | "call" | "agent" | "other";

const types: Record<string, { kind: Kind; title: string }> = {
  trigger: { kind: "start", title: "Trigger" },
  "send-message": { kind: "talk", title: "Send message" },
  "send-and-wait-for-reply": { kind: "talk", title: "Ask and wait" },
  "split-based-on": { kind: "decide", title: "Split" },
  "set-variables": { kind: "other", title: "Set variables" },
  "make-http-request": { kind: "call", title: "HTTP request" },
  "run-function": { kind: "call", title: "Run function" },
  "run-function-v2": { kind: "call", title: "Run function" },
  "run-subflow": { kind: "call", title: "Run subflow" },
  "add-twiml-redirect": { kind: "call", title: "TwiML redirect" },
  "send-to-flex": { kind: "agent", title: "Send to Flex" },
  "create-task": { kind: "agent", title: "Create task" },
  "enqueue-call": { kind: "agent", title: "Enqueue call" },
};

export function kindOf(type: string): Kind {
  return types[type]?.kind ?? "other";
}

/** "Send message"; a type that is not known here keeps its own name. */
export function titleOf(type: string): string {
  return types[type]?.title ?? type.replaceAll("-", " ");
}

/** One sentence about what this widget does; "" where its type says it all. */
export function doingOf({ type, properties: p, transitions }: Widget): string {
  switch (type) {
    case "trigger":
      return `Starts on ${
        transitions
          .filter(({ next }) => next)
          .map(({ event }) => eventWords(event))
          .join(", ") || "nothing"
      }`;
    case "send-message":
      return `Says “${said(p)}”`;
    case "send-and-wait-for-reply":
      return `Asks “${said(p)}” and waits ${waitWords(p.timeout)}`;
    case "split-based-on":
      return `Looks at ${plain(p.input) || "nothing"}`;
    case "set-variables":
      return `Sets ${names(list(p.variables).map((v) => text(record(v).key)))}`;
    case "make-http-request":
      return `${text(p.method) || "GET"} ${plain(p.url)}`;
    case "run-function":
    case "run-function-v2":
      return `Calls ${plain(p.url) || plain(p.function_sid) || "nothing"}`;
    case "run-subflow":
      return `Runs the flow ${plain(p.flow_sid)}`;
    case "add-twiml-redirect":
      return `Asks ${plain(p.url)} what to say`;
    case "send-to-flex":
      return "Hands the conversation to an agent";
    case "create-task":
      return "Makes a task for an agent";
    default:
      return "";
  }
}

function said(p: Record<string, unknown>): string {
  return plain(p.body) || (text(p.media_url) ? "a picture or file" : text(p.content_sid)) || "";
}

/** A template without the braces around its names: "Hi {{ flow.variables.name }}" is "Hi [name]". */
export function plain(value: unknown): string {
  const template = text(value);
  return template
    .replace(/\{%.*?%\}/gsu, "…")
    .replace(/\{\{\s*([^|}]*?)\s*(?:\|[^}]*)?\}\}/gu, (_, path: string) => `[${path.split(".").at(-1)}]`)
    .replace(/\s+/gu, " ")
    .trim();
}

/** "up to 1 hour": how long a question waits, of its seconds; an hour where none are given. */
export function waitWords(seconds: unknown): string {
  const given = text(seconds) || "3600";
  const n = Number(given);
  return Number.isFinite(n) ? `up to ${durationWords(n)}` : `up to ${plain(given)} seconds`;
}

/** "2 hours", "90 seconds", "1 day": in the largest unit that stays whole. */
export function durationWords(seconds: number): string {
  const units: [number, string][] = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, unit] = units.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, "second"];
  const n = seconds / size;
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

function names(all: string[]): string {
  return all.filter(Boolean).join(", ") || "nothing";
}

const events: Record<string, string> = {
  incomingMessage: "a message",
  incomingConversationMessage: "a message in a conversation",
  incomingCall: "a call",
  incomingRequest: "a REST request",
  incomingParent: "another flow",
  sent: "sent",
  failed: "failed",
  fail: "failed",
  success: "success",
  timeout: "no reply",
  deliveryFailure: "not delivered",
  noMatch: "else",
  match: "match",
  next: "then",
  callComplete: "handed over",
  failedToEnqueue: "no task",
  callFailure: "call failed",
  completed: "done",
  return: "returned",
  created: "created",
  failedToCreate: "not created",
};

function eventWords(event: string): string {
  return events[event] ?? (event || "then");
}

/** What a way out of a widget is called on the graph. */
export function labelOf(widget: Widget, { event, conditions }: Transition): string {
  if (event === "match") return conditions.map(conditionWords).join(" and ") || "match";
  if (event === "incomingMessage" && widget.type !== "trigger") return "reply";
  if (event === "timeout" && widget.type === "add-twiml-redirect") return "too late";
  return eventWords(event);
}

const comparisons: Record<string, string> = {
  equal_to: "is",
  not_equal_to: "is not",
  matches_any_of: "is one of",
  does_not_match_any_of: "is none of",
  contains: "has",
  does_not_contain: "has not",
  starts_with: "begins with",
  does_not_start_with: "does not begin with",
  is_blank: "is blank",
  is_not_blank: "is given",
  regex: "fits",
  less_than: "<",
  greater_than: ">",
  is_before_time: "before",
  is_after_time: "after",
  is_before_date: "before",
  is_after_date: "after",
};

/** "is yes", "is blank". */
export function conditionWords({ type = "", value }: Condition): string {
  return [comparisons[type] ?? type.replaceAll("_", " "), plain(value)].filter(Boolean).join(" ");
}
