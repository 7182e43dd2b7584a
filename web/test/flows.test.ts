import { afterEach, describe, expect, test, vi } from "vitest";
import { ApiError, restApi } from "../src/flows/api";
import { type Box, draw } from "../src/flows/graph/layout";
import { neighbour } from "../src/flows/graph/neighbour";
import { frame, pan, reveal, zoom } from "../src/flows/graph/view";
import { wirePath } from "../src/flows/graph/wire";
import { wrap } from "../src/flows/graph/wrap";
import { ENDED, faultsOf, widgetsOf } from "../src/flows/model";
import { addressOf, type Place, placeOf } from "../src/flows/place";
import { fromNow } from "../src/flows/times";
import { pathKey, traceOf } from "../src/flows/trace";
import { conditionWords, doingOf, durationWords, labelOf, plain } from "../src/flows/words";
import { BROKEN, FakeStudio, RUNNING, state, WELCOME, welcome } from "./fakeStudio";

const widgets = widgetsOf(welcome);
const named = (name: string) => {
  const found = widgets.find((widget) => widget.name === name);
  if (!found) throw new Error(`no widget ${name}`);
  return found;
};
const one = (type: string, properties: object, ways: Parameters<typeof state>[3] = []) => {
  const [widget] = widgetsOf({ states: [state("it", type, properties, ways)] });
  if (!widget) throw new Error("no widget");
  return widget;
};

describe("a definition", () => {
  test("is read with its transitions", () => {
    expect(widgets.map(({ name }) => name)).toEqual(welcome.states.map((s) => (s as { name: string }).name));
    expect(named("ask_topic").transitions.map(({ event, next }) => [event, next])).toEqual([
      ["incomingMessage", "which"],
      ["timeout", "hand_over"],
      ["deliveryFailure", ""],
    ]);
  });

  test.each([
    [undefined, 0],
    [null, 0],
    ["text", 0],
    [{ states: "no" }, 0],
    [{ states: [null, 7, [], { name: 3 }, { name: "a" }] }, 1],
    [
      {
        states: [{ name: "a", properties: [], transitions: [null, { event: 1, next: {}, conditions: "x" }] }],
      },
      1,
    ],
  ])("that is %j has %i widgets, and can be drawn", (definition, count) => {
    const found = widgetsOf(definition);
    expect(found).toHaveLength(count);
    expect(draw(found).boxes).toHaveLength(count);
  });

  test("faults belong to the widget whose state they name, and to no other", () => {
    const fault = (property_path: string) => ({ message: "", property_path });
    const many = Array.from({ length: 12 }, (_, n) => state(`s${n}`, "send-message", {}, []));
    const [, second, third] = widgetsOf({ states: many });
    const faults = [
      fault("#/states/1"),
      fault("#/states/1/properties/body"),
      fault("#/states/10/type"),
      fault("#/"),
    ];
    expect(second && faultsOf(faults, second)).toHaveLength(2);
    expect(third && faultsOf(faults, third)).toHaveLength(0);
  });
});

describe("words", () => {
  test.each([
    ["Trigger", "Starts on a message"],
    ["greet", "Says “Hello [from], good that you write.”"],
    ["ask_topic", "Asks “Is it about an order, or something else?” and waits up to 1 hour"],
    ["which", "Looks at [Body]"],
    ["look_up", "POST https://shop.example/orders"],
    ["note", "Sets topic"],
    ["hand_over", "Hands the conversation to an agent"],
  ])("%s: %s", (name, want) => expect(doingOf(named(name))).toBe(want));

  test("of what is missing or not known", () => {
    expect(doingOf(one("set-variables", {}))).toBe("Sets nothing");
    expect(doingOf(one("trigger", {}, [["incomingCall"]]))).toBe("Starts on nothing");
    expect(doingOf(one("send-message", { media_url: "https://a.example/x.png" }))).toBe(
      "Says “a picture or file”",
    );
    expect(doingOf(one("say-play", { say: "x" }))).toBe("");
  });

  test("of ways out", () => {
    const labels = (name: string) => named(name).transitions.map((way) => labelOf(named(name), way));
    expect(labels("which")).toEqual(["else", "is order", "is something else"]);
    expect(labels("ask_topic")).toEqual(["reply", "no reply", "not delivered"]);
    expect(labels("Trigger")[0]).toBe("a message");
    expect(conditionWords({ type: "is_blank", value: "" })).toBe("is blank");
    expect(conditionWords({ type: "brand_new", value: "x" })).toBe("brand new x");
  });

  test.each([
    [30, "30 seconds"],
    [60, "1 minute"],
    [90, "90 seconds"],
    [3600, "1 hour"],
    [86_400, "1 day"],
    [172_800, "2 days"],
  ])("%i seconds are %s", (seconds, want) => expect(durationWords(seconds)).toBe(want));

  test.each([
    ["Hi {{ flow.variables.name | capitalize }}!", "Hi [name]!"],
    ["{% if a %}x{% endif %}", "…x…"],
    ["a\n\n  b", "a b"],
    ["{{", "{{"],
    [undefined, ""],
  ])("%j is told as %j", (template, want) => expect(plain(template)).toBe(want));
});

