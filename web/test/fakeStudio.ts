/** Studio in memory, with the shapes of its REST API: two flows, revisions, and executions that can be moved on. */

import type { Api, Change } from "../src/flows/api";
import {
  ENDED,
  type Execution,
  type Flow,
  type Revision,
  type Step,
  type Warning,
  type Watched,
} from "../src/flows/model";

type Next = [event: string, next?: string, condition?: object];

/** A state as an export has it; without a place where x is left out. */
export function state(
  name: string,
  type: string,
  properties: object,
  ways: Next[],
  at?: [x: number, y: number],
): object {
  return {
    name,
    type,
    properties: { ...(at && { offset: { x: at[0], y: at[1] } }), ...properties },
    transitions: ways.map(([event, next, condition]) => ({
      event,
      ...(next && { next }),
      ...(condition && { conditions: [condition] }),
    })),
  };
}

const is = (value: string) => ({
  friendly_name: `If value equal_to ${value}`,
  arguments: ["{{widgets.ask_topic.inbound.Body}}"],
  type: "equal_to",
  value,
});

/** A dialogue with a way back, at places of its author's. */
export const welcome = {
  description: "Welcome",
  initial_state: "Trigger",
  states: [
    state(
      "Trigger",
      "trigger",
      {},
      [["incomingMessage", "greet"], ["incomingCall"], ["incomingRequest"]],
      [0, 0],
    ),
    state(
      "greet",
      "send-message",
      { body: "Hello {{trigger.message.ChannelAttributes.from}}, good that you write.", from: "Bot" },
      [["sent", "ask_topic"], ["failed"]],
      [0, 180],
    ),
    state(
      "ask_topic",
      "send-and-wait-for-reply",
      { body: "Is it about an order, or something else?", from: "Bot", timeout: "3600" },
      [["incomingMessage", "which"], ["timeout", "hand_over"], ["deliveryFailure"]],
      [0, 380],
    ),
    state(
      "which",
      "split-based-on",
      { input: "{{widgets.ask_topic.inbound.Body}}" },
      [
        ["noMatch", "ask_topic"],
        ["match", "look_up", is("order")],
        ["match", "note", is("something else")],
      ],
      [0, 600],
    ),
    state(
      "look_up",
      "make-http-request",
      { method: "POST", url: "https://shop.example/orders", body: "id={{trigger.message.From}}" },
      [
        ["success", "hand_over"],
        ["failed", "hand_over"],
      ],
      [-220, 800],
    ),
    state(
      "note",
      "set-variables",
      { variables: [{ key: "topic", value: "other" }] },
      [["next", "hand_over"]],
      [220, 800],
    ),
    state(
      "hand_over",
      "send-to-flex",
      {
        workflow: "WW00000000000000000000000000000001",
        channel: "chat",
        attributes: '{"topic":"{{flow.variables.topic}}"}',
      },
      [["callComplete"], ["failedToEnqueue"], ["callFailure"]],
      [0, 1000],
    ),
  ],
};

const sidOf = (prefix: string, n: number) => prefix + String(n).padStart(32, "0");
export const WELCOME = sidOf("FW", 1);
export const BROKEN = sidOf("FW", 2);
export const RUNNING = sidOf("FN", 1);
export const DONE = sidOf("FN", 2);

function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1_000).toISOString();
}

function flow(sid: string, definition: object, more: Partial<Flow>): Flow {
  return {
    sid,
    friendly_name: "Welcome",
    definition,
    status: "published",
    revision: 1,
    commit_message: null,
    valid: true,
    errors: [],
    warnings: [],
    date_created: ago(90_000),
    date_updated: ago(4_000),
    ...more,
  };
}

function execution(sid: string, more: Partial<Execution>): Execution {
  return {
    sid,
    flow_sid: WELCOME,
    contact_channel_address: "Alice",
    status: "active",
    date_created: ago(75),
    date_updated: ago(42),
    ...more,
  };
}

function way(...taken: [from: string, event: string, to: string][]): Step[] {
  return taken.map(([from, name, to], n) => ({
    sid: sidOf("FT", n + 1),
    name,
    transitioned_from: from,
    transitioned_to: to,
    parent_step_sid: null,
    date_created: ago(75 - n * 10),
  }));
}

