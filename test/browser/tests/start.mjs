import assert from "node:assert/strict";
import { passed } from "../lib/visit.mjs";

export const start = {
  async "start page: health, credentials, snippets, links"({ page, server }) {
    await page.goto("/");
    await page.getByText("The server is ready").waitFor();
    const credentials = await (await fetch(`${server.origin}/demo/credentials`)).json();
    for (const key of ["account_sid", "auth_token", "api_key_sid", "chat_service_sid", "flex_flow_sid"]) {
      assert.equal(await page.locator(`code[data-key=${key}]`).textContent(), credentials[key]);
    }
    const text = await page.locator("main").textContent();
    assert.ok(
      text.includes(`ws://${new URL(server.origin).host}/tsock/v3/wsconnect`),
      "the socket's address",
    );
    assert.ok(text.includes(`${server.origin}/flex-api/v1/Channels`), "the channel request");
    await page.getByText("not affiliated with").waitFor();
    for (const link of await page.getByRole("link").all()) {
      const href = await link.getAttribute("href");
      if (!href.startsWith("#")) assert.equal((await fetch(server.origin + href)).status, 200, href);
    }
  },

  async "start page: copies a value and all of them"({ page, context, server }) {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto("/");
    await page.getByRole("button", { name: "Copy: Account SID" }).click();
    await passed(page, "Copied");
    const credentials = await (await fetch(`${server.origin}/demo/credentials`)).json();
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    assert.equal(await clipboard(), credentials.account_sid);
    await page.getByRole("button", { name: "Copy all as JSON" }).click();
    await passed(page, "Copied");
    assert.deepEqual(JSON.parse(await clipboard()), credentials);
  },

  async "start page: leads to the widget and the guide, keyboard first"({ page }) {
    await page.goto("/");
    await page.getByText("The server is ready").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    for (const there of ["**/webchat/", "**/guide/"]) {
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL(there);
      await page.goBack();
      await page.locator("main").focus();
      await page.keyboard.press("Tab");
    }
  },

  async "start page: accessible and no wider than the window"(visit) {
    await visit.page.goto("/");
    await visit.page.locator("code[data-key=account_sid]").waitFor();
    await visit.assertFits();
    await visit.assertAccessible("light");
    await visit.page.emulateMedia({ colorScheme: "dark" });
    await visit.assertAccessible("dark");
  },
};

/** Against a server without demo mode. */
export const plain = {
  async "without demo mode: no credentials, no sign-in, and a word about it"(visit) {
    const { page, server } = visit;
    await page.goto("/");
    await page.getByText("does not run in demo mode").waitFor();
    assert.equal(await page.locator("code[data-key]").count(), 0);
    await page.goto("/guide/");
    await page.getByText("Demo mode is off").waitFor();
    assert.equal(await page.getByLabel("Your name").count(), 0);
    await visit.assertAccessible("demo off");
    for (const [method, path] of [
      ["GET", "/demo/credentials"],
      ["POST", "/demo/token"],
      ["POST", "/demo/channel"],
    ])
      assert.equal((await fetch(server.origin + path, { method })).status, 404, path);
  },
};
