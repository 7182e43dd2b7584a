// Outages and server-side closes. The clients here go through a proxy (lib/proxy.mjs) that plays the bad network.
import { assert, Recorder, rejects, until } from '../lib/steps.mjs';

const states = (client) => {
  const seen = [];
  client.on('connectionStateChanged', (s) => seen.push(s));
  return seen;
};

const connected = (client, ms = 12_000) => until(() => client.connectionState === 'connected', 'the client to be connected again', ms);

const lost = (client) => until(() => client.connectionState !== 'connected', 'the client to notice the loss');

/** A message from the server's side; resolves when the client has it, so all that came before it is there too. */
async function mark(w, channel, recorder, body) {
  await w.service.say(channel.sid, 'system', body);
  await recorder.wait('messageAdded', (m) => m.body === body, 12_000);
}

export const resilience = [
  {
    name: 'connect through the proxy',
    setup: true,
    async run(w) {
      const proxy = w.put('proxy', await w.proxy());
      const pat = w.put('pat', await w.connect('pat', { uri: proxy.uri }));
      const quinn = w.put('quinn', await w.connect('quinn'));
      const room = await w.room({ FriendlyName: 'weather', Type: 'private' }, { pat, quinn });
      w.put('weather', room);
    },
  },
  {
    name: 'socket drop: exact catch-up, nothing twice',
    timeout: 40_000,
    async run(w) {
      const [proxy, pat, { sid, pat: mine, quinn: theirs }] = [w.get('proxy'), w.get('pat'), w.get('weather')];
      const before = [];
      for (let i = 0; i < 4; i++) before.push(Number(await theirs.sendMessage(`before ${i}`)));
      await until(async () => (await mine.getMessages(10)).items.length === 4, 'four messages');
      await until(async () => (await mine.getMembers()).length === 2, 'both members'); // their own joining is not part of this
      const own = (await theirs.getMessages(10)).items;
      const events = new Recorder(mine, 'messageAdded', 'messageUpdated', 'messageRemoved', 'memberJoined', 'memberLeft', 'updated');
      const joined = new Recorder(pat, 'channelJoined');

      proxy.refusing = true;
      proxy.drop();
      await lost(pat);
      for (let i = 0; i < 3; i++) await theirs.sendMessage(`while away ${i}`);
      await own[1].updateBody('edited while away');
      await own[2].remove();
      await w.service.post(`/Channels/${sid}`, { FriendlyName: 'offline-rename' });
      await w.service.post(`/Channels/${sid}/Members`, { Identity: 'newcomer' });
      const other = await w.service.channel({ FriendlyName: 'made while away' }, 'pat');
      const ghost = await w.service.say(sid, 'system', 'sent and removed while away');
      await w.service.delete(`/Channels/${sid}/Messages/${ghost.sid}`);
      proxy.refusing = false;
      const start = Date.now();
      await connected(pat);
      await mark(w, mine, events, 'after the gap');
      assert.ok(Date.now() - start < 8_000, `caught up after ${Date.now() - start} ms`);

      const bodies = events.all('messageAdded').map((m) => m.body);
      assert.deepEqual(bodies, ['while away 0', 'while away 1', 'while away 2', 'after the gap'], 'messages in order, each once');
      assert.deepEqual(events.all('messageUpdated', (u) => u.updateReasons.includes('body')).map((u) => u.message.index), [before[1]]);
      assert.deepEqual(events.all('messageRemoved').map((m) => m.index), [before[2]]);
      await events.wait('memberJoined', (m) => m.identity === 'newcomer');
      assert.equal(events.all('memberJoined').length, 1, 'one newcomer, no spurious joins');
      assert.equal(events.all('memberLeft').length, 0);
      await events.wait('updated', (u) => u.updateReasons.includes('friendlyName'));
      assert.equal(mine.friendlyName, 'offline-rename');
      await joined.wait('channelJoined', (c) => c.sid === other.sid);
    },
  },
  {
    name: 'a request made while offline is queued and done once',
    timeout: 30_000,
    async run(w) {
      const [proxy, pat, { pat: mine, quinn: theirs }] = [w.get('proxy'), w.get('pat'), w.get('weather')];
      const there = new Recorder(theirs, 'messageAdded');
      proxy.refusing = true;
      proxy.drop();
      await lost(pat);
      const sent = mine.sendMessage('queued while offline');
      proxy.refusing = false;
      const index = Number(await sent);
      await there.wait('messageAdded', (m) => m.index === index && m.body === 'queued while offline');
      await mark(w, theirs, there, 'queue sentinel');
      assert.equal(there.all('messageAdded', (m) => m.body === 'queued while offline').length, 1);
      await connected(pat);
    },
  },
  {
    name: 'a send cut off after it was done arrives by replay, once',
    timeout: 30_000,
    async run(w) {
      const [proxy, pat, { pat: mine, quinn: theirs }] = [w.get('proxy'), w.get('pat'), w.get('weather')];
      const there = new Recorder(theirs, 'messageAdded');
      const here = new Recorder(mine, 'messageAdded');
      proxy.holding = true;
      const refused = rejects(mine.sendMessage('cut off'), 'a send without an answer');
      await there.wait('messageAdded', (m) => m.body === 'cut off');
      proxy.drop();
      proxy.holding = false;
      await refused;
      await connected(pat);
      await here.wait('messageAdded', (m) => m.body === 'cut off', 12_000);
      await mark(w, mine, here, 'cut-off sentinel');
      assert.equal(here.all('messageAdded', (m) => m.body === 'cut off').length, 1);
    },
  },
  {
    name: 'offload close 308: the client comes back by itself',
    timeout: 30_000,
    async run(w) {
      const [proxy, pat, { pat: mine }] = [w.get('proxy'), w.get('pat'), w.get('weather')];
      const seen = states(pat);
      const here = new Recorder(mine, 'messageAdded');
      await proxy.inject({ method: 'close', status: { code: 308, status: 'OFFLOAD' } }, { backoff_policy: { reconnect_min_ms: 500 } });
      await lost(pat);
      await w.service.say(mine.sid, 'system', 'during the offload');
      await connected(pat, 15_000);
      assert.ok(seen.includes('disconnecting') && seen.includes('connecting'), `states were ${seen}`);
      await here.wait('messageAdded', (m) => m.body === 'during the offload', 12_000);
    },
  },
  {
    name: 'an unknown server method and a ping are acknowledged',
    async run(w) {
      const proxy = w.get('proxy');
      for (const method of ['ping', 'frobnicate']) {
        const ack = await proxy.inject({ method });
        assert.equal(ack.status.code, 200);
      }
      assert.equal(w.get('pat').connectionState, 'connected');
    },
  },
  {
    name: '429 and 500 on init: the client tries again and catches up',
    timeout: 30_000,
    async run(w) {
      const [proxy, pat, { pat: mine }] = [w.get('proxy'), w.get('pat'), w.get('weather')];
      const here = new Recorder(mine, 'messageAdded');
      proxy.initAnswers.push(
        { status: { code: 429, status: 'TOO_MANY_REQUESTS' }, payload: { backoff_policy: { reconnect_min_ms: 400 } } },
        { status: { code: 500, status: 'INTERNAL_SERVER_ERROR' } },
      );
      proxy.drop();
      await lost(pat);
      await w.service.say(mine.sid, 'system', 'while refused');
      await connected(pat, 20_000);
      assert.equal(proxy.initAnswers.length, 0, 'both refusals were used');
      await here.wait('messageAdded', (m) => m.body === 'while refused', 12_000);
    },
  },
  {
    name: 'push register and unregister',
    timeout: 30_000,
    async run(w) {
      const [proxy, pat] = [w.get('proxy'), w.get('pat')];
      const calls = () => proxy.exchanges().filter((x) => x.path.startsWith('/v1/registrations'));
      await pat.setPushRegistrationId('fcm', 'device-token-1');
      await until(() => calls().some((x) => x.method === 'POST' && x.body?.data?.registration_id === 'device-token-1' && x.status === 201), 'a registration answered 201');
      const done = calls().length;
      await pat.unsetPushRegistrationId('fcm');
      await until(() => calls().length > done, 'the registration to be taken back');
      assert.ok(calls().every((x) => x.status >= 200 && x.status < 300), `answers were ${calls().map((x) => x.method + x.status)}`);
    },
  },
];

export const shutdown = [
  {
    name: 'shutdown',
    async run(w) {
      const client = await w.connect('alice');
      await client.shutdown();
      await until(() => ['disconnected', 'disconnecting'].includes(client.connectionState), `a closed state (is ${client.connectionState})`);
    },
  },
];
