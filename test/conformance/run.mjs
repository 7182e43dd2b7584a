// Runs the suites against a running server:
//
//   node run.mjs --config FILE [--suites sdk-6.0.0,rest-3,…] [--only PATTERN] [--jobs 2] [--trace] [--verbose]
//
// FILE holds what `parley credentials --json` prints; `tls_url` and `ca_file` are added for SDKs whose media calls
// are always https, and for clients that are told no address. One line per step, and a closing line `N passed, N failed`.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { flag, option } from './lib/steps.mjs';
import { versions } from './sdk.mjs';
import { workerVersions } from './worker-sdk.mjs';

/** The suites that bring a server or a browser of their own; one store is enough for them. */
export const once = ['browser', 'worker-browser', 'restart', 'worker-restart'];

const here = dirname(fileURLToPath(import.meta.url));

const SUITE_TIMEOUT_MS = 240_000;

/** Every suite by name, and the script and arguments that run it. The slow ones come first, so that jobs even out. */
export const suites = {
  ...Object.fromEntries(versions.map((v) => [`sdk-${v}`, ['suite.mjs', '--version', v]])),
  ...Object.fromEntries(versions.map((v) => [`guide-${v}`, ['guide.mjs', '--version', v]])),
  ...Object.fromEntries(workerVersions.map((v) => [`worker-${v}`, ['worker.mjs', '--version', v]])),
  'rest-3': ['rest.mjs', '--library', '3'],
  'rest-6': ['rest.mjs', '--library', '6'],
  'rest-3-host': ['rest.mjs', '--library', '3', '--style', 'host'],
  'rest-6-host': ['rest.mjs', '--library', '6', '--style', 'host'],
  'vendor-names': ['vendor-names.mjs'],
  live: ['live.mjs'],
  wire: ['wire.mjs'],
  browser: ['browser/run.mjs'],
  'worker-browser': ['browser/worker.mjs'],
  restart: ['restart.mjs'],
  'worker-restart': ['worker-restart.mjs'],
};

// One suite in a process of its own: the SDK versions must not see each other, and a hang or a crash ends only itself.
function runSuite(name, configFile, passOn, env) {
  const [script, ...args] = suites[name];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(here, script), '--config', configFile, ...args, ...passOn], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const result = { name, passed: 0, failed: 0, failures: [] };
    let done = false;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('PASS ')) result.passed++;
      else if (line.startsWith('FAIL ')) { result.failed++; result.failures.push(line); }
      else if (line.startsWith('DONE ')) { done = true; return; }
      else if (!line.startsWith('    ')) return; // an SDK's own chatter
      console.log(line);
    });
    let errors = '';
    child.stderr.on('data', (chunk) => { errors = (errors + chunk).slice(-4000); });
    const timer = setTimeout(() => child.kill('SIGKILL'), SUITE_TIMEOUT_MS);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (!done) {
        const line = `FAIL ${name} runs to its end: ended early (${signal ?? 'exit ' + code})`;
        console.log(line + '\n    ' + errors.trim().split('\n').slice(-12).join('\n    '));
        result.failed++;
        result.failures.push(line);
      }
      resolve(result);
    });
  });
}

/** Runs these suites, `jobs` at a time; resolves with {passed, failed, failures}. */
export async function runSuites({ configFile, names = Object.keys(suites), jobs = 2, passOn = [] }) {
  const unknown = names.filter((n) => !suites[n]);
  if (unknown.length > 0) throw new Error(`no such suite: ${unknown}; there are ${Object.keys(suites).join(', ')}`);
  const config = JSON.parse(readFileSync(configFile, 'utf8'));
  const env = { ...process.env, ...(config.ca_file ? { NODE_EXTRA_CA_CERTS: config.ca_file } : {}) };
  const total = { passed: 0, failed: 0, failures: [] };
  const queue = [...names];
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let name = queue.shift(); name; name = queue.shift()) {
      const { passed, failed, failures } = await runSuite(name, configFile, passOn, env);
      total.passed += passed;
      total.failed += failed;
      total.failures.push(...failures);
    }
  }));
  return total;
}

/** Options of the command line that every suite understands. */
export function passedOn() {
  const only = option('only');
  return [...(only ? ['--only', only] : []), ...(flag('trace') ? ['--trace'] : []), ...(flag('verbose') ? ['--verbose'] : [])];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const configFile = option('config');
  if (!configFile) {
    console.error('usage: node run.mjs --config FILE [--suites a,b] [--only PATTERN] [--jobs N] [--trace] [--verbose]');
    process.exit(2);
  }
  const total = await runSuites({ configFile, names: option('suites')?.split(','), jobs: Number(option('jobs', 2)), passOn: passedOn() });
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed === 0 ? 0 : 1);
}