describe("lines of a text", () => {
  test.each([
    ["", 10, 2, []],
    ["short", 10, 2, ["short"]],
    ["one two three", 8, 2, ["one two", "three"]],
    ["one two three four", 8, 2, ["one two", "three fo…"]],
    ["abcdeghnopqs", 5.5, 2, ["abcde", "ghno…"]],
    ["👋👋👋👋", 6, 1, ["👋👋…"]],
    ["WWWWWWWWWW", 8, 1, ["WWWWW…"]],
    ["illillillill", 8, 1, ["illillillill"]],
    ["x", 0, 1, ["x…"]],
  ])("%j in %f × %i", (text, width, lines, want) => expect(wrap(text, width, lines)).toEqual(want));
});

const apart = (boxes: readonly Box[]) =>
  boxes.every((a, n) =>
    boxes
      .slice(n + 1)
      .every(
        (b) => a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height,
      ),
  );

describe("a drawing", () => {
  test("has the author's places where they are good", () => {
    const { boxes, asDrawn } = draw(widgets);
    expect(asDrawn).toBe(true);
    expect(boxes.map(({ x, y }) => [x, y])[2]).toEqual([0, 380]);
    expect(apart(boxes)).toBe(true);
  });

  test("is tidy where it is wanted, where a place is missing, and where widgets cover each other", () => {
    const tidy = draw(widgets, true);
    expect([tidy.asDrawn, apart(tidy.boxes)]).toEqual([false, true]);
    const missing = draw(widgets.map((w, n) => (n === 3 ? { ...w, properties: {} } : w)));
    expect([missing.asDrawn, apart(missing.boxes)]).toEqual([false, true]);
    const heaped = draw(widgets.map((w) => ({ ...w, properties: { offset: { x: 5, y: 5 } } })));
    expect([heaped.asDrawn, apart(heaped.boxes)]).toEqual([false, true]);
    expect(draw(widgets, true)).toEqual(tidy);
  });

  test("follows the flow downwards", () => {
    const at = (name: string) => draw(widgets, true).boxes.find(({ widget }) => widget.name === name)?.y ?? 0;
    expect(at("Trigger")).toBeLessThan(at("greet"));
    expect(at("greet")).toBeLessThan(at("ask_topic"));
    expect(at("which")).toBeLessThan(at("hand_over"));
  });

  test("has a line for each transition that leads somewhere, and holds all of them", () => {
    const { wires, bounds, boxes } = draw(widgets);
    const ways = widgets.flatMap(({ transitions }) => transitions.filter(({ next }) => next));
    expect(wires).toHaveLength(ways.length);
    for (const box of boxes) {
      expect(box.x).toBeGreaterThanOrEqual(bounds.x);
      expect(box.y + box.height).toBeLessThanOrEqual(bounds.y + bounds.height);
    }
  });

  test("shows no starts that lead nowhere, and marks ways to widgets that are not there", () => {
    const [trigger] = draw(widgets).boxes;
    expect(trigger?.outlets.map(({ event }) => event)).toEqual(["incomingMessage"]);
    const broken = draw([one("send-message", {}, [["sent", "nowhere"], ["failed"]])]);
    expect(broken.boxes[0]?.outlets.map((outlet) => outlet.broken)).toEqual([true, false]);
    expect(broken.wires).toHaveLength(0);
  });

  test("takes two widgets of one name, and one that leads to itself", () => {
    const twins = widgetsOf({
      states: [
        state("a", "send-message", {}, [["sent", "a"]]),
        state("a", "send-message", {}, [["sent", "a"]]),
      ],
    });
    const { boxes, wires } = draw(twins);
    expect(apart(boxes)).toBe(true);
    expect(wires.map(({ to }) => to)).toEqual([boxes[0], boxes[0]]);
  });

  test("of many widgets is made", () => {
    const many = Array.from({ length: 300 }, (_, n) =>
      state(`s${n}`, "send-message", {}, [["sent", `s${(n * 7) % 300}`]]),
    );
    expect(draw(widgetsOf({ states: many })).boxes).toHaveLength(300);
  });
});

