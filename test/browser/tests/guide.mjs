import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { png } from "../lib/files.mjs";
import { GuidePage } from "../lib/guide.mjs";
import { eventually } from "../lib/visit.mjs";

export const guide = {
  async "guide: a name, one conversation, both ends, read and typing"(visit) {
    const page = await new GuidePage(visit).open();
    const { customer, agent } = page;
    await page.signIn();
    await page.start("Zoë 👩‍🚀");
    await customer.say("Hello 👋 from Zoë");
    await customer.state("Sent");
    await page.accept();
    await agent.hears("Hello 👋 from Zoë");
    await agent.root.getByRole("heading", { name: "Zoë 👩‍🚀" }).waitFor();
    await customer.state("Read");
    // The SDK tells of typing once in five seconds, so this comes before anything else is written.
    await agent.show();
    const typing = customer.root.getByText("Agent is typing").waitFor({ state: "attached" }); // on a phone, the side is not shown
    await agent.field.pressSequentially("One mom");
    await typing;
    await agent.say("One moment");
    await customer.hears("One moment");
    await eventually(
      () => customer.root.getByText("Agent is typing").count(),
      (n) => n === 0,
      "typing ends with the message",
    );

    await agent.say("Hi! How can I help?");
    await customer.hears("Hi! How can I help?");
    await customer.root.getByRole("heading", { name: "Agent" }).waitFor();
    await agent.state("Read");
  },

  async "guide: pictures are shown, opened and closed"(visit) {
    const { customer, agent, page } = await new GuidePage(visit).both();
    await agent.attach({ name: "map 🗺.png", mimeType: "image/png", buffer: png(320, 200) });
    await agent.sent();
    await customer.sees(".picture img");
    const shown = customer.root.locator(".picture button img");
    await eventually(
      () => shown.evaluate((img) => (img.complete ? img.naturalWidth : 0)),
      (width) => width === 320,
      "the picture's width",
    );
    assert.equal(await shown.getAttribute("alt"), "map 🗺.png");
    await customer.root.getByRole("button", { name: /Open the picture/ }).click();
    const dialog = customer.root.getByRole("dialog");
    await dialog.waitFor();
    await visit.assertAccessible("open picture");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    const focused = await page.evaluate(() => document.activeElement.textContent);
    assert.match(focused, /Open the picture/, "the focus goes back");
  },

  async "guide: a file arrives byte for byte under its name"(visit) {
    const { customer, agent, page } = await new GuidePage(visit).both();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 256));
    await customer.attach({ name: "Lieferschein für Zoë.pdf", mimeType: "application/pdf", buffer: bytes });
    await customer.sent();
    await agent.sees(".bubble.file");
    await agent.root.getByText("293 KB").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      agent.root.getByRole("button", { name: "Download Lieferschein für Zoë.pdf" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "Lieferschein für Zoë.pdf");
    assert.ok(bytes.equals(await readFile(await download.path())), "the bytes");
  },

  async "guide: several files at once, and text with links and lines"(visit) {
    const { customer, agent } = await new GuidePage(visit).both();
    await customer.attach(
      { name: "one.txt", mimeType: "text/plain", buffer: Buffer.from("one") },
      { name: "two.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n") },
    );
    await eventually(
      () => agent.root.locator(".row .bubble.file").count(),
      (n) => n === 2,
      "two files",
    );
    await customer.show();
    await customer.field.fill("first line");
    await customer.field.press("Shift+Enter");
    await customer.field.pressSequentially("see http://example.org/x. <b>no markup</b>");
    await customer.field.press("Enter");
    const said = "first line\nsee http://example.org/x. <b>no markup</b>";
    await eventually(
      () => agent.texts(),
      (all) => all.at(-1) === said,
      "the text",
    );
    await agent.show();
    const link = agent.root.getByRole("link");
    assert.equal(await link.getAttribute("href"), "http://example.org/x");
    assert.match(await link.getAttribute("rel"), /noopener/);
  },

  async "guide: a reload keeps the conversation and goes on"(visit) {
    const { customer, agent, page } = await new GuidePage(visit).both("Alice", "before");
    visit.expected = [/status of 409/]; // the agent asks again for the place that it has
    await agent.hears("before");
    await page.reload();
    await customer.ready();
    await customer.hears("before");
    await agent.hears("before");
    await agent.say("after");
    await customer.hears("after");
    assert.deepEqual(await customer.texts(), ["before", "after"]);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByLabel("Your name").waitFor();
    await page.reload();
    await page.getByLabel("Your name").waitFor();
  },

  async "guide: older messages come back on scrolling, and the view stays"(visit) {
    const page = await new GuidePage(visit).open();
    const { customer } = page;
    await page.start("Alice");
    const channel = `/chat/v2/Services/{IS}/Channels/${await page.channelSid()}/Messages`;
    for (let n = 0; n < 75; n++)
      await visit.server.rest("POST", channel, { From: "system", Body: `note ${n}` });
    await customer.hears("note 74");
    await page.page.reload();
    await customer.hears("note 74");
    const texts = await customer.texts();
    assert.deepEqual([texts.length, texts[0]], [30, "note 45"]);

    const log = customer.log;
    const top = () =>
      log.getByText("note 45", { exact: true }).evaluate((el) => el.getBoundingClientRect().top);
    await log.evaluate((el) => {
      el.scrollTop = 0;
    });
    await log.getByText("note 15", { exact: true }).waitFor({ state: "attached" });
    const frame = await log.boundingBox();
    const at = await top();
    assert.ok(
      at > frame.y - 60 && at < frame.y + frame.height,
      `note 45 stands at ${at}, the log at ${frame.y}`,
    );
    await log.evaluate((el) => {
      el.scrollTop = 0;
    });
    await eventually(
      () => customer.texts(),
      (all) => all.length === 75 && all[0] === "note 0",
      "all messages",
    );
    await customer.root.getByRole("button", { name: "Newest" }).click();
    await eventually(
      () => log.evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight),
      (rest) => rest < 2,
      "back at the end",
    );
  },

  async "guide: unread counts while one is not looking"(visit) {
    const { customer, agent, page } = await new GuidePage(visit).both();
    if (visit.size === "phone") {
      await agent.say("one");
      await agent.say("two");
      await page.getByRole("tab", { name: "Customer 2 unread" }).waitFor();
      await agent.sent();
      await customer.show();
      await page.getByRole("tab", { name: "Customer", exact: true }).waitFor();
      await agent.state("Read");
      return;
    }
    const channel = `/chat/v2/Services/{IS}/Channels/${await customer.guide.channelSid()}/Messages`;
    for (let n = 0; n < 20; n++)
      await visit.server.rest("POST", channel, { From: "system", Body: `note ${n}` });
    await customer.hears("note 19");
    await customer.log.evaluate((el) => {
      el.scrollTop = 0;
    });
    await customer.root.getByRole("button", { name: "Newest" }).waitFor();
    await agent.say("look down");
    await customer.root.getByRole("button", { name: "1 new" }).click();
    await agent.state("Read");
  },

  async "guide: accessible and no wider than the window"(visit) {
    const page = await new GuidePage(visit).open();
    const both = async (where) => {
      await visit.assertFits();
      for (const colorScheme of ["light", "dark"]) {
        await visit.page.emulateMedia({ colorScheme });
        await visit.assertAccessible(`${where}, ${colorScheme}`);
      }
    };
    await both("welcome");
    await page.signIn();
    await page.start("Alice");
    await page.customer.say("Hello");
    await page.accept();
    await page.agent.say("Hello");
    await page.agent.attach({ name: "a.png", mimeType: "image/png", buffer: png(40, 40) });
    await page.agent.attach({
      name: "a-very-long-name-".repeat(8),
      mimeType: "text/plain",
      buffer: Buffer.from("x"),
    });
    await page.customer.say("x".repeat(300));
    await page.customer.sees(".bubble.file");
    await both("conversation");
  },

  async "guide: by keyboard alone"(visit) {
    const { page, customer } = await new GuidePage(visit).open();
    const focused = (locator) => locator.evaluate((el) => el === document.activeElement);
    const tabTo = async (locator) => {
      for (let n = 0; n < 25; n++) {
        if (await focused(locator)) return;
        await page.keyboard.press("Tab");
      }
      throw new Error("the Tab key does not get there");
    };
    await tabTo(page.getByLabel("Your name"));
    await page.keyboard.type("Alice");
    await page.keyboard.press("Enter");
    await customer.ready();
    if (visit.size === "phone") {
      await tabTo(page.getByRole("tab", { selected: true }));
      await page.keyboard.press("ArrowRight");
      await page.locator("#side-agent").waitFor();
      await page.keyboard.press("ArrowLeft");
    }
    await tabTo(customer.field);
    await page.keyboard.type("typed");
    await page.keyboard.press("Enter");
    assert.ok(await focused(customer.field), "the field keeps the focus");
    await customer.hears("typed");
  },
};
