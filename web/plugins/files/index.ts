// Files in every chat. Flex UI shows and sends them in the chats of its own widget only, which it tells by the channel type, and says of a file
// from an app or a telephone that media messages are not supported; the chats of all types are alike here and carry files.

import type { FlexUI } from "../../src/desktop/flex";

class FilesPlugin {
  init({ ChatChannelHelper }: FlexUI): void {
    const type = Object.getOwnPropertyDescriptor(ChatChannelHelper.prototype, "channelType")?.get;
    if (!type) return; // another version, which must not fail because of this
    // Of what Flex UI does, only its question whether files may pass reads a chat's type here; tasks have their own.
    Object.defineProperty(ChatChannelHelper.prototype, "channelType", {
      configurable: true,
      get() {
        return type.call(this) && "web";
      },
    });
  }
}

window.Twilio?.Flex?.Plugins.init(FilesPlugin);
