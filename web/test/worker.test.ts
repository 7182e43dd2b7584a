import { describe, expect, test, vi } from "vitest";
import { Desk } from "../src/desk/desk";
import { secondsLeft, workOf } from "../src/desk/model";
import { WorkerSession } from "../src/desk/session";
import { FakeServer } from "./fakeSdk";
import { FakeBridge } from "./fakeWorker";

async function opened(bridge = new FakeBridge()) {
  const tokens: string[] = [];
  const session = new WorkerSession({
    createWorker: bridge.createWorker,
    fetchToken: async () => {
      tokens.push(`token ${tokens.length}`);
      return tokens.at(-1) ?? "";
    },
  });
  session.open();
  await vi.waitUntil(() => session.getSnapshot().phase === "open");
  const worker = bridge.workers.at(-1);
  if (!worker) throw new Error("no worker was made");
  return { bridge, session, worker, tokens, now: () => session.getSnapshot() };
}

const alice = { name: "Alice", channelSid: "CH1" };

describe("activities", () => {
  test("come in the order of the workspace, with the current one", async () => {
    const { now } = await opened();
    expect(now().activities.map(({ name }) => name)).toEqual([
      "Offline",
      "Available",
      "Unavailable",
      "Break",
    ]);
    expect(now().activity).toMatchObject({ name: "Offline", available: false });
  });

  test("follow events, whoever made the change", async () => {
    const { bridge, session, now } = await opened();
    session.goAvailable();
    await vi.waitUntil(() => now().activity?.name === "Available");
    bridge.move("Break");
    expect(now().activity?.name).toBe("Break");
  });

  test("a refused change is told, and the old one stays", async () => {
    const { bridge, session, now } = await opened();
    bridge.refusals = ["Worker WK1 is busy."];
    await session.setActivity("WAAvailable");
    expect(now()).toMatchObject({ problem: "Worker WK1 is busy.", changing: false });
    expect(now().activity?.name).toBe("Offline");
  });

  test("going away leaves an activity with work, and no other", async () => {
    const { bridge, session } = await opened();
    expect(await session.goAway()).toBe(true);
    expect(bridge.asked).toEqual([]);
    await session.setActivity("WAAvailable");
    expect(await session.goAway()).toBe(true);
    expect(bridge.current).toBe("Offline");
  });

  test("open offers are rejected on the way to one without work, and only then", async () => {
    const { bridge, session } = await opened();
    await session.setActivity("WAAvailable");
    bridge.offer(alice);
    await session.setActivity("WABreak");
    expect(bridge.asked).toEqual([
      { activity: "Available", rejectPendingReservations: false },
      { activity: "Break", rejectPendingReservations: true },
    ]);
  });
});

