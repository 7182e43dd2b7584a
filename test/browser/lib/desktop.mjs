// The agents' desktop as a person uses it: Flex UI as published, so its elements are found by the words and class names that it gives them.

import assert from "node:assert/strict";
import { eventually, passed } from "./visit.mjs";

/** What Flex UI and the widget say in the console of every healthy day. */
const usual = [
  /received payload\.useSeparateInputStore as false/,
  /"ebServer" and "wsServer" parameter will be removed/,
  /Failed to initialize storage/,
  /Browser error: redirecting/,
  /Unknown error code/,
  /related to Event: task\.%s does not exist in Worker/, // a transfer is told to both workers, and the SDK of one knows it as its own
  /ChatModule: CH\w+\s+Original error:\s+"Not Found"/, // it looks at a chat before its worker has been let in, and again afterwards
  // It looks whether its worker is in the chat of each task: after a reload, in a second tab, and on a slow machine before it has heard so.
  /No chat client found on the state|ChatJoiner: |status of 409|Agent is already in the chat channel/,
  /Channel not found|Command failed/, // the end of a chat may overtake the report of what was read in it
  /Document not found \(status: 404, code: 54100\)/, // a chat may be left while the SDK still opens its parts
  /Could not play initial audio/, // before the first click of a visit, browsers play nothing
];

/** The open chat, which looks alike on both sides. */
class ChatPage {
  constructor(visit, page = visit.page) {
    this.visit = visit;
    this.page = page;
    visit.expected.push(...usual);
    this.field = this.page.getByPlaceholder("Type message");
    this.messages = this.page.locator(".Twilio-MessageListItem");
  }

  async say(text) {
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  /** Waits until the widget has written down its chat, which it does once a second. */
  async kept() {
    const kept = () => this.page.evaluate(() => localStorage.getItem("twilio-flex-cf") ?? "");
    await eventually(kept, (text) => /"channelSid":"CH/.test(text), "the widget's memory");
  }

  async hears(text) {
    await this.messages.getByText(text, { exact: true }).waitFor();
  }

  /** What was said, the oldest first. */
  texts() {
    return this.messages.locator(".Twilio-MessageBubble-Body").allTextContents();
  }

  /** Sends a file of { name, mimeType, buffer }. */
  async attach(file) {
    await this.page.locator("input[type=file]").setInputFiles(file);
    await this.page.getByLabel("Send Message").click();
  }

  /** A file comes to this side, and opens as it was sent, byte for byte. */
  async receives({ name, buffer }) {
    const [stem, extension] = name.split(/(?=\.)/);
    const bubble = this.messages.filter({ hasText: stem }).filter({ hasText: extension });
    await this.page.evaluate(() => {
      const { open } = window;
      window.opened = new Promise((resolve) => {
        window.open = (url) => {
          window.open = open;
          resolve(url); // but no tab, which would take the chat out of sight
        };
      });
    });
    await bubble.locator("[data-test=MediaMessageBubble-Received]").click();
    const answer = await fetch(await this.page.evaluate(() => window.opened));
    assert.equal(answer.status, 200);
    assert.ok(buffer.equals(Buffer.from(await answer.arrayBuffer())), `the bytes of ${name}`);
  }

  /** Up and down again: a list takes what is in it for read when it is scrolled to its end. */
  async scroll() {
    await this.page.locator(".Twilio-MessageList").hover();
    await this.page.mouse.wheel(0, -50);
    await this.page.mouse.wheel(0, 500);
  }
}

export class DesktopPage extends ChatPage {
  constructor(visit, page) {
    super(visit, page);
    this.tasks = this.page.locator(".Twilio-TaskListBaseItem");
    this.incoming = this.page.locator(".Twilio-IncomingTaskCanvas");
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
    await this.page.locator(".Twilio-MainContainer").waitFor();
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
    await this.shows(name);
  }

  /** The header shows the activity of that name. */
  async shows(name) {
    await this.page.locator("[data-test=activity-toggle]").getByText(name).waitFor();
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

  /** The row of the task list with that text. */
  task(text) {
    return this.tasks.filter({ hasText: text });
  }

  async endChat() {
    await this.page.getByRole("button", { name: "END CHAT" }).click();
  }

  async complete() {
    await this.page.getByRole("button", { name: "COMPLETE" }).click();
  }

  async logOut() {
    await this.page.locator("[data-test=activity-toggle]").click();
    await this.page.getByRole("button", { name: "Log out" }).click();
  }

  /** Hands the open chat to the worker or queue of that name. */
  async transfer(name, tab = "Agents") {
    await this.page.getByRole("button", { name: "Transfer", exact: true }).click();
    await this.directory.getByRole("button", { name: tab }).click();
    const row = this.directory.locator(".Twilio-WorkerDirectory-Worker, .Twilio-WorkerDirectory-Queue", { hasText: name });
    await row.hover();
    await row.getByRole("button").click();
  }

  /** Waits for a notice of the bar, also one that is gone already. */
  async notice(text) {
    await passed(this.page, text);
  }
}

/** The chat widget on a page that has it. */
export class WidgetPage extends ChatPage {
  async start(name, question, url) {
    await this.ask(name, question, url);
    await this.field.waitFor();
    return this;
  }

  /** Opens the widget and sends its form. */
  async ask(name, question, url = "/webchat/") {
    await this.page.goto(url);
    await this.page.locator(".Twilio-EntryPoint").click();
    await this.fill(name, question);
  }

  /** Sends the form before the chat. */
  async fill(name, question) {
    await this.page.locator("input[name=friendlyName]").fill(name);
    await this.page.locator("textarea[name=question]").fill(question);
    await this.page.getByRole("button", { name: "Start chat" }).click();
  }

  async say(text) {
    await super.say(text);
    await this.hears(text);
  }
}
