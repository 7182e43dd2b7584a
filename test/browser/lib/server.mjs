// The built server as a child process: started on a free port, ended by its pid.

import { execFile, spawn } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";

const READY_MS = 20_000;
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

  /** @param {{bin: string, port: number, data: string, demo: boolean}} options */
  constructor(options) {
    this.options = options;
    this.origin = `http://127.0.0.1:${options.port}`;
  }

  /** The last lines that the server wrote, for a failing test. */
  get output() {
    return this.#output.slice(-40).join("");
  }

  async start() {
    const { bin, port, data, demo } = this.options;
    const args = ["serve", "--listen", `127.0.0.1:${port}`, "--data", data];
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

  /** An access token of that life, by the command line. */
  async token(identity, life) {
    const { bin, data } = this.options;
    const args = ["token", "--identity", identity, "--ttl", life, "--data", data];
    const { stdout } = await promisify(execFile)(bin, args);
    return stdout.trim();
  }

  /** An authorised REST call with the demo credentials; answers the parsed body. */
  async rest(method, path, form) {
    this.credentials ??= await (await fetch(`${this.origin}/demo/credentials`)).json();
    const { account_sid, auth_token } = this.credentials;
    const answer = await fetch(this.origin + path.replace("{IS}", this.credentials.chat_service_sid), {
      method,
      headers: { Authorization: `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}` },
      body: form && new URLSearchParams(form),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }
}
