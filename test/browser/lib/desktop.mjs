// The agents' desktop as a person uses it: Flex UI as published, so its elements are found by the words and class names that it gives them.

import assert from "node:assert/strict";
import { eventually } from "./visit.mjs";

/** What Flex UI says in the console of every healthy day. */
const usual = [
  /"ebServer" and "wsServer" parameter will be removed/,
  /Failed to initialize storage/,
  /Browser error: redirecting/,
  /Unknown error code/,
  /Could not play initial audio/, // before the first click of a visit, browsers play nothing
  /received payload\.useSeparateInputStore as false/,
];

export class DesktopPage {
  constructor(visit) {
    this.visit = visit;
    this.page = visit.page;
    visit.expected.push(...usual);
    this.tasks = this.page.locator(".Twilio-TaskListBaseItem");
    this.incoming = this.page.locator(".Twilio-IncomingTaskCanvas");
    this.field = this.page.getByPlaceholder("Type message");
    this.directory = this.page.locator("[data-test=worker-directory]");
  }

  /** Opens the desktop and signs in with the demo's one click. */
  async signIn(name = "agent", path = "/desktop/") {
    await this.page.goto(path);
    await this.page.getByRole("button", { name: `Sign in as ${name}` }).click();
    return this.ready();
  }

  /** Waits for the desktop itself, not its loading page. */
  async ready() {
    await this.page.locator(".Twilio-MainContainer").waitFor({ timeout: 30_000 });
    return this;
  }

  /** Fails if Flex UI says that a part of it does not work. */
  async assertWhole() {
    const words = await this.page.locator("body").innerText();
    assert.doesNotMatch(words, /issues detected|degraded/i);
    assert.equal(await this.page.locator("#notice").innerText(), "");
  }

  /** The worker goes to an activity, by the menu of the header. */
  async activity(name) {
    await this.page.locator("[data-test=activity-toggle]").click();
    await this.page.getByRole("menuitem", { name }).or(this.page.locator(".Twilio-Menu").getByText(name)).first().click();
    const shown = () => this.page.locator("[data-test=activity-toggle]").innerText();
    await eventually(shown, (text) => text.includes(name), `the activity ${name}`);
  }

  /** Opens the first task of the list, when there is one. */
  async openTask() {
    await this.tasks.first().click();
  }

  async accept() {
    await this.openTask();
    await this.incoming.getByRole("button").first().click();
    await this.field.waitFor();
  }

  async say(text) {
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  async hears(text) {
    await this.page.locator(".Twilio-MessageListItem").getByText(text, { exact: true }).waitFor();
  }

  /** Hands the open chat to the worker or queue of that name. */
  async transfer(name) {
    await this.page.getByRole("button", { name: "Transfer", exact: true }).click();
    const row = this.directory.locator(".Twilio-WorkerDirectory-Worker, .Twilio-WorkerDirectory-Queue", { hasText: name });
    await row.hover();
    await row.getByRole("button").click();
  }

  async notice(text) {
    await this.page.locator(".Twilio-NotificationBar").getByText(text).first().waitFor();
  }
}

/** The chat widget on a page that has it. */
export class WidgetPage {
  constructor(visit) {
    this.visit = visit;
    this.page = visit.page;
    this.field = this.page.getByPlaceholder("Type message");
  }

  async start(name, question, url = "/webchat/") {
    await this.page.goto(url);
    await this.page.locator(".Twilio-EntryPoint").click();
    await this.page.locator("input[name=friendlyName]").fill(name);
    await this.page.locator("textarea[name=question]").fill(question);
    await this.page.getByRole("button", { name: "Start chat" }).click();
    await this.field.waitFor();
    return this;
  }

  async say(text) {
    await this.field.fill(text);
    await this.field.press("Enter");
    await this.hears(text);
  }

  async hears(text) {
    await this.page.locator(".Twilio-MessageListItem").getByText(text, { exact: true }).waitFor();
  }
}
