import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DesktopPage, WidgetPage } from "../lib/desktop.mjs";
import { Host } from "../lib/host.mjs";
import { another, eventually } from "../lib/visit.mjs";

const vendor = join(import.meta.dirname, "../../../web/vendor");
const bundles = [
  ["@twilio/flex-ui", "flex-ui", "twilio-flex.prod.browser.js"],
  ["@twilio/flex-webchat-ui", "flex-webchat-ui", "twilio-flex-webchat.prod.browser.js"],
];

export const desktop = {
  async "desktop: its bundles are the published ones, byte for byte"({ server, scratch }) {
    const lock = JSON.parse(readFileSync(join(vendor, "package-lock.json"), "utf8"));
    for (const [name, folder, file] of bundles) {
      const { version, integrity } = lock.packages[`node_modules/${name}`];
      const args = ["pack", `${name}@${version}`, "--pack-destination", scratch, "--prefer-offline", "--silent"];
      const archive = join(scratch, execFileSync("npm", args, { cwd: vendor, encoding: "utf8" }).trim());
      assert.equal(`sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`, integrity);
      const published = execFileSync("tar", ["-xOzf", archive, `package/bundle/${file}`], { maxBuffer: 1 << 26 });
      for (const coding of ["identity", "gzip"]) {
        const answer = await fetch(`${server.origin}/vendor/${folder}/${version}/${file}`, {
          headers: { "Accept-Encoding": coding },
        });
        assert.equal(answer.headers.get("content-encoding") ?? "identity", coding);
        assert.match(answer.headers.get("cache-control"), /immutable/);
        assert.ok(published.equals(Buffer.from(await answer.arrayBuffer())), `${file} as ${coding}`);
      }
    }
  },

  async "desktop: opens whole, asks nobody else, and keeps the token to itself"(visit) {
    const sockets = [];
    visit.page.on("websocket", (socket) => sockets.push(new URL(socket.url()).pathname));
    const desk = await new DesktopPage(visit).signIn();
    await desk.assertWhole();
    assert.equal(new URL(visit.page.url()).pathname.replace(/\/$/, ""), "/agent-desktop");
    assert.equal(new URL(visit.page.url()).search, "");
    assert.deepEqual(sockets.sort(), [
      "/event-bridge/v1/wschannels",
      "/tsock/v3/wsconnect",
      "/tsock/v3/wsconnect",
      "/tsock/v3/wsconnect",
    ]);
    await visit.page.reload();
    await desk.ready();
    await desk.assertWhole();
  },

  async "desktop: a supervisor's views stay after a reload"(visit) {
    const desk = await new DesktopPage(visit).signIn("supervisor");
    for (const view of ["teams", "queues-stats"]) {
      await visit.page.goto(`/${view}`);
      await desk.ready();
      await eventually(() => new URL(visit.page.url()).pathname.replace(/\/$/, ""), (path) => path === `/${view}`, "the view");
      await desk.assertWhole();
    }
  },

  async "desktop: an offer rings and counts down; the chat goes both ways, and to a colleague"(visit) {
    const desk = await new DesktopPage(visit).signIn();
    await visit.page.evaluate(() => {
      window.played = [];
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function () {
        window.played.push(new URL(this.src).pathname);
        return play.call(this);
      };
    });
    await visit.server.move("Available");
    await another(visit, async (customer) => {
      const widget = await new WidgetPage(customer).start("Carol", "Where is my parcel?");
      await desk.openTask();
      const clock = visit.page.locator(".Parley-Countdown").first();
      const seconds = async () => Number.parseInt(await clock.innerText(), 10);
      const first = await seconds();
      assert.ok(first > 30 && first <= 120, `${first} s`);
      await eventually(seconds, (now) => now < first, "the countdown");
      assert.deepEqual(await visit.page.evaluate(() => window.played), ["/desktop/incoming.wav"]);
      await desk.accept();
      await widget.say("It is late.");
      await desk.hears("It is late.");
      await desk.say("Let me look.");
      await widget.hears("Let me look.");
      await another(visit, async (colleague) => {
        const second = await new DesktopPage(colleague).signIn("supervisor");
        await visit.server.move("Available", "supervisor");
        await desk.transfer("Supervisor");
        await desk.notice("The chat is offered");
        await second.tasks.waitFor();
        await desk.page.getByRole("button", { name: "Cancel transfer" }).click();
        await second.tasks.waitFor({ state: "detached" });
        await desk.transfer("Supervisor");
        await second.accept();
        await second.hears("It is late.");
        await desk.notice("The chat was taken over.");
        await desk.page.locator(".Twilio-NoTasksCanvas").waitFor();
        await second.say("I go on from here.");
        await widget.hears("I go on from here.");
        await widget.say("Thank you.");
        await second.hears("Thank you.");
        await second.page.getByRole("button", { name: "END CHAT" }).click();
        await second.page.getByRole("button", { name: "COMPLETE" }).click();
        await customer.page.getByRole("button", { name: "START NEW CHAT" }).waitFor();
      });
    });
  },

  async "desktop: a plugin that never comes does not keep the agent waiting"(visit) {
    visit.expected.push(/does not come; the desktop goes on without it/, /Failed to download plugin/, /ERR_FAILED/);
    await visit.page.route("**/desktop/transfer.js", () => {});
    const desk = await new DesktopPage(visit).signIn();
    await desk.page.getByText("Hello, agent!").waitFor(); // the other plugin is there
    await visit.page.unrouteAll({ behavior: "ignoreErrors" });
  },

  async "desktop: loads a plugin from the operator's folder"(visit) {
    const desk = await new DesktopPage(visit).signIn();
    await desk.page.getByText("Hello, agent!").waitFor();
  },

  async "desktop: says that its program did not come"(visit) {
    new DesktopPage(visit); // once it comes, it says its usual things
    visit.expected.push(/Failed to load resource/, /cannot be loaded/);
    await visit.page.route("**/vendor/**", (route) => route.abort());
    await visit.page.goto("/desktop/");
    await visit.page.getByText("The desktop could not be loaded.").waitFor();
    await visit.assertAccessible("the notice");
    await visit.page.unrouteAll();
    await visit.page.getByRole("button", { name: "Try again" }).click();
    await visit.page.getByRole("button", { name: "Sign in as agent" }).waitFor();
  },

  async "desktop: says what is wrong when Flex UI gives up"(visit) {
    visit.expected.push(/./); // it says much
    await visit.page.route("**/Configuration/Public**", (route) => route.fulfill({ json: { configurations: [] } }));
    await visit.page.goto("/desktop/");
    await visit.page.getByText("This server does not know the account.").waitFor();
    await visit.page.unrouteAll();
    await visit.page.getByRole("button", { name: "Sign in again" }).click();
    await visit.page.getByRole("button", { name: "Sign in as agent" }).waitFor();
  },

  async "desktop: by a host's name, plain and behind TLS"(visit) {
    const { port, tlsPort } = visit.server.options;
    for (const baseURL of [`http://desk.example.test:${port}`, `https://desk.example.test:${tlsPort}`]) {
      const { host } = new URL(baseURL);
      await another(visit, async (other) => {
        other.allowed.push(host);
        other.expected.push(/Cross-Origin-Opener-Policy header has been ignored/); // as browsers do without TLS
        const desk = await new DesktopPage(other).signIn("agent", `${baseURL}/desktop/`);
        await desk.assertWhole();
        assert.equal(new URL(other.page.url()).host, host);
      });
    }
  },

  async "desktop: on a page of another site"(visit) {
    const { origin } = visit.server;
    const { account_sid } = await (await fetch(`${origin}/demo/credentials`)).json();
    const [[, folder, file]] = bundles;
    const { version } = JSON.parse(readFileSync(join(vendor, "package-lock.json"), "utf8")).packages["node_modules/@twilio/flex-ui"];
    const host = await Host.listen(
      `<!doctype html><meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
      <div id="root" style="height:100vh;display:flex"></div><div id="notice"></div>
      <script src="${origin}/desktop/parley-desktop.js"></script>
      <script>const config = Parley.desktop({ accountSid: "${account_sid}" });</script>
      <script src="${origin}/vendor/${folder}/${version}/${file}"></script>
      <script>Twilio.Flex.runDefault(config, "#root");</script>`,
      visit.server.options.hostPort,
    );
    try {
      visit.allowed.push(new URL(host.origin).host);
      const desk = new DesktopPage(visit);
      await desk.signIn("agent", `${host.origin}/agent-desktop`);
      await desk.assertWhole();
      assert.equal(new URL(visit.page.url()).origin, host.origin);
    } finally {
      await host.close();
    }
  },
};

