// One visit of one test: its own browser context, watched for faults that no test asks about.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const sizes = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};

export class Visit {
  #faults = [];
  /** Console messages that a test brings about on purpose. */
  expected = [];
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
    context.setDefaultTimeout(10_000);
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

  /** Fails on anything that the page complained of, or asked of another host. */
  assertClean() {
    const faults = this.#faults.filter((fault) => !this.expected.some((pattern) => pattern.test(fault)));
    assert.deepEqual(faults, []);
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

/** Another person with a browser of their own; whatever it complains of is this test's fault too. */
export async function another(visit, act) {
  const other = await Visit.open(visit.context.browser(), visit.server, visit.size);
  try {
    await act(other);
    other.assertClean();
  } finally {
    await other.context.close();
  }
}

/** Polls until a value is right, and says what it was when it never becomes so. */
export async function eventually(read, right, what, ms = 10_000) {
  const until = Date.now() + ms;
  let value;
  do {
    value = await read();
    if (right(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  } while (Date.now() < until);
  throw new assert.AssertionError({ message: `${what}: ${JSON.stringify(value)}` });
}
