import assert from "node:assert/strict";
import { DesktopPage, WidgetPage } from "../lib/desktop.mjs";
import { another, eventually } from "../lib/visit.mjs";

/** The views of the desktop that supervisors have beside the agents'. */
class Floor extends DesktopPage {
  constructor(visit) {
    super(visit);
    this.workers = this.page.locator(".Twilio-WorkersDataTable-UserCard");
  }

  /** The row of a worker in the Teams view. */
  worker(name) {
    return this.page.locator(".Twilio-WorkersDataTable tr", { has: this.workers.filter({ hasText: name }) });
  }

  /** The names of the workers that the Teams view shows. */
  names() {
    return this.workers.locator(".Twilio-UserCard-InfoContainer-FirstLine").allInnerTexts();
  }

  /** Waits until the Queues view shows these numbers of the queue, by the headings of its columns. */
  async counts(queue, numbers) {
    const row = this.page.locator(".Twilio-QueuesDataTable tr", { hasText: queue });
    const read = async () => {
      const shown = {};
      for (const column of Object.keys(numbers)) {
        const cell = row.locator(`.Twilio-DataTable-Cell-${column}`);
        shown[column] = (await cell.allInnerTexts()).map((text) => text.split(/\s+/).join(" ").trim()).join("");
      }
      return shown;
    };
    const right = (shown) => Object.entries(numbers).every(([column, number]) => shown[column] === `${number}`);
    await eventually(read, right, `${queue} is to show ${JSON.stringify(numbers)}`);
  }

  /** The big numbers above the queues. */
  async tile(title, number) {
    const tile = this.page.locator(".Twilio-AggregatedDataTile", { hasText: title });
    await tile.locator(".Twilio-AggregatedDataTile-Content").getByText(`${number}`, { exact: true }).waitFor();
  }
}

/** The offer that stands is accepted, by whoever has it. */
async function takeOffer(server) {
  const [{ sid }] = await eventually(() => server.tasks("reserved"), (tasks) => tasks.length === 1, "an offer");
  const path = `/taskrouter/v1/Workspaces/{WS}/Tasks/${sid}/Reservations`;
  const { reservations } = await server.rest("GET", `${path}?ReservationStatus=pending`);
  await server.rest("POST", `${path}/${reservations[0].sid}`, { ReservationStatus: "accepted" });
}

const members = async (server, channel) => {
  const { members: all } = await server.rest("GET", `/chat/v2/Services/{IS}/Channels/${channel}/Members`);
  return all.map(({ identity }) => identity);
};

/** The names of all workers, also of those whom other tests left behind. */
async function staff(server) {
  const { workers } = await server.rest("GET", "/taskrouter/v1/Workspaces/{WS}/Workers");
  return workers.map(({ attributes, friendly_name }) => JSON.parse(attributes).full_name ?? friendly_name).sort();
}

