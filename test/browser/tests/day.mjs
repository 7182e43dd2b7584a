import assert from "node:assert/strict";
import { DesktopPage, WidgetPage } from "../lib/desktop.mjs";
import { png } from "../lib/files.mjs";
import { GuidePage } from "../lib/guide.mjs";
import { another, eventually } from "../lib/visit.mjs";

// What Chromium itself writes about a server that is away, and the SDKs about their sockets.
const away =
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket|Network Error|initialize Worker|[Tt]ransport|connection/;

const photo = { name: "parcel.png", mimeType: "image/png", buffer: png(64, 48) };
const form = { name: "form.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF\n") };

/** No entry of the tab's history may hold a token. */
async function assertNoTokenInHistory(page) {
  const addresses = await page.evaluate(() => window.navigation.entries().map(({ url }) => url));
  for (const address of addresses) assert.doesNotMatch(address, /token=/i);
}

/** The state under the last message of its own side. */
const readState = (chat, state) =>
  chat.page.locator(".Twilio-MessageListItem-ReadStatus").last().getByText(state, { exact: true }).waitFor();

/** That many new sockets of the page at that address have got a frame. */
function sockets(page, address, count) {
  return new Promise((resolve) => {
    page.on("websocket", (socket) => {
      if (socket.url().includes(address)) socket.once("framereceived", () => --count === 0 && resolve());
    });
  });
}

