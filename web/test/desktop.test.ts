import { afterEach, describe, expect, it, vi } from "vitest";
import { chime } from "../build/chime.ts";
import { desktopConfig } from "../src/desktop/config";
import { diagnose } from "../src/desktop/diagnosis";
import { ASK_EVERY_MS, whenEnded } from "../src/desktop/ended";
import type { FlexTask } from "../src/desktop/flex";
import { FRESH_MS, freshen, SIGN_IN_KEY } from "../src/desktop/freshen";
import { landing } from "../src/desktop/landing";
import { secondsLeft } from "../src/desktop/offers";
import { redirect } from "../src/desktop/redirect";
import { widgetConfig } from "../src/webchat/config";

const base = "https://parley.example:8443";

describe("redirect", () => {
  it.each([
    [
      "https://flex-api.twilio.com/v1/Configuration?UiVersion=undefined",
      "/flex-api/v1/Configuration?UiVersion=undefined",
    ],
    ["https://iam.twilio.com/v1/Accounts/AC1/Tokens/validate", "/iam/v1/Accounts/AC1/Tokens/validate"],
    ["https://flex.twilio.com/api/v1/Session", "/flex/api/v1/Session"],
    ["https://mcs.us1.twilio.com/v1/Services", "/mcs/v1/Services"],
    ["https://preview.twilio.com", "/preview/"],
    ["https://fonts.googleapis.com/css?family=Open+Sans:300,400", "/desktop/fonts.css"],
    ["https://assets.flex.twilio.com/assets/fonts/OpenSans/OpenSans.css", "/desktop/fonts.css"],
    ["https://assets.flex.twilio.com/assets/countries.json", "/desktop/countries.json"],
    ["https://media.twiliocdn.com/sdk/js/client/sounds/releases/1.0.0/incoming.mp3", "/desktop/incoming.wav"],
    ["https://status.twilio.com/api/v2/summary.json", "/desktop/status.json"],
  ])("leads %s to the server", (url, path) => {
    expect(redirect(url, base)).toBe(base + path);
  });

  it("leads sockets to the server's, plain or secure as it is", () => {
    const url = "wss://tsock.us1.twilio.com/v3/wsconnect";
    expect(redirect(url, base)).toBe("wss://parley.example:8443/tsock/v3/wsconnect");
    expect(redirect(url, "http://localhost:8080")).toBe("ws://localhost:8080/tsock/v3/wsconnect");
  });

  it("leads media to the origin of the page's other requests, TLS or not", () => {
    const url = (host: string) => `https://mcs.us1.twilio.com@${host}/mcs/v1/Services/IS1/Media`;
    const path = "/mcs/v1/Services/IS1/Media";
    expect(redirect(url("parley.example:8443"), base)).toBe(base + path);
    expect(redirect(url("localhost:8443"), "http://localhost:8080")).toBe(`http://localhost:8080${path}`);
    expect(redirect(url("evil.example"), base)).toBeUndefined();
  });

  it.each([
    "/flex/plugins",
    `${base}/flex-api/v1/Configuration`,
    "https://twilio.com/",
    "https://flex-api.twilio.com.evil.example/v1/Configuration",
    "https://evil.example/https://flex-api.twilio.com/v1",
    "http://flex-api.twilio.com/v1",
    "https://shop.example/hook",
    "data:text/css,a",
  ])("leaves %s", (url) => {
    expect(redirect(url, base)).toBeUndefined();
  });
});

describe("landing", () => {
  it.each([
    ["/desktop/", "", "/agent-desktop"],
    ["/", "?Token=t&Roles=agent", "/agent-desktop?Token=t&Roles=agent"],
    ["/agent-desktop/WR1", "", "/agent-desktop/WR1"],
    ["/agent-desktop", "?Token=t", "/agent-desktop?Token=t"],
    ["/teams", "", "/teams"],
    ["/teams", "?Token=t&Roles=agent", "/agent-desktop?Token=t&Roles=agent"],
    ["/teams", "?Token=t&Roles=agent&Roles=supervisor", "/teams?Token=t&Roles=agent&Roles=supervisor"],
    ["/queues-stats", "?Token=t&Roles=admin", "/queues-stats?Token=t&Roles=admin"],
    ["/unknown", "?Token=t", "/agent-desktop?Token=t"],
  ])("%s%s starts at %s", (path, search, want) => {
    expect(landing(path, search)).toBe(want);
  });
});

describe("configuration", () => {
  it("names no other origin than the server's", () => {
    const texts = (value: unknown): string[] =>
      typeof value === "string"
        ? [value]
        : value && typeof value === "object"
          ? Object.values(value).flatMap(texts)
          : [];
    const urls = (config: object) => texts(config).filter((text) => text.includes("://"));
    const desktop = urls(desktopConfig({ base, accountSid: "AC1" }));
    const widget = urls(
      widgetConfig({ base, accountSid: "AC1", flexFlowSid: "FO1", form: true, attachments: true }),
    );
    expect(desktop).toHaveLength(10);
    expect(widget).toHaveLength(3);
    for (const url of [...desktop, ...widget])
      expect(url.startsWith(`${base}/`) || url.startsWith("wss://parley.example:8443/"), url).toBe(true);
  });

  it("asks for the account where none is given", () => {
    expect(desktopConfig({ base }).sso).not.toHaveProperty("accountSid");
  });

  it("asks the visitor first, or not", () => {
    const options = { base, accountSid: "AC1", flexFlowSid: "FO1", attachments: false };
    expect(widgetConfig({ ...options, form: true })).toMatchObject({ startEngagementOnInit: false });
    expect(widgetConfig({ ...options, form: false })).not.toHaveProperty("preEngagementConfig");
  });
});