export const widget = {
  async "widget: its page says what to do, and the chat comes back after a reload"(visit) {
    await visit.page.goto("/webchat/");
    await visit.page.locator(".Twilio-EntryPoint").waitFor();
    await visit.assertFits();
    const page = await new WidgetPage(visit).start("Carol", "Where is my parcel?");
    await page.say("Hello?");
    await page.kept();
    await visit.page.reload();
    await page.hears("Hello?");
  },

  async "widget: on a page of another site"(visit) {
    const { origin } = visit.server;
    const { account_sid, web_flow_sid } = await (await fetch(`${origin}/demo/credentials`)).json();
    const host = await Host.listen(
      `<!doctype html><link rel="icon" href="data:,"><title>Shop</title><h1>Shop</h1>
      <script src="${origin}/webchat/parley-webchat.js" data-account="${account_sid}" data-flow="${web_flow_sid}" defer></script>`,
    );
    try {
      visit.allowed.push(new URL(host.origin).host);
      const page = await new WidgetPage(visit).start("Dave", "Do you ship abroad?", host.origin);
      await page.say("Hello from the shop");
      const [task] = await visit.server.tasks("pending", "reserved");
      assert.equal(JSON.parse(task.attributes).name, "Dave");
    } finally {
      await host.close();
    }
  },

  async "widget: without its account it stays away and says why"(visit) {
    visit.expected.push(/data-account and data-flow/);
    const host = await Host.listen(
      `<!doctype html><link rel="icon" href="data:,"><script src="${visit.server.origin}/webchat/parley-webchat.js" defer></script>`,
    );
    try {
      visit.allowed.push(new URL(host.origin).host);
      const said = visit.page.waitForEvent("console");
      await visit.page.goto(host.origin);
      assert.match((await said).text(), /data-account and data-flow/);
    } finally {
      await host.close();
    }
  },
};
