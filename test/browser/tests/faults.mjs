import assert from "node:assert/strict";
import { sparse } from "../lib/files.mjs";
import { GuidePage } from "../lib/guide.mjs";
import { eventually } from "../lib/visit.mjs";

// What Chromium itself writes about a server that is away.
const away = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to/;

export const faults = {
  async "wrong input: no name, an over-long name"(visit) {
    const { page, customer } = await new GuidePage(visit).open();
    const name = page.getByLabel("Your name");
    const begin = page.getByRole("button", { name: "Start the conversation" });
    for (const [text, told] of [
      ["", /Enter a name/],
      ["   ", /Enter a name/],
      ["x".repeat(65), /65 characters/],
    ]) {
      await name.fill(text);
      await begin.click();
      await page.getByRole("alert").getByText(told).waitFor();
      assert.equal(await name.getAttribute("aria-invalid"), "true");
    }
    await visit.assertAccessible("a wrong name");
    await name.fill("x".repeat(64));
    await begin.click();
    await customer.ready();
    await visit.assertFits();
  },

  async "wrong input: a text over 32 KB, files that are empty or over 150 MB"(visit) {
    const { customer } = await new GuidePage(visit).both();
    await customer.show();
    await customer.field.fill("é".repeat(16 * 1024 + 1));
    await customer.root.getByText(/2 bytes over the limit of 32 KB/).waitFor();
    await customer.field.press("Enter");
    assert.deepEqual(await customer.texts(), ["Hello"]);
    const most = "é".repeat(16 * 1024);
    await customer.field.fill(most);
    await customer.field.press("Enter");
    await customer.sent();
    assert.deepEqual(await customer.texts(), ["Hello", most]);

    await customer.attach({ name: "nothing.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
    await customer.root.getByText("“nothing.txt” is empty.").waitFor();
    const huge = await sparse(visit.scratch, "huge.bin", 150 * 1024 * 1024 + 1);
    await customer.root.locator("input[type=file]").setInputFiles(huge);
    await customer.root.getByText(/Files can be up to 150 MB/).waitFor();
    assert.equal(await customer.root.locator(".bubble.file").count(), 0);
  },

  async "a refused upload is told, and retried"(visit) {
    const { customer, agent, page } = await new GuidePage(visit).both();
    visit.expected = [/status of 503/];
    let refused = 0;
    const refuse = (route) => {
      if (route.request().method() !== "POST") return route.continue();
      refused++;
      return route.fulfill({
        status: 503,
        contentType: "application/json",
        body: '{"message":"The disk is full."}',
      });
    };
    await page.route(/\/Media/, refuse);
    await customer.attach({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("abc") });
    await customer.root.getByText("Not sent. The disk is full.").waitFor();
    assert.equal(refused, 1);
    await page.unroute(/\/Media/, refuse);
    await customer.root.getByRole("button", { name: "Retry" }).click();
    await customer.sent();
    await agent.sees(".bubble.file");
    assert.equal(await agent.root.locator(".row .bubble.file").count(), 1);
  },

  async "a restart of the server in the middle loses and doubles nothing"(visit) {
    const { customer, agent } = await new GuidePage(visit).both("Alice", "before");
    visit.expected = [away];
    await agent.hears("before");
    await visit.server.stop();
    await customer.show();
    await customer.root.getByText("The connection was lost. Reconnecting…").waitFor();
    await customer.say("in between");
    await customer.root.getByText("Sending…").waitFor();
    await visit.server.start();
    await customer.root
      .getByText("The connection was lost. Reconnecting…")
      .waitFor({ state: "hidden" });
    // The SDK gives up a queued request after some time; then the reader sends it again.
    await eventually(
      async () => {
        const retry = customer.root.getByRole("button", { name: "Retry" });
        if (await retry.count()) await retry.click();
        return customer.root.locator(".row.own .state").allTextContents();
      },
      (states) => ["Sent", "Read"].includes(states.at(-1)),
      "the message is sent",
    );
    await agent.hears("in between");
    await agent.say("after");
    await customer.hears("after");
    for (const side of [customer, agent])
      assert.deepEqual(await side.texts(), ["before", "in between", "after"]);
  },

  async "a token is renewed before it expires, and nobody notices"(visit) {
    const { page, customer, agent, renewed } = await shortToken(visit, "20s");
    await agent.hears("before");
    await eventually(renewed, (n) => n >= 1, "a new token");
    assert.equal(await page.getByText("The connection was lost").count(), 0);
    await customer.say("after");
    await agent.hears("after");
  },

  async "an expired token is replaced, and what was missed comes"(visit) {
    visit.expected = [/status of 503/];
    const { page, customer, agent } = await shortToken(visit, "20s", { renewals: false });
    await customer.show();
    await customer.root.getByText("Signing in again…").waitFor();
    await agent.say("meanwhile");
    await page.unroute("**/demo/token");
    await customer.show();
    await customer.root.getByText("Signing in again…").waitFor({ state: "hidden" });
    await customer.hears("meanwhile");
    await customer.say("back");
    await agent.hears("back");
    assert.deepEqual(await agent.texts(), ["before", "meanwhile", "back"]);
  },

  async "a conversation that is gone is told, and a new one begins"(visit) {
    const guide = await new GuidePage(visit).open();
    await guide.start("Alice");
    await visit.server
      .rest("DELETE", `/chat/v2/Services/{IS}/Channels/${await guide.channelSid()}`)
      .catch(() => {});
    await guide.customer.root.getByText("This conversation was ended.").waitFor();
    await guide.page.getByRole("button", { name: "New conversation" }).click();
    await guide.start("Alice");
    await guide.customer.say("again");
    await guide.customer.sent();
  },
};

/** A conversation whose customer starts with a token of that life; later ones are ordinary, or refused. */
async function shortToken(visit, life, { renewals = true } = {}) {
  const guide = await new GuidePage(visit).open();
  let asked = 0;
  await guide.page.route("**/demo/token", async (route) => {
    const { identity, role } = route.request().postDataJSON();
    if (role) return route.continue();
    if (asked++ === 0) {
      const answer = await visit.server.token(identity, life);
      return route.fulfill({ json: { identity, token: answer } });
    }
    return renewals ? route.continue() : route.fulfill({ status: 503, json: { message: "Not now." } });
  });
  await guide.signIn();
  await guide.start("Alice");
  await guide.customer.say("before");
  await guide.accept();
  return { page: guide.page, customer: guide.customer, agent: guide.agent, renewed: async () => asked - 1 };
}
