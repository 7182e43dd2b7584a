// kill -9 and a graceful stop under workers of every version:  node worker-restart.mjs --config FILE
// The suite runs a server of its own, so that the other suites' is left alone.
import { readFileSync } from 'node:fs';
import { Rest } from './lib/rest.mjs';
import { makeServer } from './lib/server.mjs';
import { assert, option, Suite } from './lib/steps.mjs';
import { Workspace, workerVersions } from './worker-sdk.mjs';

const { binary } = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite('worker-restart', option('only'));
if (!binary) {
  console.log('FAIL worker-restart has a server to restart: the configuration names no binary; use launch.mjs');
  process.exit(1);
}

const server = await makeServer({ binary });
await server.start();
const cfg = await server.config();
const parties = []; // {w, worker, held}: held is what the worker has accepted

/** Offers each worker a task and lets it accept. */
const take = () => Promise.all(parties.map(async (p) => {
  const r = await p.w.offer(p.worker);
  await r.accept();
  p.held.push(r.sid);
}));

/** Each client is ready again, holds what it held and what it was offered, and goes on working. */
async function goOn(offered, times) {
  await Promise.all(parties.map(async ({ w, worker, held }, i) => {
    await worker.seen.wait('ready', () => worker.seen.all('ready').length > times, 40_000);
    assert.deepEqual([...worker.reservations.keys()].sort(), [...held, offered[i].sid].sort(), `${w.version}: what is open`);
    assert.equal(worker.reservations.get(offered[i].sid).status, 'pending', w.version);
    await worker.reservations.get(offered[i].sid).accept();
    held.push(offered[i].sid);
    for (const sid of held.splice(0)) await worker.reservations.get(sid).complete();
  }));
}

const outage = (end) => async () => {
  const times = parties[0]?.worker.seen.all('ready').length;
  await take();
  const offered = await Promise.all(parties.map((p) => p.w.offer(p.worker)));
  await end();
  await server.start();
  await goOn(offered, times);
  await take();
  for (const { worker, held } of parties) for (const sid of held.splice(0)) await worker.reservations.get(sid).complete();
};

await suite.lane([
  {
    name: 'a worker of each version',
    setup: true,
    timeout: 40_000,
    async run() {
      for (const version of workerVersions) {
        const w = await new Workspace({ cfg, rest: new Rest(cfg), version }).make(`restart ${version}`);
        const worker = await w.client(await w.makeWorker('worker'));
        await w.post(`/Workers/${worker.sid}/Channels/chat`, { Capacity: 5 });
        await w.move(worker, 'Available');
        parties.push({ w, worker, held: [] });
      }
    },
  },
  { name: 'kill -9: no reservation is lost', timeout: 90_000, run: outage(() => server.kill()) },
  { name: 'graceful stop: the same', timeout: 90_000, run: outage(async () => assert.equal((await server.stop()).code, 0)) },
], {});
for (const { w } of parties) w.close();
await server.stop();
server.remove();
process.exit(suite.finish() ? 0 : 1);