describe("offers", () => {
  test("an offer comes, is taken, wrapped up and completed", async () => {
    const { bridge, session, now } = await opened();
    const { sid } = bridge.offer(alice);
    expect(now().works).toMatchObject([
      { sid, status: "pending", name: "Alice", queue: "Everyone", channelSid: "CH1" },
    ]);
    session.accept(sid);
    expect(now().works[0]?.busy).toBe(true);
    await vi.waitUntil(() => now().works[0]?.status === "accepted");
    expect(now().works[0]?.busy).toBe(false);
    session.wrapUp(sid);
    await vi.waitUntil(() => now().works[0]?.status === "wrapping");
    session.complete(sid);
    await vi.waitUntil(() => now().works.length === 0);
    expect(now().notice).toBe(null);
  });

  test("a refused command is told at its offer", async () => {
    const { bridge, session, now } = await opened();
    const { sid } = bridge.offer(alice);
    bridge.refusals = ["Reservation was rescinded."];
    session.accept(sid);
    await vi.waitUntil(() => now().works[0]?.problem === "Reservation was rescinded.");
    expect(now().works[0]).toMatchObject({ status: "pending", busy: false });
  });

  test.each(["timeout", "canceled", "rescinded"] as const)(
    "one that ends by %s leaves a word",
    async (why) => {
      const { bridge, now } = await opened();
      const offer = bridge.offer(alice);
      offer.end(why);
      expect(now()).toMatchObject({ works: [], notice: { name: "Alice", why } });
    },
  );

  test("say what was learned of the customer, and nothing that is for programs", async () => {
    const { bridge, now } = await opened();
    bridge.offer({
      ...alice,
      order: "4711",
      urgent: true,
      visits: 2,
      empty: "",
      taskSid: "WT1",
      more: { a: 1 },
    });
    expect(now().works[0]?.known).toEqual([
      ["order", "4711"],
      ["urgent", "true"],
      ["visits", "2"],
    ]);
  });

  test("one that the worker rejected leaves none, and a task that is canceled later neither", async () => {
    const { bridge, session, now } = await opened();
    session.reject(bridge.offer(alice).sid);
    await vi.waitUntil(() => now().works.length === 0);
    const taken = bridge.offer(alice);
    taken.end("accepted");
    taken.end("canceled");
    expect(now()).toMatchObject({ works: [], notice: null });
  });

  test("the word goes when the task is offered again", async () => {
    const { bridge, now } = await opened();
    bridge.offer(alice).end("timeout");
    const notice = now().notice;
    expect(notice).not.toBe(null);
    const again = bridge.offer(alice);
    expect(now().notice).toBe(notice); // another task
    again.end("timeout");
    for (const worker of bridge.workers) {
      bridge.reservations.set(again.sid, again);
      again.status = "pending";
      worker.tell(again.sid);
    }
    expect(now()).toMatchObject({ notice: null, works: [{ sid: again.sid }] });
  });

  test("several stand beside one another", async () => {
    const { bridge, session, now } = await opened();
    const first = bridge.offer(alice);
    const second = bridge.offer({ name: "Bob" });
    session.accept(first.sid);
    await vi.waitUntil(() => now().works[0]?.status === "accepted");
    expect(now().works).toMatchObject([
      { name: "Alice", status: "accepted" },
      { name: "Bob", status: "pending", channelSid: null },
    ]);
    second.end("timeout");
    expect(now().works).toHaveLength(1);
  });
});

describe("time left", () => {
  test.each([
    ["one that just came stands for its whole time, whatever the clocks say", true, 500_000, 120],
    ["an older one for what is left", false, -30_000, 90],
    ["one from the future for its whole time", false, 500_000, 120],
    ["one that should have ended for nothing", false, -500_000, 0],
  ])("%s", (_, fresh, created, want) => {
    const now = 1_000_000;
    const offer = new FakeBridge().offer(alice, { timeout: 120, at: new Date(now + created) });
    const work = workOf(offer as never, now, fresh);
    expect(work && secondsLeft(work, now)).toBe(want);
  });
});

describe("staying signed in", () => {
  test("a lost connection is told after a while, and what happened meanwhile is seen", async () => {
    const { bridge, worker, now } = await opened();
    const gone = bridge.offer(alice);
    const kept = bridge.offer({ name: "Bob" });
    vi.useFakeTimers();
    worker.lose();
    expect(now().connected).toBe(true);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(now().connected).toBe(false);
    gone.end("timeout");
    kept.end("accepted");
    bridge.offer({ name: "Carol" });
    worker.ready();
    vi.useRealTimers();
    expect(now()).toMatchObject({ connected: true, notice: { name: "Alice", why: "lost" } });
    expect(now().works.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "Bob accepted",
      "Carol pending",
    ]);
  });

  test("a token that expires is replaced on the same worker", async () => {
    const { bridge, worker, tokens } = await opened();
    worker.emit("tokenExpired");
    await vi.waitUntil(() => worker.given.length === 1);
    expect([bridge.workers.length, tokens.length]).toEqual([1, 2]);
  });

  test("a worker that gave up is replaced, and the old one told to go", async () => {
    const { bridge, session, worker, now } = await opened();
    bridge.next = ["initFails", "ready"];
    vi.useFakeTimers();
    worker.fail();
    await vi.advanceTimersByTimeAsync(5_000);
    vi.useRealTimers();
    expect(bridge.workers).toHaveLength(3);
    expect(bridge.workers.map(({ open }) => open)).toEqual([false, false, true]);
    bridge.offer(alice);
    expect(now()).toMatchObject({ connected: true, works: [{ name: "Alice" }] });
    session.close();
    expect(bridge.workers.at(-1)?.open).toBe(false);
  });

  test("a token that is refused again and again is replaced", async () => {
    const { bridge, worker } = await opened();
    for (let n = 0; n < 5; n++) worker.lose();
    await vi.waitUntil(() => bridge.workers.length === 2);
    expect(bridge.workers[1]?.token).toBe("token 1");
  });

  test("a sign-in that is refused can be tried again", async () => {
    const bridge = new FakeBridge();
    bridge.next = ["initFails"];
    const session = new WorkerSession({ createWorker: bridge.createWorker, fetchToken: async () => "token" });
    session.open();
    await vi.waitUntil(() => session.getSnapshot().phase === "failed");
    expect(session.getSnapshot().problem).toBe("The server did not accept the sign-in.");
    session.open();
    await vi.waitUntil(() => session.getSnapshot().phase === "open");
  });

  test("no answer at all is told in the end", async () => {
    vi.useFakeTimers();
    const bridge = new FakeBridge();
    bridge.next = ["silent"];
    const session = new WorkerSession({ createWorker: bridge.createWorker, fetchToken: async () => "token" });
    session.open();
    await vi.advanceTimersByTimeAsync(21_000);
    vi.useRealTimers();
    expect(session.getSnapshot()).toMatchObject({ phase: "failed", problem: "The server does not answer." });
  });
});

