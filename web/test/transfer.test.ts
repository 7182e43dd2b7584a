import { afterEach, describe, expect, it, vi } from "vitest";
import type { TransferPayload } from "../src/desktop/flex";
import { Emitter } from "./emitter";

type Act = (
  payload: TransferPayload,
  original: (payload: TransferPayload) => Promise<unknown>,
) => Promise<void>;

/** Loads the plugin into a page that has of Flex UI what it needs; answers its TransferTask and the notices that it shows. */
async function load() {
  const told: string[] = [];
  const taken: Record<string, Act> = {};
  const flex = {
    Plugins: {
      init: (plugin: new () => { init(...args: unknown[]): void }) =>
        new plugin().init(flex, { strings: {} }),
    },
    Actions: { replaceAction: (name: string, act: Act) => Object.assign(taken, { [name]: act }) },
    ChatOrchestrator: { setOrchestrations: vi.fn() },
    TaskHelper: { isChatBasedTask: () => true },
    Notifications: { registerNotification: vi.fn(), showNotification: (id: string) => told.push(id) },
    NotificationType: {},
  };
  vi.stubGlobal("window", { Twilio: { Flex: flex } });
  vi.resetModules();
  await import("../plugins/transfer");
  return { transfer: taken.TransferTask as Act, told };
}

/** A task whose transfer the worker SDK has as soon as the server has answered. */
function offer() {
  const outgoing = new Emitter();
  const transfers = {};
  const transfer = async () => Object.assign(transfers, { outgoing });
  return { outgoing, task: { source: { transfers, transfer } } as unknown as TransferPayload["task"] };
}

const original = () => Promise.reject(new Error("Flex UI's own action wants a conference"));

describe("a transfer", () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ["completed", "ParleyTransferDone"],
    ["failed", "ParleyTransferFailed"],
  ])("that has %s is told, also where the SDK tells of its beginning late or never", async (end, notice) => {
    const { transfer, told } = await load();
    const { task, outgoing } = offer();
    await transfer({ task, targetSid: "WK1" }, original);
    outgoing.emit(end);
    expect(told).toEqual(["ParleyTransferOffered", notice]);
  });

  it("that is refused is told with its reason, and the action fails", async () => {
    const { transfer, told } = await load();
    const { task } = offer();
    task.source.transfer = () => Promise.reject(new Error("no such worker"));
    await expect(transfer({ task, targetSid: "WK1" }, original)).rejects.toThrow("no such worker");
    expect(told).toEqual(["ParleyTransferRefused"]);
  });
});
