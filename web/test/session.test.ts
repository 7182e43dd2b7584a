import { describe, expect, test, vi } from "vitest";
import { SharedConnection } from "../src/chat/connection";
import { ChatSession } from "../src/chat/session";
import { Guide } from "../src/guide/guide";
import { FakeServer } from "./fakeSdk";

async function opened(server = new FakeServer(), identity = "alice") {
  if (!server.members.some((m) => m.identity === identity)) server.join(identity);
  const session = new ChatSession({
    identity,
    connection: new SharedConnection({
      createClient: server.backend.createClient,
      fetchToken: () => server.backend.fetchToken(identity),
    }),
    openChannel: async () => "CH1",
    replayMs: 0,
  });
  session.open();
  await vi.waitUntil(() => session.getSnapshot().phase === "open");
  const client = server.clients.at(-1);
  if (!client) throw new Error("no client was made");
  return { server, session, client, now: () => session.getSnapshot() };
}

describe("sending", () => {
  test("a message waits in the outbox until it comes back", async () => {
    const { server, session, now } = await opened();
    let release = () => {};
    server.sendGate = new Promise((resolve) => {
      release = resolve;
    });
    session.sendText("hello");
    expect(now().timeline.outbox).toMatchObject([{ text: "hello", state: "sending" }]);
    release();
    await vi.waitUntil(() => now().timeline.messages.length === 1);
    expect(now().timeline.outbox).toEqual([]);
    expect(now().timeline.messages[0]).toMatchObject({ text: "hello", own: true, index: 0 });
  });

  test("a failed message can be sent again", async () => {
    const { server, session, now } = await opened();
    server.failSends = ["before"];
    session.sendText("hello");
    await vi.waitUntil(() => now().timeline.outbox[0]?.state === "failed");
    expect(now().timeline.outbox[0]?.problem).toBe("The connection was lost.");
    session.retry(now().timeline.outbox[0]?.clientId ?? "");
    await vi.waitUntil(() => now().timeline.messages.length === 1);
    expect(now().timeline.outbox).toEqual([]);
  });

  test("a message whose answer was lost is not shown twice", async () => {
    const { server, session, now } = await opened();
    server.failSends = ["after"];
    session.sendText("hello");
    await vi.waitUntil(() => now().timeline.messages.length === 1);
    await vi.waitUntil(() => now().timeline.outbox.length === 0);
    expect(server.messages).toHaveLength(1);
  });

  test("a failed message can be thrown away", async () => {
    const { server, session, now } = await opened();
    server.failSends = ["before"];
    session.sendText("hello");
    await vi.waitUntil(() => now().timeline.outbox[0]?.state === "failed");
    session.discard(now().timeline.outbox[0]?.clientId ?? "");
    expect(now().timeline.outbox).toEqual([]);
  });

  test("a file goes as a form with its name", async () => {
    const { session, now } = await opened();
    session.sendFile(new File(["abc"], "näme 🎉.txt", { type: "text/plain" }));
    await vi.waitUntil(() => now().timeline.messages.length === 1);
    expect(now().timeline.messages[0]?.attachment).toMatchObject({ name: "näme 🎉.txt", size: 3 });
  });
});

describe("reading", () => {
  test("older messages come page by page", async () => {
    const server = new FakeServer();
    for (let n = 0; n < 70; n++) server.store("bob", `message ${n}`);
    const { session, now } = await opened(server);
    const indexes = () => now().timeline.messages.map((m) => m.index);
    expect(indexes()).toEqual(Array.from({ length: 30 }, (_, n) => 40 + n));
    await session.loadOlder();
    await session.loadOlder();
    expect(indexes()).toEqual(Array.from({ length: 70 }, (_, n) => n));
    expect(now().hasOlder).toBe(false);
  });

  test("the horizon moves once per report, and unread counts others' messages", async () => {
    const { server, session, now } = await opened();
    server.store("bob", "one");
    server.store("bob", "two");
    expect(now().unread).toBe(2);
    const reports = vi.fn(async () => {});
    server.onRead = reports;
    session.markRead();
    session.markRead();
    await vi.waitUntil(() => now().unread === 0);
    expect(reports).toHaveBeenCalledTimes(1);
  });

  test("read by others is the furthest of their horizons", async () => {
    const server = new FakeServer();
    const alice = await opened(server, "alice");
    const agent = await opened(server, "agent");
    alice.session.sendText("hello");
    await vi.waitUntil(() => agent.now().unread === 1);
    expect(alice.now().readByOthers).toBe(-1);
    agent.session.markRead();
    await vi.waitUntil(() => alice.now().readByOthers === 0);
  });

  test("typing is shown for others only, and not over a lost connection", async () => {
    const { server, client, now } = await opened();
    server.join("bob");
    server.tell("typingStarted", server.members[0]);
    server.tell("typingStarted", server.members[1]);
    expect(now().typing).toEqual(["bob"]);
    client.move("connecting");
    expect(now()).toMatchObject({ typing: [], connection: "connecting" });
  });

  test("a removed message goes, an updated one changes", async () => {
    const { server, now } = await opened();
    const first = server.store("bob", "one");
    const second = server.store("bob", "two");
    server.tell("messageRemoved", first);
    server.tell("messageUpdated", { message: { ...second, body: "three" }, updateReasons: ["body"] });
    expect(now().timeline.messages.map((m) => m.text)).toEqual(["three"]);
  });
});

