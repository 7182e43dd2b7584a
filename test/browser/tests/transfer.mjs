import { DesktopPage, WidgetPage } from "../lib/desktop.mjs";
import { another, eventually } from "../lib/visit.mjs";

export const transfer = {
  async "transfer: to a queue, where a colleague takes the chat over"(visit) {
    const { page, server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    await server.move("Available");
    await another(visit, async (customer) => {
      const widget = await new WidgetPage(customer).start("Carol", "Where is my parcel?");
      await desk.accept();
      await widget.say("It is late.");
      await desk.hears("It is late.");
      await another(visit, async (colleague) => {
        const second = await new DesktopPage(colleague).signIn("supervisor");
        await server.move("Available", "supervisor");
        await desk.transfer("Everyone", "Queues");
        await desk.notice("The chat is offered to the queue.");
        await second.accept();
        await second.hears("It is late.");
        await page.locator(".Twilio-NoTasksCanvas").waitFor();
        await second.say("I go on from here.");
        await widget.hears("I go on from here.");
        await second.endChat();
        await second.complete();
        await customer.page.getByText("Thanks for chatting with us!").waitFor();
      });
    });
  },

  async "transfer: taken at once, and the agent is told"(visit) {
    const { server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    await server.move("Available");
    await server.customer("Alice", "Hello");
    await desk.accept();
    await desk.hears("Hello");
    await server.move("Available", "supervisor");
    const [{ sid }] = await server.tasks("assigned");
    const path = `/taskrouter/v1/Workspaces/{WS}/Tasks/${sid}/Reservations`;
    const offers = async () => (await server.rest("GET", `${path}?ReservationStatus=pending`)).reservations;
    await desk.transfer("Supervisor");
    const [offer] = await eventually(offers, (all) => all.length === 1, "the colleague's offer");
    await server.rest("POST", `${path}/${offer.sid}`, { ReservationStatus: "accepted" }); // as by a plugin that accepts by itself
    await desk.notice("The chat was taken over.");
    await desk.tasks.waitFor({ state: "detached" });
  },

  async "transfer: refused by the server, with its reason"(visit) {
    const { page, server } = visit;
    visit.expected.push(/status of 400/, /Request failed/, /TransferTask/);
    const desk = await new DesktopPage(visit).signIn();
    await server.move("Available");
    await server.customer("Alice", "Hello");
    await desk.accept();
    await desk.hears("Hello");
    await server.move("Available", "supervisor");
    const refusal = { status: 400, json: { message: "Not now.", code: 20001, status: 400 } };
    await page.route("**/event-bridge/**", (route) => route.fulfill(refusal), { times: 1 });
    await desk.transfer("Supervisor");
    await desk.notice("The chat cannot be handed over: Not now.");
    await desk.say("It is still me.");
    await desk.hears("It is still me.");
  },

  async "transfer: rejected by the colleague, the chat stays where it was"(visit) {
    const { server } = visit;
    const desk = await new DesktopPage(visit).signIn();
    await server.move("Available");
    const alice = await server.customer("Alice", "Hello");
    await desk.accept();
    await another(visit, async (colleague) => {
      const second = await new DesktopPage(colleague).signIn("supervisor");
      await server.move("Available", "supervisor");
      await desk.transfer("Supervisor");
      await second.openTask();
      await second.incoming.getByRole("button", { name: "Reject" }).click();
      await desk.notice("Nobody took the chat over. It is still yours.");
      await second.tasks.waitFor({ state: "detached" });
    });
    await desk.say("It is still me.");
    await desk.hears("It is still me.");
    const form = { From: "Alice", Body: "Fine" };
    await server.rest("POST", `/chat/v2/Services/{IS}/Channels/${alice}/Messages`, form);
    await desk.hears("Fine");
  },
};