describe("a line", () => {
  const from = { x: 0, y: 0, width: 100, height: 50 };
  test("goes straight down, and backwards around both boxes", () => {
    const down = wirePath({ start: { x: 50, y: 50 }, end: { x: 50, y: 200 }, from, to: { ...from, y: 200 } });
    expect(down.d).toMatch(/^M50 50C50 .* 50 200$/);
    const back = wirePath({ start: { x: 90, y: 50 }, end: { x: 50, y: 0 }, from, to: from });
    expect(back.reach).toBeGreaterThan(100);
    expect(back.d).toMatch(/^M90 50L.*50 0$/);
  });
});

describe("the arrow keys", () => {
  test("go to the nearest widget that way, and stay at the edge", () => {
    const { boxes } = draw(widgets);
    const box = (name: string) => boxes.find(({ widget }) => widget.name === name) as Box;
    expect(neighbour(boxes, box("greet"), "ArrowDown")).toBe(box("ask_topic"));
    expect(neighbour(boxes, box("greet"), "ArrowUp")).toBe(box("Trigger"));
    expect(neighbour(boxes, box("look_up"), "ArrowRight")).toBe(box("note"));
    expect(neighbour(boxes, box("Trigger"), "ArrowUp")).toBeUndefined();
  });
});

describe("the view", () => {
  const size = { width: 800, height: 600 };
  test("frames a small drawing in the middle, and begins a large one at its focus", () => {
    const small = frame({ x: 100, y: 100, width: 200, height: 100 }, size);
    expect([small.scale, small.x, small.y]).toEqual([1, 200, 150]);
    const focus = { x: 1000, y: 2000, width: 248, height: 120 };
    const large = frame({ x: 0, y: 0, width: 5000, height: 5000 }, size, focus);
    expect(large.scale).toBeGreaterThan(0.5);
    const left = focus.x * large.scale + large.x;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(size.width);
  });

  test("of nothing, or in no room, is one", () => {
    expect(frame({ x: 0, y: 0, width: 0, height: 0 }, size).scale).toBe(1);
    expect(frame({ x: 0, y: 0, width: 9, height: 9 }, { width: 0, height: 0 }).scale).toBe(1);
  });

  test("zooms about a point that stays, within bounds", () => {
    const at = { x: 300, y: 200 };
    const before = { x: 10, y: 20, scale: 1 };
    const after = zoom(before, 1.5, at);
    expect((at.x - after.x) / after.scale).toBeCloseTo((at.x - before.x) / before.scale);
    expect(zoom(before, 1000, at).scale).toBe(2);
    expect(zoom(before, 0, at).scale).toBeGreaterThan(0);
  });

  test("moves as little as shows a widget", () => {
    const view = { x: 0, y: 0, scale: 1 };
    expect(reveal(view, { x: 100, y: 100, width: 200, height: 100 }, size)).toBe(view);
    expect(reveal(view, { x: 700, y: 100, width: 200, height: 100 }, size)).toEqual(pan(view, -124, 0));
    expect(reveal(view, { x: -50, y: -50, width: 2000, height: 100 }, size)).toEqual(pan(view, 74, 74));
  });
});

