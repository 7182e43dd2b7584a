import { DesktopPage, WidgetPage } from "../lib/desktop.mjs";
import { Host } from "../lib/host.mjs";

/** The widget on a page of another site. */
async function onAnotherSite({ server, allowed }, act) {
  const { account_sid, web_flow_sid } = await server.known();
  const host = await Host.listen(
    `<!doctype html><link rel="icon" href="data:,"><title>Shop</title>
    <script src="${server.origin}/webchat/parley-webchat.js" data-account="${account_sid}" data-flow="${web_flow_sid}" defer></script>`,
  );
  try {
    allowed.push(new URL(host.origin).host);
    await act(host.origin);
  } finally {
    await host.close();
  }
}

/** For a server that takes one request of visitors per minute, and none from other sites. */
export const refused = {
  async "refused: a flood of the widget is told to wait, in words, and gets its form back"(visit) {
    visit.expected.push(/status (of|code) 429/);
    const widget = new WidgetPage(visit);
    await widget.ask("Carol", "Where is my parcel?");
    await visit.page.getByText("Too many chats are beginning at the moment. Please try again in a minute.").waitFor();
    await visit.page.getByRole("button", { name: "Start chat" }).waitFor();
  },

  async "refused: a widget on a site that is not allowed says that no chat begins"(visit) {
    visit.expected.push(/status (of|code) 403/);
    await onAnotherSite(visit, async (origin) => {
      await new WidgetPage(visit).ask("Mallory", "Let me in", origin);
      await visit.page.getByText("The chat could not begin. Please try again in a moment.").waitFor();
    });
  },

  async "refused: a plugin that is not there is named to the agent, who can work"(visit) {
    visit.expected.push(/Failed to download plugin/, /ERR_FAILED/);
    await visit.page.route("**/desktop/transfer.js", (route) => route.abort());
    const desk = await new DesktopPage(visit).signIn();
    await visit.page.getByText("A part of the desktop is missing.").waitFor();
    await visit.page.getByText("/desktop/transfer.js").waitFor();
    await visit.page.getByRole("button", { name: "Close" }).last().click();
    await desk.assertWhole();
    await desk.activity("Available");
    await visit.page.unrouteAll({ behavior: "ignoreErrors" });
  },
};
