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

async function selfSigned(dir) {
  const [key, cert] = [join(dir, 'tls.key'), join(dir, 'tls.crt')];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert]);
  return { key, cert };
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
 * Starts `binary serve` in a data folder of its own and waits until /readyz is 200.
 * Resolves with {config, dir, logFile, stop}; config is what run.mjs reads.
 */
export async function startServer({ binary, databaseUrl }) {
  const dir = mkdtempSync(join(tmpdir(), 'parley-conformance-'));
  const tls = await selfSigned(dir);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const store = databaseUrl ? ['--database-url', databaseUrl] : [];
  const data = ['--data', join(dir, 'data'), ...store];
  const logFile = join(dir, 'server.log');
  const log = createWriteStream(logFile);
  const child = spawn(binary, ['serve', '--listen', `127.0.0.1:${port}`, ...data, '--demo',
    '--tls-listen', `127.0.0.1:${tlsPort}`, '--tls-cert', tls.cert, '--tls-key', tls.key],
  { env: { ...process.env, PARLEY_WEBHOOK_ALLOW_PRIVATE: 'true' }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  let over;
  exited.then((how) => { over = how; });

  const stop = async ({ keep } = {}) => {
    if (!over) {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(hard);
    }
    log.end();
    if (!keep) rmSync(dir, { recursive: true, force: true });
    return over;
  };

  try {
    const base = `http://127.0.0.1:${port}`;
    await until(async () => {
      if (over) return true;
      return (await fetch(base + '/readyz')).status === 200;
    }, 'the server to be ready', 20_000);
    if (over) throw new Error(`the server ended at start (${over.code ?? over.signal}):\n${readFileSync(logFile, 'utf8').slice(-3000)}`);
    const { stdout } = await run(binary, ['credentials', ...data, '--json']);
    const config = { ...JSON.parse(stdout), base_url: base, tls_url: `https://127.0.0.1:${tlsPort}`, ca_file: tls.cert };
    return { config, dir, logFile, stop };
  } catch (e) {
    await stop({ keep: true });
    throw e;
  }
}
