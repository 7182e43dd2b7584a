import assert from "node:assert/strict";
import { GuidePage } from "../lib/guide.mjs";
import { answerWith, Depot, FlowsPage, forgetFlows, publish, question, shop } from "../lib/studio.mjs";
import { another, eventually } from "../lib/visit.mjs";

const PATIENCE = { timeout: 30_000 };

/** A definition with faults that a draft may have. */
const broken = {
  initial_state: "Trigger",
  states: [
    { name: "Trigger", type: "trigger", properties: {}, transitions: [{ event: "incomingMessage", next: "ask" }] },
    {
      name: "ask",
      type: "send-and-wait-for-reply",
      properties: { body: "Your name?", from: "Bot", timeout: "60" },
      transitions: [{ event: "incomingMessage", next: "nowhere" }, { event: "timeout" }, { event: "deliveryFailure" }],
    },
    { name: "lost", type: "send-message", properties: { body: "Hello", from: "Bot" }, transitions: [{ event: "sent" }, { event: "failed" }] },
  ],
};

async function shopFlow(server, url = "http://127.0.0.1:9/") {
  const { workflow_sid } = await server.known();
  return shop(url, workflow_sid, "chat");
}

/** Light and dark, at the width of the window. */
async function looksRight(visit, where) {
  await visit.assertFits();
  for (const colorScheme of ["light", "dark"]) {
    await visit.page.emulateMedia({ colorScheme });
    await visit.assertAccessible(`${where}, ${colorScheme}`);
  }
  await visit.page.emulateMedia({ colorScheme: "light" });
}

