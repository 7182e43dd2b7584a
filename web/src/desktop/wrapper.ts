// /desktop/parley-desktop.js: for a page of one's own that hosts Flex UI with a Parley server (docs/desktop.md).

import { type DesktopConfig, type DesktopOptions, desktopConfig } from "./config";
import { install } from "./install";

declare global {
  interface Window {
    Parley: { desktop(options?: Partial<DesktopOptions>): DesktopConfig };
  }
}

const home =
  document.currentScript instanceof HTMLScriptElement
    ? new URL(document.currentScript.src).origin
    : location.origin;

window.Parley = {
  /**
   * Leads this page's requests to the server, by default the one that this script came from, and answers the configuration for
   * Twilio.Flex.runDefault. Call it before Flex UI's own script runs.
   */
  desktop({ base = home, accountSid } = {}) {
    const server = base.replace(/\/+$/, "");
    install(server);
    return desktopConfig({ base: server, accountSid });
  },
};
