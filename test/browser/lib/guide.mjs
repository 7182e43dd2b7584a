// The guide's page as a person uses it, at either size.

import { eventually } from "./visit.mjs";

export class GuidePage {
  constructor(visit) {
    this.visit = visit;
    this.page = visit.page;
    this.customer = new Side(this, "customer", "Customer");
    this.agent = new Side(this, "agent", "Agent");
  }

  async open() {
    await this.page.goto("/guide/");
    return this;
  }

  async start(name) {
    await this.customer.show();
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Start the conversation" }).click();
    await this.customer.ready();
  }

  /** The agent signs in, and takes what is offered from now on. */
  async signIn() {
    await this.agent.show();
    await this.agent.root.getByRole("button", { name: "Sign in as the agent" }).click();
    await this.goAvailable();
  }

  async goAvailable() {
    await this.agent.show();
    await this.agent.root.getByRole("button", { name: "Go available" }).click();
    await this.activity("Available");
  }

  /** Waits until the agent is in that activity. */
  async activity(name) {
    const chosen = () => this.agent.root.getByLabel("Activity").evaluate((el) => el.selectedOptions[0]?.text);
    await eventually(chosen, (text) => text === name, `the activity ${name}`);
  }

  async accept() {
    await this.agent.show();
    await this.agent.root.getByRole("button", { name: "Accept" }).click();
    await this.agent.ready();
  }

  /** The agent presses a button of the desk. */
  async press(name) {
    await this.agent.show();
    await this.agent.root.getByRole("button", { name, exact: true }).click();
  }

  /** A conversation with both sides in it, begun by that message of the customer. */
  async both(name = "Alice", first = "Hello") {
    await this.open();
    await this.signIn();
    await this.start(name);
    await this.customer.say(first);
    await this.accept();
    return this;
  }

  /** The SID of this page's channel. */
  channelSid() {
    return this.page.evaluate(() => JSON.parse(sessionStorage.getItem("parley.guide")).customer.channelSid);
  }
}

export class Side {
  constructor(guide, side, tab) {
    this.guide = guide;
    this.page = guide.page;
    this.root = guide.page.locator(`#side-${side}`);
    this.tab = guide.page.getByRole("tab", { name: new RegExp(`^${tab}`) });
    this.field = this.root.getByLabel("Message", { exact: true });
    this.log = this.root.getByRole("log");
  }

  /** On a phone the side has to be chosen first. */
  async show() {
    if (this.guide.visit.size === "phone") await this.tab.click();
  }

  async ready() {
    await this.field.waitFor();
  }

  async say(text) {
    await this.show();
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  async attach(...files) {
    await this.show();
    await this.root.locator("input[type=file]").setInputFiles(files);
  }

  /** Waits until a text stands in the log, and shows the side for it. */
  async hears(text) {
    await this.show();
    await this.log.getByText(text, { exact: true }).waitFor();
  }

  /** The texts of all bubbles, oldest first. */
  texts() {
    return this.root.locator(".row .bubble:not(.file, .picture), .row .emoji").allTextContents();
  }

  async sees(locator) {
    await this.show();
    await this.root.locator(locator).first().waitFor();
  }

  /** Waits for what stands under the newest own message. */
  async state(...oneOf) {
    await this.show();
    const read = () => this.root.locator(".row.own .state").allTextContents();
    await eventually(read, (all) => oneOf.includes(all.at(-1)), `state ${oneOf.join(" or ")}`);
  }

  /** Waits until the newest own message has reached the server. */
  async sent() {
    await this.state("Sent", "Read");
  }
}
