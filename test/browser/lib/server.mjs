// The built server as a child process: started on a free port, ended by its pid.

import { execFile, spawn } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";

const READY_MS = 60_000;
const STOP_MS = 15_000;

/** A port of the loopback address that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Server {
  #process = null;
  #output = [];
  #known = null;

  /** @param {{bin: string, port: number, data: string, demo: boolean, args?: string[]}} options */
  constructor(options) {
    this.options = options;
    this.origin = `http://127.0.0.1:${options.port}`;
  }

  /** The last lines that the server wrote, for a failing test. */
  get output() {
    return this.#output.slice(-40).join("");
  }

  async start() {
    const { bin, port, data, demo, args: more = [] } = this.options;
    const args = ["serve", "--listen", `127.0.0.1:${port}`, "--data", data, ...more];
    const child = spawn(bin, demo ? [...args, "--demo"] : args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => this.#output.push(String(chunk)));
    const ended = new Promise((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}\n${this.output}`)));
    });
    ended.catch(() => {});
    await Promise.race([this.#ready(), ended]);
  }

  async #ready() {
    const until = Date.now() + READY_MS;
    while (Date.now() < until) {
      const answer = await fetch(`${this.origin}/readyz`).catch(() => null);
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the server was not ready in ${READY_MS} ms\n${this.output}`);
  }

  /** Ends the server: asked politely, then not. */
  async stop(signal = "SIGTERM") {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  /** An access token of that life, by the command line; with the role "agent" it is the worker's too. */
  async token(identity, life, role) {
    const { bin, data } = this.options;
    const args = ["token", "--identity", identity, "--ttl", life, "--data", data];
    if (role) args.push("--role", role, "--worker", (await this.known()).worker_sid);
    const { stdout } = await promisify(execFile)(bin, args);
    return stdout.trim();
  }

  /** What the server made at its first start, by the keys of `parley credentials --json`. */
  async known() {
    this.#known ??= await (await fetch(`${this.origin}/demo/credentials`)).json();
    return this.#known;
  }

  /** An authorised REST call; {IS}, {WS}, {WW} and {WK} are SIDs of known(). Answers the parsed body. */
  async rest(method, path, form) {
    const known = await this.known();
    const { chat_service_sid: IS, workspace_sid: WS, workflow_sid: WW, worker_sid: WK } = known;
    const basic = Buffer.from(`${known.account_sid}:${known.auth_token}`).toString("base64");
    const answer = await fetch(
      this.origin + path.replace(/{(..)}/g, (_, kind) => ({ IS, WS, WW, WK })[kind]),
      {
        method,
        // What is written by REST is heard by Flex only where that is asked for.
        headers: { Authorization: `Basic ${basic}`, "X-Twilio-Webhook-Enabled": "true" },
        body: form && new URLSearchParams(form),
      },
    );
    const body = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }

  /** The tasks in these states, the oldest first. */
  async tasks(...states) {
    const query = new URLSearchParams({ AssignmentStatus: states.join(",") });
    return (await this.rest("GET", `/taskrouter/v1/Workspaces/{WS}/Tasks?${query}`)).tasks;
  }

  /** The worker goes to an activity of that name; another one than the agent is told by its name. */
  async move(name, worker) {
    const query = new URLSearchParams({ FriendlyName: name });
    const { activities } = await this.rest("GET", `/taskrouter/v1/Workspaces/{WS}/Activities?${query}`);
    const form = { ActivitySid: activities[0].sid };
    for (const sid of worker ? await this.workers(worker) : ["{WK}"])
      await this.rest("POST", `/taskrouter/v1/Workspaces/{WS}/Workers/${sid}`, form);
  }

  /** The SIDs of the workers of that name: one or none. */
  async workers(name) {
    const query = new URLSearchParams({ FriendlyName: name });
    const { workers } = await this.rest("GET", `/taskrouter/v1/Workspaces/{WS}/Workers?${query}`);
    return workers.map(({ sid }) => sid);
  }

  /** How long an offer stands, in seconds. */
  async offersStand(seconds) {
    const path = "/taskrouter/v1/Workspaces/{WS}/Workflows/{WW}";
    await this.rest("POST", path, { TaskReservationTimeout: seconds });
  }

  /** A customer without a page, who writes that message; answers the channel. */
  async customer(name, text) {
    const { flex_flow_sid: FlexFlowSid } = await this.known();
    const form = { FlexFlowSid, Identity: name, ChatUserFriendlyName: name, ChatFriendlyName: name };
    const { sid } = await this.rest("POST", "/flex-api/v1/Channels", form);
    const message = { From: name, Body: text };
    await this.rest("POST", `/chat/v2/Services/{IS}/Channels/${sid}/Messages`, message);
    return sid;
  }

  /** How many conversations the worker may have at a time. */
  async capacity(n) {
    const path = "/taskrouter/v1/Workspaces/{WS}/Workers/{WK}/Channels/chat";
    await this.rest("POST", path, { Capacity: n });
  }

  /** Takes away what an earlier test left: its tasks, and its agent at work. */
  async tidy() {
    for (const { sid } of await this.tasks("pending", "reserved", "assigned", "wrapping"))
      await this.rest("DELETE", `/taskrouter/v1/Workspaces/{WS}/Tasks/${sid}`);
    await this.move("Offline");
    await this.move("Offline", "supervisor");
    await this.capacity(1);
    await this.offersStand(120);
  }
}
