// Starts a built server on free ports with an empty store, runs the suites, and stops it:
//
//   node launch.mjs [--binary ../../bin/parley] [--store sqlite|postgres|both] [--suites …] [--only …] [--jobs 2] [--trace]
//
// PostgreSQL is that of PARLEY_TEST_POSTGRES (a postgres:// URL), else the one on 127.0.0.1:5432; the run makes a
// database there and drops it. The suites of the browser and of restarts run once, on the first store.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDatabase, makeServer } from './lib/server.mjs';
import { option } from './lib/steps.mjs';
import { once, passedOn, runSuites, suites } from './run.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const binary = resolve(option('binary', join(here, '../../bin/parley')));
const adminUrl = process.env.PARLEY_TEST_POSTGRES || 'postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable';
const store = option('store', 'both');
const stores = store === 'both' ? ['sqlite', 'postgres'] : [store];

if (!existsSync(binary)) {
  console.error(`no server binary at ${binary}: run "make build" first, or name one with --binary`);
  process.exit(2);
}

const all = { passed: 0, failed: 0, failures: [] };
for (const [i, kind] of stores.entries()) {
  const names = option('suites')?.split(',') ?? Object.keys(suites).filter((n) => i === 0 || !once.includes(n));
  console.log(`== ${kind}`);
  const database = kind === 'postgres' ? await makeDatabase(adminUrl) : null;
  try {
    const server = await makeServer({ binary, databaseUrl: database?.url });
    let total = { passed: 0, failed: 1, failures: ['FAIL the server starts'] };
    try {
      await server.start();
      const configFile = join(server.dir, 'config.json');
      writeFileSync(configFile, JSON.stringify(await server.config()), { mode: 0o600 });
      total = await runSuites({ configFile, names, jobs: Number(option('jobs', 2)), passOn: passedOn() });
    } finally {
      const how = await server.stop();
      if (how.code !== 0) {
        total.failed++;
        total.failures.push(`FAIL the server stops cleanly: ${how.signal ?? 'exit ' + how.code}`);
      }
      if (total.failed > 0) console.log(`server log kept: ${server.logFile}\n${readFileSync(server.logFile, 'utf8').split('\n').slice(-15).join('\n')}`);
      server.remove({ keep: total.failed > 0 });
    }
    all.passed += total.passed;
    all.failed += total.failed;
    all.failures.push(...total.failures.map((line) => `${kind}: ${line}`));
  } finally {
    await database?.drop();
  }
}
if (all.failures.length > 0) console.log('\n' + all.failures.join('\n'));
console.log(`${all.passed} passed, ${all.failed} failed`);
process.exit(all.failed === 0 ? 0 : 1);