/** For a server of its own, whose flows may call this machine. */
export const flows = {
  async "flows: a supervisor signs in, back to where one was, sees a graph and its widgets, and signs out"(visit) {
    const { page, server } = visit;
    await forgetFlows(server);
    const flow = await publish(server, "Shop", await shopFlow(server));
    await page.goto("/flows/");
    await page.getByText("It is for supervisors and admins").waitFor();
    await looksRight(visit, "before the sign-in");

    const flowsPage = await new FlowsPage(visit).signIn("supervisor", `/flows/?flow=${flow.sid}`);
    await page.getByRole("heading", { name: "Shop", level: 1 }).waitFor(PATIENCE);
    assert.equal(new URL(page.url()).search, `?flow=${flow.sid}`, "back to where one was, without a token");
    assert.equal(await page.evaluate(() => document.cookie), "", "nothing is left of the way in");
    await flowsPage.widget("hand_over").waitFor();
    assert.equal(await flowsPage.graph.locator("[data-widget]").count(), 8);
    assert.equal(await flowsPage.graph.locator(".wire").count(), 11);
    const widget = flowsPage.graph.getByRole("button", { name: /^Ask and wait ask_topic Asks “Is it about an order\?”.* reply no reply not delivered$/ });
    assert.equal(
      await widget.getAttribute("aria-description"),
      "Asks “Is it about an order?” and waits up to 1 hour. Leads on reply: which",
    );
    await looksRight(visit, "a graph");

    await flowsPage.panel.getByRole("button", { name: "look_up" }).click();
    await flowsPage.panel.getByRole("heading", { name: "look_up" }).waitFor();
    await flowsPage.panel.getByText("http://127.0.0.1:9/", { exact: true }).waitFor();
    await looksRight(visit, "a chosen widget");

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("It is for supervisors and admins").waitFor();
    assert.equal(await page.evaluate(() => localStorage.TWILIO_FLEX_SSO ?? null), null);
  },

  async "flows: revisions, what changed between two of them, and the list"(visit) {
    const { page, server } = visit;
    await forgetFlows(server);
    const flow = await publish(server, "Shop", await shopFlow(server));
    const changed = await shopFlow(server, "http://127.0.0.1:9/parcels");
    changed.states = changed.states.filter(({ name }) => name !== "greet");
    changed.states[0].transitions[0].next = "ask_topic";
    const form = { Status: "draft", Definition: JSON.stringify(changed), CommitMessage: "No greeting" };
    await server.rest("POST", `/studio/v2/Flows/${flow.sid}`, form);
    const flowsPage = await new FlowsPage(visit).signIn("supervisor", `/flows/?flow=${flow.sid}`);
    await flowsPage.view("Revisions").click(PATIENCE);
    await page.getByText("No greeting").waitFor(PATIENCE);
    await looksRight(visit, "revisions");
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByText("http://127.0.0.1:9/parcels").first().waitFor(PATIENCE);
    assert.match(await flowsPage.widget("greet").getAttribute("class"), /\bremoved\b/);
    assert.match(await flowsPage.widget("look_up").getAttribute("class"), /\bchanged\b/);
    await looksRight(visit, "a difference");
    await page.goBack();
    await page.getByText("No greeting").waitFor();

    await page.getByRole("link", { name: "Flows", exact: true }).last().click();
    await page.getByText("draft", { exact: true }).waitFor(PATIENCE);
    await looksRight(visit, "the list");
  },

  async "flows: a graph by keyboard alone"(visit) {
    const { page, server } = visit;
    await forgetFlows(server);
    const flow = await publish(server, "Shop", await shopFlow(server));
    const flowsPage = await new FlowsPage(visit).signIn("supervisor", `/flows/?flow=${flow.sid}`);
    await flowsPage.widget("Trigger").waitFor(PATIENCE);
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-widget"));
    await page.getByRole("button", { name: "Fit" }).focus();
    for (let n = 0; n < 4 && !(await focused()); n++) await page.keyboard.press("Tab");
    assert.equal(await focused(), "Trigger");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "greet");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await flowsPage.panel.getByRole("heading", { name: "ask_topic" }).waitFor();
    assert.equal(await flowsPage.widget("ask_topic").getAttribute("aria-pressed"), "true");
    for (const key of ["+", "-", "0"]) await page.keyboard.press(key);
    assert.equal(await focused(), "ask_topic", "zooming keeps the focus");
    await page.keyboard.press("Escape");
    await flowsPage.panel.getByRole("heading", { name: /^Widgets/ }).waitFor();
  },

  async "flows: an agent is told for whom they are, and the server holds to it"(visit) {
    const { page, server } = visit;
    await page.goto("/flows/");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in as agent" }).click();
    await page.getByText("You are signed in as agent, who is no supervisor.").waitFor(PATIENCE);
    await looksRight(visit, "refused");
    const token = await page.evaluate(() => JSON.parse(localStorage.TWILIO_FLEX_SSO).token);
    const headers = { Authorization: `Basic ${Buffer.from(`token:${token}`).toString("base64")}` };
    for (const path of ["/studio/v2/Flows", "/studio/v2/Executions"]) {
      const answer = await fetch(server.origin + path, { headers });
      assert.equal(answer.status, 403, path);
    }
    await page.getByRole("button", { name: "Sign in as somebody else" }).click();
    await page.getByRole("button", { name: "Sign in as supervisor" }).click();
    await page.getByRole("heading", { name: "Flows", level: 1 }).waitFor(PATIENCE);
  },

  async "flows: faults stand at their widgets"(visit) {
    const { server } = visit;
    await forgetFlows(server);
    const flow = await publish(server, "Half a flow", broken, "draft");
    assert.equal(flow.valid, false);
    const flowsPage = await new FlowsPage(visit).signIn();
    await flowsPage.open("Half a flow");
    await flowsPage.widget("ask").waitFor(PATIENCE);
    const told = [...flow.errors, ...flow.warnings];
    assert.ok(told.some(({ property_path: path }) => path.startsWith("#/states/1/")), JSON.stringify(told));
    await flowsPage.widget("ask").locator(".tag.error").waitFor();
    for (const { message } of told) await flowsPage.panel.getByText(message, { exact: true }).first().waitFor();
    await flowsPage.graph.getByRole("button", { name: / ask .* 1 fault$/ }).waitFor();
    await flowsPage.panel.locator(".faults").getByRole("button", { name: "ask" }).first().click();
    await flowsPage.panel.getByRole("heading", { name: "ask" }).waitFor();
    await looksRight(visit, "faults");
  },

  async "flows: a conversation waits, says why, and is ended"(visit) {
    const { page, server } = visit;
    await forgetFlows(server);
    const flow = await answerWith(server, "Question", question);
    const flowsPage = await new FlowsPage(visit).signIn("supervisor", "/flows/?view=active");
    await page.getByRole("heading", { name: "Nothing is running" }).waitFor(PATIENCE);
    await looksRight(visit, "nothing runs");
    // Another person each time: who has a chat keeps it, with the flow that answered first.
    await server.customer(`Alice on a ${visit.size}`, "Hello");
    await page.getByText(/"ask" waits for a reply/).waitFor(PATIENCE);
    await page.getByText("Question", { exact: true }).waitFor();
    await looksRight(visit, "active executions");

    const row = page.locator(".active-rows li");
    await row.getByRole("link").first().click();
    await flowsPage.widget("ask").waitFor(PATIENCE);
    assert.match(await flowsPage.widget("ask").getAttribute("class"), /\bcurrent\b/);
    const taken = () => flowsPage.graph.locator(".wire.taken").count();
    await eventually(taken, (n) => n === 1, "the way to the question");
    await page.getByText(/"ask" waits for a reply/).waitFor();
    await page.getByRole("button", { name: "Show the context" }).click();
    await page.getByLabel("Context now").getByText(/"Hello"/).first().waitFor(PATIENCE);
    await looksRight(visit, "an execution");

    await page.getByRole("button", { name: "End", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await visit.assertAccessible("the question whether to end");
    await dialog.getByRole("button", { name: "Keep it running" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "End", exact: true }).click();
    await dialog.getByRole("button", { name: "End it" }).click();
    await page.locator(".title .pill.ended").waitFor(PATIENCE);
    await looksRight(visit, "an ended execution");

    await page.getByRole("navigation", { name: "Way back" }).getByRole("link", { name: "Question" }).click();
    await page.getByRole("heading", { name: "Nothing is running" }).waitFor(PATIENCE);
    await page.getByLabel("Ended").check();
    await page.locator(".execution-rows li").waitFor(PATIENCE);
    const { executions } = await server.rest("GET", `/studio/v2/Flows/${flow.sid}/Executions`);
    assert.deepEqual(executions.map(({ status }) => status), ["ended"]);
  },

  async "flows: from the bot to an agent, with what it learned, and the bot is silent afterwards"(visit) {
    const { server } = visit;
    await forgetFlows(server);
    const depot = await Depot.listen();
    try {
      const flow = await answerWith(server, "Shop", await shopFlow(server, depot.url));
      const guide = await new GuidePage(visit).open();
      const { customer, agent } = guide;
      await guide.signIn();
      await guide.start("Zoë");
      await customer.say("Hello");
      await customer.hears("Welcome to the shop.");
      await customer.hears("Is it about an order?");

      await another(visit, async (other) => {
        const flowsPage = await new FlowsPage(other).signIn("supervisor", "/flows/?view=active");
        const row = other.page.locator(".active-rows li");
        await row.getByRole("link").first().click();
        await other.page.getByText(/"ask_topic" waits for a reply/).waitFor(PATIENCE);
        await flowsPage.graph.locator(".current[data-widget=ask_topic]").waitFor();
        await customer.say("Yes");
        await customer.hears("What is its number?");
        await flowsPage.graph.locator(".current[data-widget=ask_number]").waitFor(PATIENCE);
        await customer.say("4711");
        await customer.hears("Your parcel is at the depot. An agent will be with you.");
        await other.page.locator(".title .pill.ended").waitFor(PATIENCE);
        const taken = () => flowsPage.graph.locator(".wire.taken").count();
        await eventually(taken, (n) => n === 7, "the whole way");
      });
      assert.deepEqual(depot.asked, [{ order: "4711" }]);

      await guide.accept();
      await agent.root.getByRole("heading", { name: "Zoë" }).waitFor();
      const known = agent.root.locator(".known");
      for (const words of ["an order", "4711", "at the depot"]) await known.getByText(words, { exact: true }).waitFor();
      await agent.hears("4711");
      await agent.say("I see it, one moment");
      await customer.hears("I see it, one moment");
      await customer.say("Thank you");
      await agent.hears("Thank you");
      const said = [
        "Hello",
        "Welcome to the shop.",
        "Is it about an order?",
        "Yes",
        "What is its number?",
        "4711",
        "Your parcel is at the depot. An agent will be with you.",
        "I see it, one moment",
        "Thank you",
      ];
      await customer.show();
      await eventually(() => customer.texts(), (texts) => texts.length >= said.length, "the whole conversation");
      assert.deepEqual(await customer.texts(), said);
      const { executions } = await server.rest("GET", `/studio/v2/Flows/${flow.sid}/Executions`);
      assert.deepEqual(executions.map(({ status }) => status), ["ended"], "the flow does not begin again");
    } finally {
      await depot.close();
    }
  },
};