export class FakeStudio {
  flows: Flow[] = [
    flow(WELCOME, welcome, { revision: 2, commit_message: "Asks for the topic" }),
    flow(
      BROKEN,
      {
        initial_state: "Trigger",
        states: [
          state("Trigger", "trigger", {}, [["incomingMessage", "ask"]]),
          state("ask", "send-and-wait-for-reply", { body: "Your name?", from: "Bot" }, [
            ["incomingMessage", "nowhere"],
            ["timeout"],
          ]),
          state("lost", "send-message", { body: "Nobody gets here", from: "Bot" }, [["sent"], ["failed"]]),
          state("call", "say-play", { say: "Hello" }, [["audioComplete"]]),
        ],
      },
      {
        friendly_name: "Half a flow",
        status: "draft",
        valid: false,
        errors: [
          { message: "“nowhere” is no widget of this flow", property_path: "#/states/1/transitions/0/next" },
          { message: "say-play is for voice, which is not served here", property_path: "#/states/3/type" },
        ],
        warnings: [{ message: "Nothing leads here", property_path: "#/states/2" }],
      },
    ),
  ];
  executions: Execution[] = [
    execution(RUNNING, {}),
    execution(DONE, { contact_channel_address: "Bob", status: "ended" }),
  ];
  steps = new Map<string, Step[]>([
    [RUNNING, way(["Trigger", "incomingMessage", "greet"], ["greet", "sent", "ask_topic"])],
    [
      DONE,
      way(
        ["Trigger", "incomingMessage", "greet"],
        ["greet", "sent", "ask_topic"],
        ["ask_topic", "incomingMessage", "which"],
        ["which", "noMatch", "ask_topic"],
        ["ask_topic", "incomingMessage", "which"],
        ["which", "match", "look_up"],
        ["look_up", "success", "hand_over"],
        ["hand_over", "callComplete", ENDED],
      ),
    ],
  ]);
  changes: Change[] = [
    {
      state: "ask_topic",
      kind: "changed",
      what: "properties.body",
      from: '"Order?"',
      to: '"Is it about an order, or something else?"',
    },
    { state: "note", kind: "added" },
    { state: "good_bye", kind: "removed" },
  ];
  warnings: Warning[] = [
    {
      code: 81016,
      widget: "look_up",
      message: "https://shop.example/orders answered 503",
      more_info: "/errors/81016",
      date_created: ago(20),
    },
  ];
  /** Errors that the next calls meet. */
  readonly failures: Error[] = [];

  readonly api: Api = {
    flows: async () =>
      this.#page(
        this.flows.map((one) => ({ ...one, definition: null, valid: null, errors: null, warnings: null })),
      ),
    flow: async (sid) => this.#one(this.flows, sid),
    revisions: async (sid) => {
      const newest = this.#one(this.flows, sid);
      const all = Array.from({ length: newest.revision }, (_, n) =>
        this.#revision(newest, newest.revision - n),
      );
      return this.#page(all);
    },
    revision: async (sid, number) => this.#revision(this.#one(this.flows, sid), number),
    diff: async () => this.#answer(this.changes),
    active: async () =>
      this.#page(
        this.executions.filter(({ status }) => status === "active").map((one) => this.#watched(one)),
      ),
    executions: async (sid, status) =>
      this.#page(this.executions.filter((one) => one.flow_sid === sid && one.status === status)),
    execution: async (sid) => this.#watched(this.#one(this.executions, sid)),
    steps: async (_, sid) => this.#answer([...(this.steps.get(sid) ?? [])]),
    warnings: async (_, sid) => this.#answer(sid === DONE ? this.warnings : []),
    context: async (_, sid, step) =>
      this.#answer({ flow: { sid, variables: {} }, ...(step && { at: step }) }),
    end: async (_, sid) => {
      const one = this.#one(this.executions, sid);
      this.executions = this.executions.map((each) => (each === one ? { ...one, status: "ended" } : each));
    },
  };

  /** Moves an execution on. */
  step(sid: string, from: string, event: string, to: string): void {
    const before = this.steps.get(sid) ?? [];
    const taken = {
      ...way([from, event, to])[0],
      sid: sidOf("FT", before.length + 1),
      date_created: ago(0),
    } as Step;
    this.steps.set(sid, [...before, taken]);
  }

  #watched(one: Execution): Watched {
    const active = one.status === "active";
    return {
      ...one,
      revision: 2,
      widget: active ? (this.steps.get(one.sid)?.at(-1)?.transitioned_to ?? "Trigger") : null,
      waiting_for: active ? "waits for a reply of the customer" : "the flow came to its end",
      deadline: active ? ago(-3_558) : null,
    };
  }

  #revision(of: Flow, number: number): Revision {
    const older = { ...welcome, states: welcome.states.filter((_, n) => n !== 5) };
    older.states.push(
      state("good_bye", "send-message", { body: "Bye", from: "Bot" }, [["sent"], ["failed"]]),
    );
    return number === of.revision
      ? of
      : { ...of, revision: number, status: "draft", definition: older, commit_message: null };
  }

  #one<T extends { sid: string }>(all: readonly T[], sid: string): T {
    const found = this.#answer(all).find((each) => each.sid === sid);
    if (!found) throw new Error("The requested resource was not found");
    return found;
  }

  #page<T>(items: T[]): { items: T[]; next: null } {
    return this.#answer({ items, next: null });
  }

  #answer<T>(value: T): T {
    const failure = this.failures.shift();
    if (failure) throw failure;
    return value;
  }
}
