import assert from "node:assert/strict";
import { GuidePage } from "../lib/guide.mjs";
import { eventually } from "../lib/visit.mjs";

// What Chromium itself writes about a server that is away, and the worker SDK about its socket.
const away =
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket|Network Error|initialize Worker/;
// The agent asks again for a place that it has.
const member = /status of 409/;

export const handoff = {
  async "hand-off: available, offer, accept, chat, wrap up, complete, and the customer sees the end"(visit) {
    const guide = await new GuidePage(visit).open();
    const { customer, agent } = guide;
    await guide.signIn();
    await agent.root.getByText("No one is waiting").waitFor();
    await guide.start("Zoë");
    await customer.root.getByText("Write your first message, and an agent will be with you.").waitFor();
    await customer.say("My order is late");
    await customer.root.getByText("An agent will be with you soon.").waitFor();
    if (visit.size === "phone") await guide.page.getByRole("tab", { name: "Agent 1 waiting" }).waitFor();

    await agent.show();
    await agent.root.getByRole("heading", { name: "Zoë" }).waitFor();
    await agent.root.getByText("is waiting in Everyone", { exact: true }).waitFor();
    const left = async () =>
      Number((await agent.root.getByRole("timer").getAttribute("aria-label")).split(" ")[0]);
    const first = await left();
    assert.ok(first > 30 && first <= 120, `${first} seconds at first`);
    await eventually(left, (now) => now < first, "the countdown runs");

    await guide.accept();
    await agent.hears("My order is late");
    await agent.say("I am looking into it");
    await customer.hears("I am looking into it");
    assert.equal(await customer.root.getByText("An agent will be with you soon.").count(), 0);
    await customer.say("Thank you");
    await agent.hears("Thank you");

    await guide.press("Wrap up");
    await agent.root.getByText("The chat has ended. Complete the task when you are done.").waitFor();
    await customer.show();
    await customer.root.getByText("The chat has ended.").waitFor();
    assert.equal(await customer.field.count(), 0);
    await guide.press("Complete");
    await agent.root.getByText("No one is waiting").waitFor();

    await customer.show();
    assert.deepEqual(await customer.texts(), ["My order is late", "I am looking into it", "Thank you"]);
    await customer.root.getByRole("button", { name: "Start a new chat" }).click();
    await guide.start("Zoë");
    await customer.say("One more thing");
    await guide.accept();
    await agent.hears("One more thing");
    assert.deepEqual(await agent.texts(), ["One more thing"]);
  },

  async "hand-off: rejected, and offered again"(visit) {
    const guide = await new GuidePage(visit).open();
    const { agent } = guide;
    await guide.signIn();
    await visit.server.customer("Alice", "Hello");
    await agent.root.getByRole("button", { name: "Reject" }).waitFor();
    const reservations = async () => {
      const [task] = await visit.server.tasks("pending", "reserved");
      const { reservations } = await visit.server.rest(
        "GET",
        `/taskrouter/v1/Workspaces/{WS}/Tasks/${task.sid}/Reservations`,
      );
      return reservations.map(({ reservation_status }) => reservation_status).sort();
    };
    await guide.press("Reject");
    await eventually(reservations, (all) => `${all}` === "pending,rejected", "a second offer");
    await guide.accept();
    await agent.hears("Hello");
  },

  async "hand-off: a missed offer puts the agent offline, says so, and comes back"(visit) {
    const guide = await new GuidePage(visit).open();
    const { agent } = guide;
    await visit.server.offersStand(2);
    await guide.signIn();
    await visit.server.customer("Alice", "Hello");
    await agent.root
      .getByText(/You missed Alice, who goes on waiting for an agent\. You are Offline now\./)
      .waitFor();
    await guide.activity("Offline");
    await visit.assertAccessible("missed");
    await visit.server.offersStand(120);
    await agent.root.getByRole("button", { name: "Go available" }).first().click();
    await guide.accept();
    await agent.hears("Hello");
    assert.equal(await agent.root.getByText("You missed Alice").count(), 0);
  },

  async "hand-off: several at once, each with its own unread count"(visit) {
    const guide = await new GuidePage(visit).open();
    const { agent, page } = guide;
    await visit.server.capacity(2);
    await guide.signIn();
    const alice = await visit.server.customer("Alice", "I am Alice");
    await guide.accept();
    await agent.hears("I am Alice");
    await visit.server.customer("Bob", "I am Bob");
    const list = agent.root.getByRole("navigation", { name: "Offers and conversations" });
    await list.getByRole("button", { name: /^Bob offer, \d:\d\d/ }).click();
    await visit.assertAccessible("an offer beside a conversation");
    await guide.accept();
    await agent.hears("I am Bob");
    assert.deepEqual(await agent.texts(), ["I am Bob"]);
    await visit.server.rest("POST", `/chat/v2/Services/{IS}/Channels/${alice}/Messages`, {
      From: "Alice",
      Body: "Are you there?",
    });
    await list.getByRole("button", { name: "Alice 1 unread" }).click();
    await agent.hears("Are you there?");
    await list.getByRole("button", { name: "Alice in conversation" }).waitFor();
    await agent.say("Yes");
    await guide.press("Wrap up");
    await list.getByRole("button", { name: "Alice wrapping up" }).waitFor();
    await guide.press("Complete");
    await list.waitFor({ state: "detached" });
    await agent.root.getByRole("heading", { name: "Bob" }).waitFor();
    await visit.assertFits();
    assert.equal(await page.getByRole("alert").count(), 0);
  },

  async "hand-off: follows what others do, a second tab and the REST API"(visit) {
    visit.expected = [member];
    const guide = await new GuidePage(visit).open();
    const { agent } = guide;
    await guide.signIn();
    const other = new GuidePage({ ...visit, size: visit.size, page: await visit.context.newPage() });
    await other.open();
    await other.agent.show();
    await other.agent.root.getByRole("button", { name: "Sign in as the agent" }).click();
    await other.activity("Available");
    await visit.server.move("Break");
    for (const tab of [guide, other]) await tab.activity("Break");
    await visit.server.move("Available");
    await visit.server.customer("Alice", "Hello");
    await agent.root.getByRole("button", { name: "Accept" }).waitFor();
    await other.accept();
    await agent.hears("Hello");
    await other.agent.say("from the other tab");
    await agent.hears("from the other tab");

    const [task] = await visit.server.tasks("assigned");
    const path = `/taskrouter/v1/Workspaces/{WS}/Tasks/${task.sid}`;
    await visit.server.rest("POST", path, { AssignmentStatus: "wrapping" });
    for (const tab of [guide, other])
      await tab.agent.root.getByRole("button", { name: "Complete" }).waitFor();
    await visit.server.rest("POST", path, { AssignmentStatus: "completed" });
    for (const tab of [guide, other]) await tab.agent.root.getByText("No one is waiting").waitFor();

    await visit.server.customer("Bob", "Hello");
    await agent.root.getByRole("button", { name: "Accept" }).waitFor();
    const [open] = await visit.server.tasks("reserved");
    await visit.server.rest("POST", `/taskrouter/v1/Workspaces/{WS}/Tasks/${open.sid}`, {
      AssignmentStatus: "canceled",
      Reason: "gone",
    });
    for (const tab of [guide, other])
      await tab.agent.root.getByText("Bob is not waiting any more.").waitFor();
  },

  async "hand-off: a reload keeps the agent, the offer and the conversation"(visit) {
    visit.expected = [member];
    const guide = await new GuidePage(visit).open();
    const { agent, page } = guide;
    await guide.signIn();
    await visit.server.customer("Alice", "Hello");
    await agent.root.getByRole("button", { name: "Accept" }).waitFor();
    await page.reload();
    await agent.show();
    await agent.root.getByRole("timer").waitFor();
    await guide.accept();
    await page.reload();
    await agent.hears("Hello");
    await agent.say("Hi");
    await agent.sent();
    await guide.press("Wrap up");
    await agent.root.getByRole("button", { name: "Complete" }).waitFor();
    await page.reload();
    await agent.show();
    await agent.root.getByText("The chat has ended. Complete the task when you are done.").waitFor();
    await guide.press("Complete");
    await agent.root.getByText("No one is waiting").waitFor();
  },

  async "hand-off: a crash of the server in the middle loses neither offer nor conversation"(visit) {
    visit.expected = [away, member];
    const guide = await new GuidePage(visit).open();
    const { agent } = guide;
    await visit.server.capacity(2);
    await guide.signIn();
    await visit.server.customer("Alice", "Hello");
    await guide.accept();
    await visit.server.customer("Bob", "Hello");
    const list = agent.root.getByRole("navigation", { name: "Offers and conversations" });
    const bob = list.getByRole("button", { name: /^Bob offer/ });
    await bob.waitFor();
    await visit.server.stop("SIGKILL");
    await agent.root.getByText("The connection was lost. Reconnecting…").first().waitFor();
    await visit.server.start();
    await eventually(
      () => agent.root.getByText("The connection was lost. Reconnecting…").count(),
      (n) => n === 0,
      "both connections are back",
    );
    await bob.click();
    await guide.accept();
    await agent.hears("Hello");
    await list.getByRole("button", { name: "Alice in conversation" }).click();
    await agent.say("still here");
    await agent.sent();
    for (let n = 0; n < 2; n++) {
      await guide.press("Wrap up");
      await guide.press("Complete");
    }
    await agent.root.getByText("No one is waiting").waitFor();
  },

  async "hand-off: the worker's token is renewed before it expires"(visit) {
    const guide = new GuidePage(visit);
    let asked = 0;
    await guide.page.route("**/demo/token", async (route) => {
      const { identity, role } = route.request().postDataJSON();
      if (!role) return route.continue();
      asked++;
      const token = await visit.server.token(identity, asked === 1 ? "20s" : "1h", role);
      return route.fulfill({ json: { identity, token } });
    });
    await guide.open();
    await guide.signIn();
    // The server ends the socket of the old token; the SDK comes back with the new one.
    const socket = guide.page.waitForEvent("websocket");
    await eventually(
      () => asked,
      (n) => n >= 2,
      "a new token",
    );
    assert.match((await socket).url(), /event-bridge/);
    await visit.server.customer("Alice", "Hello");
    await guide.accept();
    await guide.agent.hears("Hello");
    assert.equal(await guide.page.getByText("The connection was lost").count(), 0);
  },

  async "wrong input: what the server refuses is told where it was asked"(visit) {
    visit.expected = [/status of (4\d\d|503)/, /Request failed/];
    const guide = await new GuidePage(visit).open();
    const { agent, page } = guide;
    await guide.signIn();
    await visit.server.customer("Alice", "Hello");
    await agent.root.getByRole("button", { name: "Accept" }).waitFor();

    const refuse = (status, message) => (route) =>
      route.fulfill({ status, json: { message, code: 20001, status } });
    await page.route("**/event-bridge/**", refuse(400, "Not now."), { times: 1 });
    await guide.press("Accept");
    await agent.root.getByRole("alert").getByText("Not now.").waitFor();
    await page.route("**/event-bridge/**", refuse(429, "Too many changes."), { times: 1 });
    await agent.root.getByLabel("Activity").selectOption("Break");
    await agent.root.getByText("Too many changes.").waitFor();
    await guide.activity("Available");

    await page.route("**/flex-api/**", refuse(403, "The worker has no task here."), { times: 1 });
    await guide.press("Accept");
    await agent.root.getByText("The worker has no task here.").waitFor();
    await agent.root.getByRole("button", { name: "Try again" }).click();
    await agent.hears("Hello");
  },

  async "wrong input: a sign-in that fails is told, and tried again"(visit) {
    visit.expected = [/status of 503/];
    const guide = await new GuidePage(visit).open();
    const { agent, page } = guide;
    await page.route(
      "**/demo/token",
      (route) => route.fulfill({ status: 503, json: { message: "Not now." } }),
      {
        times: 1,
      },
    );
    await agent.show();
    await agent.root.getByRole("button", { name: "Sign in as the agent" }).click();
    await agent.root.getByRole("alert").getByText("Not now.").waitFor();
    await visit.assertAccessible("a failed sign-in");
    await agent.root.getByRole("button", { name: "Try again" }).click();
    await guide.goAvailable();
  },

  async "hand-off: accessible and no wider than the window"(visit) {
    const guide = await new GuidePage(visit).open();
    const { agent, customer, page } = guide;
    const both = async (where) => {
      await visit.assertFits();
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await visit.assertAccessible(`${where}, ${colorScheme}`);
      }
    };
    await agent.show();
    await both("signed out");
    await agent.root.getByRole("button", { name: "Sign in as the agent" }).click();
    await agent.root.getByRole("button", { name: "Go available" }).waitFor();
    await both("offline");
    await guide.goAvailable();
    await both("available");
    await guide.start("A very long name ".repeat(4).slice(0, 64).trim());
    await customer.say("Hello");
    await agent.show();
    await agent.root.getByRole("button", { name: "Accept" }).waitFor();
    await both("offer");
    await guide.accept();
    await both("conversation");
    await guide.press("Wrap up");
    await agent.root.getByRole("button", { name: "Complete" }).waitFor();
    await both("wrapping up");
    await customer.show();
    await customer.root.getByRole("button", { name: "Start a new chat" }).waitFor();
    await both("ended");
  },

  async "hand-off: by keyboard alone, and the focus is never lost"(visit) {
    const guide = await new GuidePage(visit).open();
    const { agent, page } = guide;
    await agent.show();
    const press = async (name, key = "Enter") => {
      const button = agent.root.getByRole("button", { name, exact: true });
      await button.waitFor();
      for (let n = 0; n < 25; n++) {
        if (await button.evaluate((el) => el === document.activeElement)) return page.keyboard.press(key);
        await page.keyboard.press("Tab");
      }
      throw new Error(`the Tab key does not get to ${name}`);
    };
    const inside = () =>
      eventually(
        () => agent.root.evaluate((el) => el.contains(document.activeElement)),
        (yes) => yes,
        "the focus is in the agent's side",
      );
    await press("Sign in as the agent");
    await inside();
    await press("Go available", "Space");
    await guide.activity("Available");
    await inside();
    await visit.server.customer("Alice", "Hello");
    await press("Accept");
    await eventually(
      () => agent.field.evaluate((el) => el === document.activeElement),
      (yes) => yes,
      "the focus is in the field",
    );
    await page.keyboard.type("Hi Alice");
    await page.keyboard.press("Enter");
    await agent.hears("Hi Alice");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await press("Wrap up");
    await inside();
    await press("Complete");
    await agent.root.getByText("No one is waiting").waitFor();
    await inside();
    await press("Sign out");
    await agent.root.getByRole("button", { name: "Sign in as the agent" }).waitFor();
    await inside();
    const worker = await visit.server.rest("GET", "/taskrouter/v1/Workspaces/{WS}/Workers/{WK}");
    assert.equal(worker.activity_name, "Offline");
    await page.reload();
    await agent.show();
    await agent.root.getByRole("button", { name: "Sign in as the agent" }).waitFor();
  },
};