describe("the address", () => {
  const places: Place[] = [
    { view: "flows" },
    { view: "active" },
    { view: "flow", flow: WELCOME },
    { view: "flow", flow: WELCOME, revision: 3 },
    { view: "revisions", flow: WELCOME },
    { view: "revisions", flow: WELCOME, from: 1, to: 2 },
    { view: "executions", flow: WELCOME },
    { view: "execution", flow: WELCOME, execution: RUNNING },
  ];
  test.each(places)("of %j leads there", (place) => {
    expect(placeOf(new URL(addressOf(place), "http://localhost").search)).toEqual(place);
  });

  test.each(["?flow=../../x", "?flow=FW1", "?execution=FN1", `?flow=${WELCOME}x`, "?view=nothing"])(
    "%s is the list",
    (search) => expect(placeOf(search)).toEqual({ view: "flows" }),
  );
  test("numbers that are none are left out", () => {
    expect(placeOf(`?flow=${WELCOME}&revision=-1`)).toEqual({ view: "flow", flow: WELCOME });
    expect(placeOf(`?flow=${WELCOME}&revision=x`)).toEqual({ view: "flow", flow: WELCOME });
  });
});

describe("the way of an execution", () => {
  test("is what its steps tell, and where it is", () => {
    const studio = new FakeStudio();
    const trace = traceOf(studio.steps.get(RUNNING) ?? [], true);
    expect([...trace.visited]).toEqual(["Trigger", "greet", "ask_topic"]);
    expect(trace.taken.has(pathKey("greet", "sent", "ask_topic"))).toBe(true);
    expect(trace.current).toBe("ask_topic");
    studio.step(RUNNING, "ask_topic", "timeout", ENDED);
    expect(traceOf(studio.steps.get(RUNNING) ?? [], false).current).toBeUndefined();
    expect(traceOf([], true)).toEqual({ visited: new Set(), taken: new Set(), current: undefined });
  });
});

test.each([
  [-5, "5 seconds ago"],
  [-90, "1 minute ago"],
  [7200, "in 2 hours"],
  [0, "now"],
])("%i seconds from now is %s", (seconds, want) => {
  expect(fromNow(new Date(1_000_000 + seconds * 1_000), 1_000_000)).toBe(want);
});

describe("the requests", () => {
  afterEach(() => vi.unstubAllGlobals());

  function serve(...answers: [status: number, body: unknown][]) {
    const calls: { path: string; init: RequestInit }[] = [];
    vi.stubGlobal("location", { origin: "http://localhost" });
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
      calls.push({ path, init });
      const [status, body] = answers.shift() ?? [500, null];
      return new Response(body === undefined ? null : JSON.stringify(body), { status });
    });
    return calls;
  }
  const api = (refused = () => {}) => restApi(async () => "jwt", refused);

  test("send the token as the desktop does, and follow a list on this server alone", async () => {
    const next = "http://elsewhere.example/studio/v2/Flows?PageSize=50&Page=1&PageToken=PT1";
    const flows = [{ sid: WELCOME }];
    const calls = serve(
      [200, { meta: { key: "flows", next_page_url: next }, flows }],
      [200, { meta: { key: "flows", next_page_url: null }, flows: [] }],
    );
    const first = await api().flows();
    expect(first).toEqual({ items: flows, next });
    expect(await api().flows(first.next)).toEqual({ items: [], next: null });
    expect(calls.map(({ path }) => path)).toEqual([
      "/studio/v2/Flows?PageSize=50",
      "/studio/v2/Flows?PageSize=50&Page=1&PageToken=PT1",
    ]);
    expect(calls[0]?.init.headers).toEqual({ Authorization: `Basic ${btoa("token:jwt")}` });
  });

  test("end an execution by its status", async () => {
    const calls = serve([200, { status: "ended" }]);
    await api().end(WELCOME, RUNNING);
    expect(calls[0]?.path).toBe(`/studio/v2/Flows/${WELCOME}/Executions/${RUNNING}`);
    expect([calls[0]?.init.method, String(calls[0]?.init.body)]).toEqual(["POST", "Status=ended"]);
  });

  test("say what the server says, and tell of a token that is refused", async () => {
    const refused = vi.fn();
    serve([403, { message: "not for agents" }], [401, { message: "expired" }], [502, "no JSON of ours"]);
    await expect(api(refused).flow(BROKEN)).rejects.toEqual(new ApiError("not for agents", 403));
    expect(refused).not.toHaveBeenCalled();
    await expect(api(refused).flow(BROKEN)).rejects.toThrow("expired");
    expect(refused).toHaveBeenCalledOnce();
    await expect(api().flow(BROKEN)).rejects.toThrow("The server answered 502.");
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
    await expect(api().flow(BROKEN)).rejects.toThrow("The server cannot be reached.");
  });
});
