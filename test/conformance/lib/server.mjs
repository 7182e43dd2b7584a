// Starts the real binary for a test run and stops it by its process id.
import { spawn, execFile } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { until } from './steps.mjs';

const run = promisify(execFile);

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A PostgreSQL database for one run; drop() removes it. */
export async function makeDatabase(adminUrl) {
  const name = `parley_conformance_${process.pid}_${Date.now()}`;
  const admin = async (sql) => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    try { await client.query(sql); } finally { await client.end(); }
  };
  await admin(`CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = '/' + name;
  return { url: url.href, drop: () => admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/**
 * Makes a place for a server: data folder, ports, certificate. start() runs `binary serve` there and waits until
 * /readyz is 200; it may be called again after stop() or kill(), as a restart on the same store.
 */
export async function makeServer({ binary, databaseUrl }) {
  const dir = mkdtempSync(join(tmpdir(), 'parley-conformance-'));
  const tls = (file) => join(dir, 'tls', file);
  await run(binary, ['devcert', '--dir', tls(''), '--vendor-names']);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const data = ['--data', join(dir, 'data'), ...(databaseUrl ? ['--database-url', databaseUrl] : [])];
  const base = `http://127.0.0.1:${port}`;
  const logFile = join(dir, 'server.log');
  const log = createWriteStream(logFile, { flags: 'a' });
  let child;
  let exited = Promise.resolve();
  let over = { code: 0 };

  async function start() {
    over = null;
    child = spawn(binary, ['serve', '--listen', `127.0.0.1:${port}`, ...data, '--demo',
      '--tls-listen', `127.0.0.1:${tlsPort}`, '--tls-cert', tls('cert.pem'), '--tls-key', tls('key.pem')],
    { env: { ...process.env, PARLEY_WEBHOOK_ALLOW_PRIVATE: 'true' }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    exited = new Promise((resolve) => child.once('exit', (code, signal) => { over = { code, signal }; resolve(over); }));
    await until(async () => over || (await fetch(base + '/readyz')).status === 200, 'the server to be ready', 20_000);
    if (over) throw new Error(`the server ended at start (${over.code ?? over.signal}):\n${readFileSync(logFile, 'utf8').slice(-3000)}`);
  }

  /** What run.mjs reads: the credentials and the addresses. */
  async function config() {
    const { stdout } = await run(binary, ['credentials', ...data, '--json']);
    return { ...JSON.parse(stdout), base_url: base, tls_url: `https://127.0.0.1:${tlsPort}`, ca_file: tls('ca.pem'), binary };
  }

  /** Ends the server gracefully, or by force when that takes too long; resolves with {code, signal}. */
  async function stop() {
    if (!over) {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(hard);
    }
    return over;
  }

  /** kill -9. */
  async function kill() {
    child.kill('SIGKILL');
    await exited;
  }

  /** Removes the folder; keep leaves it for a look at the log. */
  function remove({ keep } = {}) {
    log.end();
    if (!keep) rmSync(dir, { recursive: true, force: true });
  }

  return { dir, logFile, start, config, stop, kill, remove };
}
