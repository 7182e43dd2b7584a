// The built server with settings of its own, ended by its process.
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const READY_MS = 60_000;

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Server {
  log = '';

  constructor(binary, port, env) {
    this.binary = binary;
    this.base = `http://127.0.0.1:${port}`;
    this.env = { ...process.env, PARLEY_LOG_LEVEL: 'debug', ...env };
    this.dir = mkdtempSync(join(tmpdir(), 'parley-oidc-'));
    this.listen = `127.0.0.1:${port}`;
  }

  async start() {
    const child = spawn(this.binary, ['serve', '--listen', this.listen, '--data', this.dir], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { this.log += chunk; });
    for (const end = Date.now() + READY_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`the server did not start:\n${this.log.slice(-3000)}`);
      const answer = await fetch(this.base + '/readyz').catch(() => null);
      if (answer?.status === 200) break;
    }
    const { stdout } = await promisify(execFile)(this.binary, ['credentials', '--json', '--data', this.dir]);
    this.known = JSON.parse(stdout);
  }

  async stop() {
    if (this.child?.exitCode === null) {
      this.child.kill('SIGTERM');
      const hard = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
      await this.exited;
      clearTimeout(hard);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A REST call of the account. */
  async rest(method, path, form) {
    const basic = Buffer.from(`${this.known.account_sid}:${this.known.auth_token}`).toString('base64');
    const answer = await fetch(this.base + path, { method, headers: { authorization: `Basic ${basic}` }, body: form && new URLSearchParams(form) });
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }

  async workers() {
    const { workers } = await this.rest('GET', `/taskrouter/v1/Workspaces/${this.known.workspace_sid}/Workers`);
    return Object.fromEntries(workers.map((w) => [w.friendly_name, JSON.parse(w.attributes)]));
  }

  makeWorker(name, attributes) {
    return this.rest('POST', `/taskrouter/v1/Workspaces/${this.known.workspace_sid}/Workers`, { FriendlyName: name, Attributes: JSON.stringify(attributes) });
  }

  /** What the desktop is told of a token. */
  async validate(token) {
    const url = `${this.base}/iam/v1/Accounts/${this.known.account_sid}/Tokens/validate`;
    return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })).json();
  }

  /** Asks to sign in, as the desktop does; answers the address of the login page. */
  async authenticate() {
    const url = `${this.base}/preview/iam/Accounts/${this.known.account_sid}/authenticate`;
    const body = JSON.stringify({ products: ['flex'], resource: this.base + '/desktop/' });
    return (await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()).location;
  }
}
