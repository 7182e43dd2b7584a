// Studio's flows as tests make them, a service that a flow asks, and the page of flows as a person uses it.

import { Host } from "./host.mjs";

/** A state of a definition; ways are [event, next, condition], and next is left out where the branch ends. */
function state(name, type, properties, ...ways) {
  const transitions = ways.map(([event, next, condition]) => ({
    event,
    ...(next && { next }),
    ...(condition && { conditions: [condition] }),
  }));
  return { name, type, properties, transitions };
}

const says = (name, body, next) => state(name, "send-message", { body, from: "Bot" }, ["sent", next], ["failed", next]);

const asks = (name, body, next) =>
  state(
    name,
    "send-and-wait-for-reply",
    { body, from: "Bot", timeout: "3600" },
    ["incomingMessage", next],
    ["timeout"],
    ["deliveryFailure"],
  );

/** A flow that asks one question, and no more. */
export const question = {
  initial_state: "Trigger",
  states: [state("Trigger", "trigger", {}, ["incomingMessage", "ask"]), asks("ask", "What is your name?")],
};

/** What the guide's first message handler does: greets, asks, branches, asks a service, and hands over with what it learned. */
export function shop(url, workflow, channel) {
  const json = (path) => `{{widgets.${path} | to_json}}`;
  return {
    initial_state: "Trigger",
    states: [
      state("Trigger", "trigger", {}, ["incomingMessage", "greet"]),
      says("greet", "Welcome to the shop.", "ask_topic"),
      asks("ask_topic", "Is it about an order?", "which"),
      state(
        "which",
        "split-based-on",
        { input: "{{widgets.ask_topic.inbound.Body}}" },
        ["noMatch", "hand_over"],
        [
          "match",
          "ask_number",
          {
            friendly_name: "yes",
            type: "matches_any_of",
            arguments: ["{{widgets.ask_topic.inbound.Body}}"],
            value: "yes, yes please",
          },
        ],
      ),
      asks("ask_number", "What is its number?", "look_up"),
      state(
        "look_up",
        "make-http-request",
        {
          method: "POST",
          url,
          content_type: "application/x-www-form-urlencoded;charset=utf-8",
          parameters: [{ key: "order", value: "{{widgets.ask_number.inbound.Body}}" }],
        },
        ["success", "tell"],
        ["failed", "hand_over"],
      ),
      says("tell", "Your parcel is {{widgets.look_up.parsed.place}}. An agent will be with you.", "hand_over"),
      state(
        "hand_over",
        "send-to-flex",
        {
          workflow,
          channel,
          attributes: `{"name":"Zoë","topic":"an order","order":${json("ask_number.inbound.Body")},"place":${json("look_up.parsed.place")}}`,
        },
        ["callComplete"],
        ["failedToEnqueue"],
        ["callFailure"],
      ),
    ],
  };
}

/** Publishes a flow, and lets it answer the customers of the guide; answers the flow. */
export async function answerWith(server, name, definition) {
  const flow = await publish(server, name, definition);
  const { flex_flow_sid } = await server.known();
  await server.rest("POST", `/flex-api/v1/FlexFlows/${flex_flow_sid}`, {
    IntegrationType: "studio",
    "Integration.FlowSid": flow.sid,
  });
  return flow;
}

export function publish(server, FriendlyName, definition, Status = "published") {
  const form = { FriendlyName, Status, Definition: JSON.stringify(definition), CommitMessage: "as the test wants it" };
  return server.rest("POST", "/studio/v2/Flows", form);
}

/** Takes away what an earlier test left: its executions end with their flow. */
export async function forgetFlows(server) {
  const { flows } = await server.rest("GET", "/studio/v2/Flows");
  for (const { sid } of flows) await server.rest("DELETE", `/studio/v2/Flows/${sid}`);
}

/** A service of the operator's, which tells where a parcel is. */
export class Depot {
  /** What it was asked, as forms. */
  asked = [];

  static async listen() {
    const depot = new Depot();
    depot.host = await Host.serve((_, form) => {
      depot.asked.push(form);
      return { type: "application/json", content: JSON.stringify({ place: "at the depot" }) };
    });
    depot.url = `${depot.host.origin}/parcel`;
    return depot;
  }

  close() {
    return this.host.close();
  }
}

export class FlowsPage {
  constructor(visit) {
    this.visit = visit;
    this.page = visit.page;
    this.graph = this.page.locator(".graph");
    this.panel = this.page.locator("aside.panel");
  }

  /** Opens the page, and signs in with the demo's one click. */
  async signIn(name = "supervisor", path = "/flows/") {
    await this.page.goto(path);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("heading", { name: "Sign in to see flows" }).waitFor({ timeout: 30_000 });
    await this.page.getByRole("button", { name: `Sign in as ${name}` }).click();
    await this.page.getByText(`signed in as ${name}`).waitFor({ timeout: 30_000 });
    return this;
  }

  /** Opens a flow from the list. */
  async open(name) {
    await this.page.getByRole("link", { name, exact: true }).click();
    await this.page.getByRole("heading", { name, level: 1 }).waitFor();
  }

  view(name) {
    return this.page.getByRole("navigation", { name: /^Views/ }).getByRole("link", { name });
  }

  /** The widget of that name on the graph. */
  widget(name) {
    return this.graph.locator(`[data-widget="${name}"]`);
  }
}
