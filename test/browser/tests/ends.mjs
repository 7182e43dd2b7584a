import assert from "node:assert/strict";
import { DesktopPage, WidgetPage } from "../lib/desktop.mjs";
import { Host } from "../lib/host.mjs";
import { another, eventually } from "../lib/visit.mjs";

const plugin = `Twilio.Flex.Plugins.init(class { init() { document.title = "From another site"; } });`;

/** The desktop of somebody who signs in, until the server ends the session. */
async function agent(visit) {
  const { page, server } = visit;
  const host = await Host.listen(plugin, server.options.hostPort, "text/javascript");
  try {
    visit.allowed.push(new URL(host.origin).host);
    const desk = await new DesktopPage(visit).signIn();
    assert.equal(await page.title(), "From another site");
    await desk.assertWhole();
    visit.expected.push(/./); // each of its parts says that it is refused
    await page.getByText("You have been signed out.").waitFor({ timeout: 120_000 }); // the session's minute, and the page asks every 15 s
    await page.getByText("Click here to log in again").click();
    await page.getByRole("button", { name: "Sign in as agent" }).waitFor();
  } finally {
    await host.close();
  }
}

/** The widget of a visitor whose first token ends. */
async function visitor(visit) {
  const { page } = visit;
  const first = page.waitForResponse(/\/Tokens$/);
  const renewed = page.waitForResponse(/\/Tokens\/refresh$/);
  const widget = await new WidgetPage(visit).start("Carol", "Where is my parcel?");
  await widget.hears("Where is my parcel?");
  const { expiration } = await (await first).json();
  assert.equal((await renewed).status(), 200);
  await eventually(() => Date.now(), (now) => now > Date.parse(expiration), "the end of the first token", 90_000);
  await widget.say("I am still here.");
}

/** For a server whose sessions and tokens last a minute. */
export const ends = {
  async "ends: an agent's session is over, in words and with a way on; a visitor's goes on"(visit) {
    await another(visit, (other) => Promise.all([agent(visit), visitor(other)]));
  },
};
