// /webchat/parley-webchat.js: the chat widget on any page, by one script element (docs/webchat.md).

import { wrapLinks, wrapRequests } from "../desktop/install";
import { redirect, redirectMedia } from "../desktop/redirect";
import { widgetConfig } from "./config";
import { attendBeginnings, type Bundle } from "./engagement";

declare global {
  interface Window {
    /** The page's own wishes, over those of the script element: any key of the widget's configuration. */
    parleyWebchat?: Record<string, unknown>;
  }
}

function start(script: HTMLScriptElement): void {
  const base = new URL(script.src).origin;
  const { account, flow, form, attachments } = script.dataset;
  if (!account || !flow) {
    console.error("The chat widget does not start: its script element needs data-account and data-flow.");
    return;
  }
  const config = {
    ...widgetConfig({
      base,
      accountSid: account,
      flexFlowSid: flow,
      form: form !== "off",
      attachments: attachments !== "off",
    }),
    ...window.parleyWebchat,
  };
  // Everything else of the widget can be configured; the site's own requests stay as they are.
  wrapLinks((url) => redirect(url, base)); // its font
  wrapRequests((url) => redirectMedia(url, base)); // its attachments
  const bundle = document.createElement("script");
  bundle.src = base + __WEBCHAT_UI__;
  bundle.addEventListener("error", () => console.error(`The chat widget cannot be loaded from ${base}.`));
  bundle.addEventListener("load", () => {
    const widget = window.Twilio?.FlexWebChat as Bundle | undefined;
    widget
      ?.renderWebChat(config)
      .then(() => attendBeginnings(widget, config.startEngagementOnInit === false))
      .catch((error: unknown) => console.error("The chat widget does not start.", error));
  });
  document.head.append(bundle);
}

// currentScript is there only while the script runs for the first time.
if (document.currentScript instanceof HTMLScriptElement) {
  const script = document.currentScript;
  if (document.body) start(script);
  else document.addEventListener("DOMContentLoaded", () => start(script));
}
