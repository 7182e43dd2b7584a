import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SignIn } from "../src/lib/signin";

const KEY = "TWILIO_FLEX_SSO";

class Store {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

let store: Store;
let page: EventTarget;
let cookie: string;
const written: string[] = [];

beforeEach(() => {
  store = new Store();
  page = new EventTarget();
  cookie = "";
  written.length = 0;
  vi.stubGlobal("localStorage", store);
  vi.stubGlobal("location", { pathname: "/flows/", href: "http://localhost/flows/?flow=FW1" });
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("document", {
    get cookie() {
      return cookie;
    },
    set cookie(value: string) {
      written.push(value);
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

const who = (minutes: number, token = "old") => ({
  token,
  identity: "Zoë",
  expiration: new Date(Date.now() + minutes * 60_000).toISOString(),
  roles: ["supervisor"],
});

function serve(...answers: [status: number, body: unknown][]) {
  const calls: [path: string, body: unknown][] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    calls.push([path, JSON.parse(String(init.body))]);
    const [status, body] = answers.shift() ?? [500, {}];
    return new Response(status === 204 ? null : JSON.stringify(body), { status });
  });
  return calls;
}

describe("a sign-in", () => {
  test("is taken over from the desktop, and with it in another tab", () => {
    store.setItem(KEY, JSON.stringify(who(60)));
    const signIn = new SignIn("AC1");
    const heard = vi.fn();
    signIn.subscribe(heard);
    expect(signIn.getSnapshot()?.identity).toBe("Zoë");
    store.removeItem(KEY);
    page.dispatchEvent(Object.assign(new Event("storage"), { key: KEY }));
    expect([signIn.getSnapshot(), heard.mock.calls.length]).toEqual([null, 1]);
  });

  test("comes in a cookie that is gone afterwards", () => {
    const json = JSON.stringify(who(60, "new"));
    cookie = `a=b; parley_signed_in=${Buffer.from(json).toString("base64")}`;
    const signIn = new SignIn("AC1");
    expect([signIn.getSnapshot()?.token, signIn.getSnapshot()?.identity]).toEqual(["new", "Zoë"]);
    expect(written).toEqual(["parley_signed_in=; Path=/flows/; Max-Age=0"]);
    expect(JSON.parse(store.getItem(KEY) ?? "").token).toBe("new");
  });

  test.each(["{", "null", "{}", '{"token":1}', '"x"'])("that is %s is none", (text) => {
    store.setItem(KEY, text);
    expect(new SignIn("AC1").getSnapshot()).toBeNull();
  });

  test("of a spoilt cookie is none", () => {
    cookie = "parley_signed_in=%%%";
    expect(new SignIn("AC1").getSnapshot()).toBeNull();
  });
});

describe("the token", () => {
  test("is the kept one while it is good for some time", async () => {
    store.setItem(KEY, JSON.stringify(who(60)));
    const calls = serve();
    expect(await new SignIn("AC1").token()).toBe("old");
    expect(calls).toEqual([]);
    store.removeItem(KEY);
    expect(await new SignIn("AC1").token()).toBeNull();
  });

  test("is renewed once for all who ask, and kept for the other pages", async () => {
    store.setItem(KEY, JSON.stringify(who(1)));
    const calls = serve([200, who(60, "new")]);
    const signIn = new SignIn("AC1");
    expect(await Promise.all([signIn.token(), signIn.token()])).toEqual(["new", "new"]);
    expect(calls).toEqual([["/iam/v1/Accounts/AC1/Tokens/refresh", { token: "old" }]]);
    expect(JSON.parse(store.getItem(KEY) ?? "").token).toBe("new");
  });

  test("stays where the server is away, and goes where the server refuses it", async () => {
    store.setItem(KEY, JSON.stringify(who(1)));
    serve([503, {}], [401, {}]);
    const signIn = new SignIn("AC1");
    expect(await signIn.token()).toBe("old");
    expect(await signIn.token()).toBeNull();
    expect(store.getItem(KEY)).toBeNull();
  });

  test("is given back at the end", async () => {
    store.setItem(KEY, JSON.stringify(who(60)));
    const calls = serve([204, null]);
    const signIn = new SignIn("AC1");
    await signIn.end();
    expect(calls).toEqual([["/iam/v1/Accounts/AC1/Tokens/revoke", { token: "old" }]]);
    expect([signIn.getSnapshot(), store.getItem(KEY)]).toEqual([null, null]);
  });
});

test("the way to the sign-in page is the server's, and a refusal is told", async () => {
  const assign = vi.fn();
  vi.stubGlobal("location", { pathname: "/flows/", href: "http://localhost/flows/?flow=FW1", assign });
  const calls = serve([200, { location: "/preview/iam/login?x" }], [400, { message: "not of this server" }]);
  const signIn = new SignIn("AC1");
  await signIn.begin();
  expect(assign).toHaveBeenCalledWith("/preview/iam/login?x");
  expect(calls[0]).toEqual([
    "/preview/iam/Accounts/AC1/authenticate",
    { products: ["flex"], resource: "http://localhost/flows/?flow=FW1" },
  ]);
  await expect(signIn.begin()).rejects.toThrow("not of this server");
});