test("a channel that is made inactive is over, and stays readable", async () => {
  const { server, now } = await opened();
  server.store("bob", "bye");
  expect(now().ended).toBe(false);
  server.end();
  expect(now()).toMatchObject({ ended: true, phase: "open" });
  expect(now().timeline.messages).toHaveLength(1);
});

describe("staying signed in", () => {
  test.each(["tokenAboutToExpire", "tokenExpired"])("%s fetches one new token", async (event) => {
    const { server, client } = await opened();
    client.emit(event);
    client.emit(event);
    await vi.waitUntil(() => client.givenTokens.length === 1);
    expect(server.tokens).toHaveLength(2);
  });

  test("while the SDK disconnects, the new token waits", async () => {
    const { client } = await opened();
    client.move("disconnecting");
    client.emit("tokenExpired");
    await Promise.resolve();
    expect(client.givenTokens).toEqual([]);
    client.move("disconnected");
    await vi.waitUntil(() => client.givenTokens.length === 1);
  });

  test("a token that cannot be fetched is asked for again", async () => {
    const { server, client } = await opened();
    vi.useFakeTimers();
    const good = server.backend.fetchToken;
    server.backend.fetchToken = vi.fn().mockRejectedValueOnce(new Error("away")).mockImplementation(good);
    client.emit("tokenExpired");
    await vi.advanceTimersByTimeAsync(1_500);
    vi.useRealTimers();
    expect(client.givenTokens).toHaveLength(1);
  });

  test("a server that refuses every token is asked more and more slowly", async () => {
    const { server, client } = await opened();
    vi.useFakeTimers();
    client.updateToken = async () => {
      client.move("denied");
      throw new Error("denied");
    };
    client.move("denied");
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    // At once, then after 1, 2, 4 seconds; the first token opened the session.
    expect(server.tokens).toHaveLength(1 + 4);
  });

  test("a refusal to open is told and can be tried again", async () => {
    const server = new FakeServer();
    const openChannel = vi.fn().mockRejectedValueOnce(new Error("No such channel.")).mockResolvedValue("CH1");
    const session = new ChatSession({
      identity: "alice",
      connection: new SharedConnection({
        createClient: server.backend.createClient,
        fetchToken: () => server.backend.fetchToken("alice"),
      }),
      openChannel,
    });
    session.open();
    await vi.waitUntil(() => session.getSnapshot().phase === "failed");
    expect(session.getSnapshot().problem).toBe("No such channel.");
    session.open();
    await vi.waitUntil(() => session.getSnapshot().phase === "open");
  });
});

describe("the guide", () => {
  const memory = (): Storage => {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    } as unknown as Storage;
  };

  test("a reload brings back both sides and makes no second channel", async () => {
    const server = new FakeServer();
    const storage = memory();
    const guide = new Guide(server.backend, storage);
    guide.start("Alice");
    guide.signIn();
    await vi.waitUntil(() => guide.getSnapshot().customer?.getSnapshot().phase === "open");
    await vi.waitUntil(() => guide.getSnapshot().desk?.worker.getSnapshot().phase === "open");
    const identity = guide.getSnapshot().customer?.identity;
    server.bridge.offer({ name: "Alice", channelSid: "CH1" }).end("accepted");
    await vi.waitUntil(() => server.members.length === 2);
    expect(server.members.map((m) => m.identity)).toEqual([identity, "agent"]);

    const again = new Guide(server.backend, storage);
    await vi.waitUntil(() => again.getSnapshot().desk?.getSnapshot().size === 1);
    await vi.waitUntil(() => again.getSnapshot().customer?.getSnapshot().phase === "open");
    expect(again.getSnapshot().customer?.identity).toBe(identity);
    expect(server.channels).toBe(1);

    again.reset();
    const rest = new Guide(server.backend, storage).getSnapshot();
    expect(rest.customer).toBe(null);
    expect(rest.desk).not.toBe(null);
  });

  test("storage that holds nonsense counts as none", () => {
    const storage = memory();
    for (const text of ["{", "[]", "null", '{"customer":{"identity":1}}', '{"customer":7,"agent":"yes"}']) {
      storage.setItem("parley.guide", text);
      expect(new Guide(new FakeServer().backend, storage).getSnapshot()).toEqual({
        customer: null,
        desk: null,
      });
    }
  });
});