export const day = {
  async "day: sign in, take a chat from the widget's form, talk, wrap up, complete, sign out"(visit) {
    const { page, server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    await desk.assertWhole();
    await assertNoTokenInHistory(page);
    await desk.activity("Available");
    await another(visit, async (customer) => {
      const widget = await new WidgetPage(customer).start("Carol", "Where is my parcel?");
      await desk.task("Carol").getByText("Incoming chat request").waitFor();
      await desk.accept();

      await Promise.all([page.getByText("Carol is typing").waitFor(), widget.field.pressSequentially("It is la")]);
      await widget.say("It is late.");
      await desk.hears("It is late.");
      await desk.field.click(); // Flex UI takes a chat for read when somebody is at its field
      await readState(widget, "Read");
      await Promise.all([customer.page.getByText("Agent is typing").waitFor(), desk.field.pressSequentially("Let me lo")]);
      await desk.say("Let me look.");
      await widget.hears("Let me look.");

      await widget.attach(photo);
      await desk.receives(photo);
      await desk.attach(form);
      await widget.receives(form);
      await desk.say("This is the form.");
      await widget.hears("This is the form.");
      await widget.scroll();
      await readState(desk, "Read");

      await desk.endChat();
      await customer.page.getByText("Thanks for chatting with us!").waitFor();
      assert.equal(await widget.field.count(), 0);
      await desk.complete();
      await page.locator(".Twilio-NoTasksCanvas").waitFor();
      assert.deepEqual(await server.tasks("pending", "reserved", "assigned", "wrapping"), []);

      await customer.page.getByRole("button", { name: "START NEW CHAT" }).click();
      await widget.fill("Carol", "One more thing");
      await desk.accept();
      await widget.say("Are you there?");
      await desk.hears("Are you there?");
      assert.ok(!(await desk.texts()).includes("It is late."), "the former chat is over");
      await desk.endChat();
      await desk.complete();
    });
    visit.expected.push(/Connection is not initialized/); // the desktop still reads while it signs out
    const { token } = JSON.parse(await page.evaluate(() => localStorage.TWILIO_FLEX_SSO));
    await desk.logOut();
    await page.getByText("You have logged out successfully!").waitFor();
    assert.equal(await page.evaluate(() => localStorage.TWILIO_FLEX_SSO), undefined);
    const worker = await server.rest("GET", "/taskrouter/v1/Workspaces/{WS}/Workers/{WK}");
    assert.equal(worker.activity_name, "Offline");
    await assertNoTokenInHistory(page);
    const check = await fetch(`${server.origin}/iam/v1/Accounts/${worker.account_sid}/Tokens/validate`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`token:${token}`)}` },
      body: JSON.stringify({ token }),
    });
    assert.deepEqual(await check.json(), { valid: false });
    await page.getByRole("button", { name: "Log in again" }).click();
    await page.getByRole("button", { name: "Sign in as agent" }).waitFor();
  },

  async "day: files pass both ways in the chat of an app"(visit) {
    const desk = await new DesktopPage(visit).signIn();
    await desk.activity("Available");
    await another(visit, async (app) => {
      const guide = await new GuidePage(app).open();
      const { customer } = guide;
      await guide.start("Dora");
      await customer.say("My parcel is broken");
      await desk.accept();
      await customer.attach(photo);
      await desk.receives(photo);
      await desk.attach(form);
      await customer.sees(".bubble.file");
      await customer.root.getByText(form.name).waitFor();
      await desk.say("This is the form.");
      await customer.hears("This is the form.");
    });
  },

  async "day: rejected, and offered again; missed, and offline until the agent is back"(visit) {
    const { page, server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    await desk.activity("Available");
    await server.customer("Alice", "Hello");
    await desk.openTask();
    await desk.incoming.getByRole("button", { name: "Reject" }).click();
    const reservations = async () => {
      const [{ sid }] = await server.tasks("pending", "reserved");
      const path = `/taskrouter/v1/Workspaces/{WS}/Tasks/${sid}/Reservations`;
      const { reservations: all } = await server.rest("GET", path);
      return all.map(({ reservation_status }) => reservation_status).sort();
    };
    await eventually(reservations, (all) => `${all}` === "pending,rejected", "a second offer");
    await desk.accept();
    await desk.hears("Hello");
    await desk.endChat();
    await desk.complete();

    await server.offersStand(2);
    await server.customer("Bob", "Anybody there?");
    await desk.shows("Offline");
    await page.locator(".Twilio-NoTasksCanvas").waitFor();
    await server.offersStand(120);
    await desk.activity("Available");
    await desk.accept();
    await desk.hears("Anybody there?");
  },

  async "day: several chats at once, each by itself"(visit) {
    const { server } = visit;
    await server.capacity(2);
    const desk = await new DesktopPage(visit).signIn();
    await desk.activity("Available");
    const alice = await server.customer("Alice", "I am Alice");
    await desk.accept();
    await desk.hears("I am Alice");
    await server.customer("Bob", "I am Bob");
    await desk.task("Bob").click();
    await desk.incoming.getByRole("button", { name: "Accept" }).click();
    await desk.hears("I am Bob");
    assert.deepEqual(await desk.texts(), ["I am Bob"]);
    const form = { From: "Alice", Body: "Are you there?" };
    await server.rest("POST", `/chat/v2/Services/{IS}/Channels/${alice}/Messages`, form);
    await desk.task("Alice: Are you there?").click();
    await desk.hears("Are you there?");
    await desk.say("Yes, Alice");
    await desk.task("Bob").click();
    await desk.hears("I am Bob");
    assert.deepEqual(await desk.texts(), ["I am Bob"]);
    for (const name of ["Bob", "Alice"]) {
      await desk.task(name).click();
      await desk.endChat();
      await desk.complete();
      await desk.task(name).waitFor({ state: "detached" });
    }
  },

  async "day: a reload keeps the offer, the chat and the wrap-up"(visit) {
    const { page, server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    await desk.activity("Available");
    await server.customer("Alice", "Hello");
    await desk.task("Alice").waitFor();
    await page.reload();
    await desk.ready();
    await desk.accept();
    await desk.hears("Hello");
    await page.reload();
    await desk.ready();
    await desk.hears("Hello");
    await desk.say("Hi");
    await desk.endChat();
    await page.getByRole("button", { name: "COMPLETE" }).waitFor();
    await page.reload();
    await desk.ready();
    await desk.complete();
    await page.locator(".Twilio-NoTasksCanvas").waitFor();
    assert.equal((await server.tasks("completed")).some(({ attributes }) => attributes.includes("Alice")), true);
  },

  async "day: two tabs show the same"(visit) {
    const { context, server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    const other = new DesktopPage(visit, await context.newPage());
    await other.page.goto("/desktop/");
    await other.ready(); // signed in already
    await other.activity("Available");
    await desk.shows("Available");
    await server.customer("Alice", "Hello");
    await desk.task("Alice").waitFor();
    await other.accept();
    await other.hears("Hello");
    await desk.openTask();
    await desk.hears("Hello");
    await other.say("from the other tab");
    await desk.hears("from the other tab");
    await desk.endChat();
    await other.complete();
    await desk.page.locator(".Twilio-NoTasksCanvas").waitFor();
  },

  async "day: a crash of the server in the middle loses nothing"(visit) {
    const { page, server } = visit;
    visit.expected.push(away);
    await server.capacity(2);
    const desk = await new DesktopPage(visit).signIn();
    await desk.activity("Available");
    await another(visit, async (customer) => {
      customer.expected.push(away);
      const widget = await new WidgetPage(customer).start("Carol", "Where is my parcel?");
      await desk.accept();
      await widget.say("before");
      await desk.hears("before");
      await server.customer("Bob", "I wait");
      await desk.task("Bob").waitFor();
      const back = Promise.all([sockets(page, "wsconnect", 3), sockets(page, "wschannels", 1), sockets(customer.page, "wsconnect", 1)]);
      await server.stop("SIGKILL");
      await server.start();
      await back;
      await widget.say("after");
      await desk.hears("after");
      await desk.say("Still here.");
      await widget.hears("Still here.");
      await desk.task("Bob").click();
      await desk.incoming.getByRole("button", { name: "Accept" }).click();
      await desk.hears("I wait");
      assert.equal((await server.tasks("assigned")).length, 2);
    });
  },
};
