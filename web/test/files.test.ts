import { afterEach, describe, expect, it, vi } from "vitest";

/** As Flex UI has it: what is known of a chat, where a chat is loaded. */
class ChatChannelHelper {
  constructor(private readonly channel?: { channel_type: string }) {}

  get channelType() {
    return this.channel ? this.channel.channel_type : null;
  }
}

/** Loads the plugin into a page that has of Flex UI what it needs. */
async function load(flex: object) {
  const init = (plugin: new () => { init(flex: object): void }) => new plugin().init(flex);
  vi.stubGlobal("window", { Twilio: { Flex: { Plugins: { init } } } });
  vi.resetModules();
  await import("../plugins/files");
}

describe("files", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("pass in chats of every type, and not before a chat is loaded", async () => {
    await load({ ChatChannelHelper });
    for (const channel_type of ["web", "custom", "sms", "whatsapp"])
      expect(new ChatChannelHelper({ channel_type }).channelType).toBe("web");
    expect(new ChatChannelHelper().channelType).toBeNull();
  });

  it("are left to a Flex UI that has no such type", async () => {
    class Other {}
    await load({ ChatChannelHelper: Other });
    expect(Object.getOwnPropertyDescriptor(Other.prototype, "channelType")).toBeUndefined();
  });
});
