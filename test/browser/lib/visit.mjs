// One visit of one test: its own browser context, watched for faults that no test asks about.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How long anything may take: far longer than on a machine with nothing else to do, for CI has machines with much to do. */
export const PATIENCE_MS = 60_000;

/** What stands on a page for some seconds only. */
const passing = ".Twilio-NotificationBar-MessageContainer, [role=status]";

/** Runs in every page: writes down what passes, in its order, so that a slow test misses none of it. */
function keepPassing(selector) {
  window.passed = [];
  const read = () => [...document.querySelectorAll(selector)].map((element) => element.textContent);
  let standing = [];
  new MutationObserver(() => {
    const now = read();
    for (const text of standing) if (now.includes(text)) now.splice(now.indexOf(text), 1);
    window.passed.push(...now.filter((text) => text));
    standing = read();
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

export const sizes = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};

export class Visit {
  #faults = [];
  /** Console messages that a test brings about on purpose. */
  expected = [];
  /** The visits of other people in the same test. */
  others = [];
  /** Hosts beside the server's that a test lets its page speak to. */
  allowed = [];

  constructor(server, context, page, size) {
    Object.assign(this, { server, context, page, size });
  }

  static async open(browser, server, size, options = {}) {
    const context = await browser.newContext({
      ...sizes[size],
      baseURL: server.origin,
      acceptDownloads: true,
      reducedMotion: "reduce",
      ignoreHTTPSErrors: true, // certificates here are of the tests' own making
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(keepPassing, passing);
    const page = await context.newPage();
    const visit = new Visit(server, context, page, size);
    const { host } = new URL(server.origin);
    const look = (url) => {
      const { protocol, host: to } = new URL(url);
      if (!["data:", "blob:"].includes(protocol) && to !== host && !visit.allowed.includes(to))
        visit.#faults.push(`foreign request: ${url}`);
    };
    const watch = (tab) => {
      tab.on("pageerror", (error) => visit.#faults.push(`page error: ${error.stack ?? error}`));
      tab.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) visit.#faults.push(`console: ${message.text()}`);
      });
      tab.on("websocket", (socket) => look(socket.url()));
    };
    watch(page);
    context.on("page", watch);
    context.on("request", (request) => look(request.url())); // those of workers too
    return visit;
  }

  /** What no test expects. */
  faults() {
    return this.#faults.filter((fault) => !this.expected.some((pattern) => pattern.test(fault)));
  }

  /** Pictures of all its tabs and those of the others, and what their pages complained of. */
  async evidence() {
    const evidence = { pictures: [], faults: this.faults() };
    for (const page of this.context.pages())
      evidence.pictures.push(await page.screenshot({ timeout: 5_000 }).catch(() => Buffer.alloc(0)));
    for (const other of this.others) {
      const { pictures, faults } = await other.evidence();
      evidence.pictures.push(...pictures);
      evidence.faults.push(...faults);
    }
    return evidence;
  }

  async close() {
    for (const { context } of [...this.others, this]) await context.close();
  }

  /** Fails on anything that the page complained of, or asked of another host. */
  assertClean() {
    assert.deepEqual(this.faults(), []);
  }

  /** Accessibility by axe-core: WCAG 2.2 A and AA, and axe's best practices. */
  async assertAccessible(where) {
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => window.axe.run(document));
    const told = violations.map(
      ({ id, help, nodes }) => `${where}: ${id}: ${help}: ${nodes.map((n) => n.target.join(" ")).join(", ")}`,
    );
    assert.deepEqual(told, []);
  }

  /** No part of a page may be wider than the window. */
  async assertFits() {
    const over = await this.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(over <= 0, `the page is ${over} px wider than the window`);
  }
}

/** Waits for a text that passes, after the one that was last waited for. */
export function passed(page, text) {
  const take = (words) => {
    const at = window.passed.findIndex((one) => one.includes(words));
    return { taken: window.passed.splice(0, at + 1).length > 0, left: window.passed };
  };
  return eventually(() => page.evaluate(take, text), ({ taken }) => taken, `to be told “${text}”`);
}

/** Another person with a browser of their own; whatever it complains of is this test's fault too. */
export async function another(visit, act) {
  const other = await Visit.open(visit.context.browser(), visit.server, visit.size);
  visit.others.push(other);
  await act(other);
  other.assertClean();
  await other.close();
}

/** Polls until a value is right, and says what it was when it never becomes so. */
export async function eventually(read, right, what, ms = PATIENCE_MS) {
  const until = Date.now() + ms;
  let value;
  do {
    value = await read();
    if (right(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  } while (Date.now() < until);
  throw new assert.AssertionError({ message: `${what}: ${JSON.stringify(value)}` });
}