describe("an offer", () => {
  const created = new Date("2026-01-01T00:00:00Z");
  const task = (timeout?: number) => ({ sourceObject: { timeout, dateCreated: created } }) as FlexTask;

  it("counts down to nothing, not below", () => {
    expect(secondsLeft(task(120), created.getTime() + 500)).toBe(120);
    expect(secondsLeft(task(120), created.getTime() + 119_001)).toBe(1);
    expect(secondsLeft(task(120), created.getTime() + 500_000)).toBe(0);
    expect(secondsLeft(task(), created.getTime())).toBeUndefined();
  });

  it("rings with a sound file that is whole", () => {
    const sound = chime();
    expect(sound.toString("latin1", 0, 4)).toBe("RIFF");
    expect(sound.readUInt32LE(4)).toBe(sound.length - 8);
    expect(sound.readUInt32LE(40)).toBe(sound.length - 44);
    const loudest = Math.max(...sound.subarray(44).map((sample) => Math.abs(sample - 128)));
    expect(loudest).toBeGreaterThan(30);
    expect(loudest).toBeLessThan(128);
    expect(sound.at(-1)).toBe(128); // silence where the loop begins again
  });
});

describe("diagnosis", () => {
  afterEach(() => vi.unstubAllGlobals());

  const answers = (ready: Response | Error, configurations: Response | Error) =>
    vi.stubGlobal("fetch", async (url: string) => {
      const answer = url.endsWith("/readyz") ? ready : configurations;
      if (answer instanceof Error) throw answer;
      return answer;
    });
  const ok = () => new Response("{}");
  const down = new TypeError("failed");

  it.each([
    ["no server", down, down, /does not answer/],
    ["a server that starts", new Response("{}", { status: 503 }), down, /not ready/],
    ["a foreign account", ok(), Response.json({ configurations: [] }), /does not know the account/],
    ["an answer that is none", ok(), new Response("<html>"), /does not know the account/],
    ["all well", ok(), Response.json({ configurations: [{}] }), /did not start/],
  ])("%s", async (_, ready, configurations, want) => {
    answers(ready, configurations);
    expect((await diagnose(base, "AC1")).title).toMatch(want);
  });
});

describe("a kept sign-in", () => {
  afterEach(() => vi.unstubAllGlobals());

  const open = async (left: number, answer: () => Promise<Response>) => {
    const fetch = vi.fn(answer);
    vi.stubGlobal("fetch", fetch);
    const signIn = { token: "old", identity: "agent", expiration: new Date(Date.now() + left).toISOString() };
    const kept = new Map([[SIGN_IN_KEY, JSON.stringify(signIn)]]);
    await freshen(base, "AC1", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
    } as unknown as Storage);
    return { fetch, token: JSON.parse(kept.get(SIGN_IN_KEY) ?? "").token };
  };
  const renewed = async () => Response.json({ token: "new", expiration: "2030-01-01T00:00:00Z" });

  it("is renewed when it ends soon, and only then", async () => {
    expect(await open(FRESH_MS - 1_000, renewed)).toMatchObject({ token: "new" });
    const later = await open(FRESH_MS + 60_000, renewed);
    expect(later.token).toBe("old");
    expect(later.fetch).not.toHaveBeenCalled();
  });

  it.each([
    ["a refusal", async () => Response.json({ code: 20104 }, { status: 401 })],
    ["an answer that is none", async () => new Response("<html>")],
    ["no server", () => Promise.reject(new TypeError("away"))],
  ])("stays as it is after %s", async (_, answer) => {
    vi.spyOn(console, "info").mockReturnValue();
    expect(await open(1_000, answer)).toMatchObject({ token: "old" });
  });
});

describe("a session that the server ends", () => {
  const answer = (status: number, body: object) => () => Promise.resolve(Response.json(body, { status }));
  const watch = async (fetched: () => Promise<Response>, token: () => string | undefined = () => "jwt") => {
    vi.useFakeTimers();
    const fetch = vi.fn(fetched);
    vi.stubGlobal("fetch", fetch);
    const tell = vi.fn();
    whenEnded({ base, accountSid: "AC1", token }, tell);
    await vi.advanceTimersByTimeAsync(3 * ASK_EVERY_MS);
    return { fetch, tell };
  };
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it.each([
    ["is not valid", answer(200, { valid: false })],
    ["is refused", answer(401, { code: 20003 })],
  ])("is told once when its token %s", async (_, fetched) => {
    const { fetch, tell } = await watch(fetched);
    expect(tell).toHaveBeenCalledTimes(1);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(fetch).toHaveBeenCalledWith(
      `${base}/iam/v1/Accounts/AC1/Tokens/validate`,
      expect.objectContaining({ body: '{"token":"jwt"}' }),
    );
  });

  it.each([
    ["the token is good", answer(200, { valid: true })],
    ["the server fails", answer(503, {})],
    ["the server is away", () => Promise.reject(new TypeError("away"))],
  ])("is not ended while %s", async (_, fetched) => {
    const { fetch, tell } = await watch(fetched);
    expect(tell).not.toHaveBeenCalled();
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it("is not ended by an answer about a token that was renewed meanwhile", async () => {
    let n = 0;
    const { tell } = await watch(answer(200, { valid: false }), () => `jwt${n++}`);
    expect(tell).not.toHaveBeenCalled();
  });

  it("is not asked for before the sign-in", async () => {
    const { fetch } = await watch(answer(200, { valid: false }), () => undefined);
    expect(fetch).not.toHaveBeenCalled();
  });
});
