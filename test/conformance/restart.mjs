// kill -9 and a graceful stop under connected clients of every version:  node restart.mjs --config FILE
// The suite runs a server of its own, so that the other suites' is left alone.
import { readFileSync } from 'node:fs';
import { Rest } from './lib/rest.mjs';
import { makeServer } from './lib/server.mjs';
import { assert, option, Recorder, Suite, until } from './lib/steps.mjs';
import { World } from './lib/world.mjs';
import { loadSdk, versions } from './sdk.mjs';

const { binary } = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite('restart', option('only'));
process.on('unhandledRejection', () => {}); // the SDKs' own, see suite.mjs
if (!binary) {
  console.log('FAIL restart has a server to restart: the configuration names no binary; use launch.mjs');
  process.exit(1);
}

const server = await makeServer({ binary });
await server.start();
const cfg = await server.config();
const rest = new Rest(cfg);
const parties = [];

/** Sends through each client, and gives the messages that were acknowledged: {version: [{index, body}]}. */
async function sendAll(text) {
  assert.equal(parties.length, versions.length, 'blocked: not all clients are there');
  await Promise.all(parties.map(async (p) => {
    const body = `${text} ${p.version}`;
    p.acknowledged.push({ index: Number(await p.channel.sendMessage(body)), body });
  }));
}

async function allThere() {
  for (const p of parties) {
    const { messages } = await p.world.service.get(`/Channels/${p.channel.sid}/Messages?PageSize=100`);
    assert.deepEqual(messages.map((m) => ({ index: m.index, body: m.body })), p.acknowledged, `${p.version}: what the store has`);
    for (const { body } of p.acknowledged) await p.there.wait('messageAdded', (m) => m.body === body, 15_000);
    const bodies = p.there.all('messageAdded').map((m) => m.body);
    assert.deepEqual(bodies, p.acknowledged.map((m) => m.body), `${p.version}: what the other side was told`);
  }
}

const connectedAgain = () => Promise.all(parties.flatMap((p) => p.clients.map((c) => until(() => c.connectionState === 'connected', `${p.version} to be connected again`, 25_000))));

const noticed = () => Promise.all(parties.flatMap((p) => p.clients.map((c) => until(() => c.connectionState !== 'connected', `${p.version} to notice the loss`, 10_000))));

await suite.lane([
  {
    name: 'two clients of each version in a channel',
    setup: true,
    timeout: 40_000,
    async run() {
      for (const version of versions) {
        const world = new World({ cfg, sdk: loadSdk(version), rest, serviceSid: cfg.chat_service_sid });
        const [one, two] = [await world.connect(`one-${version}`), await world.connect(`two-${version}`)];
        const room = await world.room({ FriendlyName: version, Type: 'private' }, { [`one-${version}`]: one, [`two-${version}`]: two });
        const other = room[`two-${version}`];
        await other.getMessages(1);
        parties.push({ version, world, clients: [one, two], channel: room[`one-${version}`], there: new Recorder(other, 'messageAdded'), acknowledged: [] });
      }
      await sendAll('before');
      await allThere();
    },
  },
  {
    name: 'kill -9: what was acknowledged is there, clients come back and go on',
    timeout: 90_000,
    async run() {
      await sendAll('just before the kill');
      await server.kill();
      await noticed();
      await server.start();
      await connectedAgain();
      await sendAll('after the kill');
      await allThere();
    },
  },
  {
    name: 'graceful stop: the same',
    timeout: 90_000,
    async run() {
      await sendAll('just before the stop');
      const how = await server.stop();
      assert.equal(how.code, 0, `the server ended with ${how.code ?? how.signal}`);
      await noticed();
      await server.start();
      await connectedAgain();
      await sendAll('after the stop');
      await allThere();
    },
  },
], {});
await Promise.all(parties.map((p) => p.world.close()));
await server.stop();
server.remove();
process.exit(suite.finish() ? 0 : 1);