export const supervisor = {
  async "supervisor: Teams shows workers and their tasks as they are, narrowed by filters and by name"(visit) {
    const { page, server } = visit;
    const floor = await new Floor(visit).signIn("supervisor", "/teams");
    await floor.worker("Agent").getByText("Offline").waitFor();
    const everybody = await staff(server);
    assert.ok(everybody.includes("Agent") && everybody.includes("Supervisor"), `${everybody}`);
    await eventually(() => floor.names(), (names) => `${names.sort()}` === `${everybody}`, "all workers");
    await server.move("Available");
    await floor.worker("Agent").getByText("Available").waitFor();
    await server.customer("Alice", "Hello");
    await takeOffer(server);
    await floor.worker("Agent").locator(".Twilio-TaskCard", { hasText: "Alice" }).waitFor();

    await page.getByRole("button", { name: "Filter" }).click();
    const filters = page.locator(".Twilio-TeamFiltersPanel");
    await filters.getByText("Available", { exact: true }).click();
    await filters.getByRole("button", { name: "Apply" }).click();
    await eventually(() => floor.names(), (names) => `${names}` === "Agent", "only who is available");
    await server.move("Break");
    await eventually(() => floor.names(), (names) => names.length === 0, "nobody is available");
    await filters.getByRole("button", { name: "Reset" }).click();
    await eventually(() => floor.names(), (names) => `${names.sort()}` === `${everybody}`, "everybody");

    await page.getByPlaceholder("Search Agents").fill("super");
    await page.getByPlaceholder("Search Agents").press("Enter");
    await eventually(() => floor.names(), (names) => `${names}` === "Supervisor", "who has that name");
    await floor.assertWhole();
  },

  async "supervisor: changes an agent's activity, and the agent sees it"(visit) {
    const { page } = visit;
    const floor = await new Floor(visit).signIn("supervisor", "/teams");
    await another(visit, async (person) => {
      const desk = await new DesktopPage(person).signIn();
      await floor.worker("Agent").click();
      const profile = page.locator(".Twilio-WorkerCanvas");
      await profile.locator(".Twilio-WorkerProfile-WorkerActivity div").first().click();
      await page.getByText("Break", { exact: true }).locator("visible=true").click(); // the list lies over the page
      await floor.worker("Agent").getByText("Break").waitFor();
      await desk.shows("Break");
    });
  },

  async "supervisor: reads a live chat without being in it"(visit) {
    const { page, server } = visit;
    await server.move("Available");
    await another(visit, async (person) => {
      const desk = await new DesktopPage(person).signIn();
      await another(visit, async (customer) => {
        const widget = await new WidgetPage(customer).start("Carol", "Where is my parcel?");
        await desk.accept();
        await widget.say("It is late.");
        const floor = await new Floor(visit).signIn("supervisor", "/teams");
        await floor.worker("Agent").locator(".Twilio-TaskCard", { hasText: "Carol" }).click();
        await floor.hears("It is late.");
        await desk.say("Let me look.");
        await floor.hears("Let me look.");
        assert.equal(await page.getByPlaceholder("Type message").count(), 0, "a reader does not write");
        const [{ attributes }] = await server.tasks("assigned");
        const { channelSid } = JSON.parse(attributes);
        assert.ok(!(await members(server, channelSid)).includes("supervisor"));
      });
    });
  },

  async "supervisor: Queues shows the numbers of a day that was counted by hand"(visit) {
    const { server } = visit;
    const queues = "/taskrouter/v1/Workspaces/{WS}/TaskQueues";
    const { sid: queue } = await server.rest("POST", queues, { FriendlyName: "Counted", TargetWorkers: "full_name == 'Agent'" });
    const flows = "/taskrouter/v1/Workspaces/{WS}/Workflows";
    const configuration = JSON.stringify({ task_routing: { default_filter: { queue } } });
    const { sid: flow } = await server.rest("POST", flows, { FriendlyName: "Counted", Configuration: configuration });
    const tasks = "/taskrouter/v1/Workspaces/{WS}/Tasks";
    const add = (name) => server.rest("POST", tasks, { WorkflowSid: flow, TaskChannel: "chat", Attributes: JSON.stringify({ name }) });
    const set = ({ sid }, status) => server.rest("POST", `${tasks}/${sid}`, { AssignmentStatus: status, Reason: "counted" });
    const floor = await new Floor(visit).signIn("supervisor", "/queues-stats");
    await floor.counts("Counted", { "Active-Tasks": 0, "Waiting-Tasks": 0, "Handled-Tasks-Today": 0, "Abandoned-Tasks-Today": 0 });

    const all = [];
    for (const name of ["one", "two", "three"]) all.push(await add(name)); // nobody is there: three wait
    await floor.counts("Counted", { "Active-Tasks": 0, "Waiting-Tasks": 3, "Handled-Tasks-Today": 0 });
    await set(all[2], "canceled"); // one customer gives up
    await floor.counts("Counted", { "Waiting-Tasks": 2, "Abandoned-Tasks-30min": 1, "Abandoned-Tasks-Today": 1 });

    await server.move("Available");
    await takeOffer(server); // the oldest
    await floor.counts("Counted", { "Active-Tasks": 1, "Waiting-Tasks": 1, "Handled-Tasks-Today": 1, Agents: "1 0 0" });
    await server.move("Break");
    await floor.counts("Counted", { "Active-Tasks": 1, "Waiting-Tasks": 1, Agents: "0 1 0" });
    await set(all[0], "completed");
    await floor.counts("Counted", { "Active-Tasks": 0, "Waiting-Tasks": 1, "Handled-Tasks-30min": 1, "Abandoned-Tasks-30min": 1 });
    await floor.tile("Active tasks", 0);
    await floor.tile("Waiting tasks", 1);
    await set(all[1], "canceled");
    await floor.counts("Counted", { "Waiting-Tasks": 0, "Longest-Wait-Time": "0s", "Handled-Tasks-Today": 1, "Abandoned-Tasks-Today": 2 });
    await server.rest("DELETE", `${flows}/${flow}`);
    await server.rest("DELETE", `${queues}/${queue}`);
  },
};
