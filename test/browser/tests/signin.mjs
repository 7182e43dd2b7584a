import assert from "node:assert/strict";
import { DesktopPage } from "../lib/desktop.mjs";
import { eventually, Visit } from "../lib/visit.mjs";

const password = "correct horse battery";
const workers = "/taskrouter/v1/Workspaces/{WS}/Workers";

/** Makes an agent with a password; answers its SID. */
async function makeWorker(server, name) {
  const form = { FriendlyName: name, Attributes: JSON.stringify({ full_name: name, roles: ["agent"] }) };
  const { sid } = await server.rest("POST", workers, form);
  await server.rest("POST", `/flex-api/v1/Parley/Workers/${sid}/Password`, { Password: password });
  return sid;
}

async function fill(page, name, secret) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

const loginPage = (page) => page.getByRole("heading", { name: "Sign in to the agent desktop" }).waitFor();

/** What the desktop says of a token that it is told to drop. */
const refusals = [/status of 40[13]/, /Error|error|invalid|Failed|failed/];

/** Changes the sign-in that the desktop keeps, and opens it again. */
async function reopenWith(page, change) {
  await page.goto("/healthz");
  await page.evaluate((changed) => {
    const kept = JSON.parse(localStorage.TWILIO_FLEX_SSO);
    localStorage.TWILIO_FLEX_SSO = JSON.stringify({ ...kept, ...changed });
  }, change);
  await page.goto("/desktop/");
}

export const signin = {
  async "sign-in: by a password, after a wrong one"(visit) {
    const { page, server } = visit;
    await makeWorker(server, "Greta");
    const desk = new DesktopPage(visit);
    await page.goto("/desktop/");
    await loginPage(page);
    await visit.assertAccessible("the login page");
    await visit.assertFits();
    visit.expected.push(/status of 403/);
    await fill(page, "greta", "wrong horse battery");
    await page.getByRole("alert").getByText("do not match").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "greta");
    assert.equal(await page.getByLabel("Password").inputValue(), "");
    await visit.assertAccessible("the login page with a fault");
    await fill(page, "greta", password);
    await desk.ready();
    await desk.assertWhole();
    await page.getByText("Greta").first().waitFor();
    assert.equal(new URL(page.url()).search, "");
  },

  async "sign-in: without scripts, as far as the desktop's own page"(visit) {
    const other = await Visit.open(visit.context.browser(), visit.server, "desktop", { javaScriptEnabled: false });
    try {
      const resource = encodeURIComponent(`${visit.server.origin}/desktop/`);
      await other.page.goto(`/preview/iam/login?resource=${resource}`);
      await other.page.getByRole("button", { name: "Sign in as agent" }).click();
      await eventually(() => new URL(other.page.url()).pathname, (path) => path === "/agent-desktop", "the way on");
      other.assertClean();
    } finally {
      await other.context.close();
    }
  },

  async "sign-in: asked for anew when the token is good no more"(visit) {
    const { page } = visit;
    const desk = await new DesktopPage(visit).signIn();
    visit.expected.push(...refusals);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const token = await page.evaluate(() => JSON.parse(localStorage.TWILIO_FLEX_SSO).token);
    for (const [what, change] of Object.entries({
      forged: { token: `${token.slice(0, -6)}AAAAAA`, expiration: later },
      nonsense: { token: "nonsense", expiration: later },
      old: { token: "nonsense", expiration: new Date(0).toISOString() },
    })) {
      await reopenWith(page, change);
      await loginPage(page).catch((error) => assert.fail(`a token that is ${what}: ${error.message}`));
      await page.getByRole("button", { name: "Sign in as agent" }).click();
      await desk.ready();
    }
    await desk.assertWhole();
  },

  async "sign-in: the token is renewed while the desktop is open"(visit) {
    const { page } = visit;
    // The desktop hears that its first token ends soon, and asks for the next one in that token's last minute.
    const soon = new Date(Date.now() + 110_000).toISOString();
    let first;
    await page.route("**/Tokens/validate", async (route) => {
      const { token } = route.request().postDataJSON();
      first ??= token;
      const response = await route.fetch();
      const json = await response.json();
      await route.fulfill({ response, json: token === first ? { ...json, expiration: soon } : json });
    });
    const renewed = [];
    await page.route("**/Tokens/refresh", async (route) => {
      const response = await route.fetch();
      const { token, expiration } = await response.json();
      assert.ok(Date.parse(expiration) > Date.now() + 3_000_000, expiration);
      renewed.push(token);
      await route.fulfill({ response });
    });
    const desk = await new DesktopPage(visit).signIn();
    const kept = () => page.evaluate(() => JSON.parse(localStorage.TWILIO_FLEX_SSO).token);
    await eventually(kept, (token) => renewed.includes(token), "the new token", 120_000);
    await page.unrouteAll({ behavior: "wait" });
    await page.reload();
    await desk.ready();
    await desk.assertWhole();
  },

  async "sign-in: signing out ends the session"(visit) {
    const { page, server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    const kept = await page.evaluate(() => JSON.parse(localStorage.TWILIO_FLEX_SSO));
    const valid = async () => {
      const { account_sid } = await server.known();
      const answer = await fetch(`${server.origin}/iam/v1/Accounts/${account_sid}/Tokens/validate`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token: kept.token }),
      });
      return (await answer.json()).valid;
    };
    await desk.assertWhole();
    assert.equal(await valid(), true);
    visit.expected.push(/./); // what hangs up on the way out complains
    await page.locator("[data-test=activity-toggle]").click();
    await page.getByText(/^log ?out$/i).first().click();
    await eventually(valid, (answer) => answer === false, "the session after the sign-out");
    await eventually(() => page.evaluate(() => localStorage.TWILIO_FLEX_SSO ?? null), (token) => token === null, "the token in the browser");
    await page.goto("/desktop/");
    await loginPage(page);
  },

  async "sign-in: a worker who was deleted is told so, and is out"(visit) {
    const { page, server } = visit;
    const sid = await makeWorker(server, "Hugo");
    const desk = new DesktopPage(visit);
    await page.goto("/desktop/");
    await fill(page, "hugo", password);
    await desk.ready();
    visit.expected.push(...refusals, /Degraded mode/); // until it is opened anew
    await server.rest("DELETE", `${workers}/${sid}`);
    await page.getByText("You have been signed out.").waitFor(); // it asks every 15 s
    await page.getByRole("button", { name: "Sign in again" }).click();
    await loginPage(page);
    await fill(page, "hugo", password);
    await page.getByRole("alert").getByText("do not match").waitFor();
  },
};