describe("the desk", () => {
  function desk(bridge: FakeBridge, server = new FakeServer()) {
    const joined: string[] = [];
    const made = new Desk("agent", {
      createWorker: bridge.createWorker,
      createClient: server.backend.createClient,
      fetchToken: () => server.backend.fetchToken("agent", "agent"),
      joinChannel: async (sid) => {
        joined.push(sid);
      },
    });
    return { made, server, joined, talks: () => made.getSnapshot() };
  }

  test("a conversation opens with its task and closes with it", async () => {
    const bridge = new FakeBridge();
    const { made, server, joined, talks } = desk(bridge);
    await vi.waitUntil(() => made.worker.getSnapshot().phase === "open");
    const { sid } = bridge.offer(alice);
    expect(talks().size).toBe(0);
    made.worker.accept(sid);
    await vi.waitUntil(() => talks().get(sid)?.session.getSnapshot().phase === "open");
    expect(joined).toEqual(["CH1"]);
    server.store("alice", "hello");
    expect(talks().get(sid)?.unread).toBe(1);
    made.worker.wrapUp(sid);
    await vi.waitUntil(() => made.worker.getSnapshot().works[0]?.status === "wrapping");
    expect(talks().size).toBe(1);
    made.worker.complete(sid);
    await vi.waitUntil(() => talks().size === 0);
    await vi.waitUntil(() => server.clients[0]?.connectionState === "disconnected");
  });

  test("conversations share one sign-in, and a reconnect of the worker leaves them alone", async () => {
    const bridge = new FakeBridge();
    for (const name of ["Alice", "Bob"]) bridge.offer({ name, channelSid: `CH${name}` }).end("accepted");
    const { server, talks } = desk(bridge);
    await vi.waitUntil(() => talks().size === 2);
    const open = () => [...talks().values()].every(({ session }) => session.getSnapshot().phase === "open");
    await vi.waitUntil(open);
    expect(server.clients).toHaveLength(1);
    const before = [...talks().values()].map(({ session }) => session);
    bridge.workers[0]?.ready();
    expect([...talks().values()].map(({ session }) => session)).toEqual(before);
    expect(server.clients).toHaveLength(1);
  });

  test("an agent who is available signs out by way of another activity, or not at all", async () => {
    const bridge = new FakeBridge();
    const { made } = desk(bridge);
    await vi.waitUntil(() => made.worker.getSnapshot().phase === "open");
    bridge.move("Available");
    bridge.refusals = ["Not now."];
    expect(await made.leave()).toBe(false);
    expect(bridge.workers[0]?.open).toBe(true);
    expect(await made.leave()).toBe(true);
    expect([bridge.current, bridge.workers[0]?.open]).toEqual(["Offline", false]);
  });
});
