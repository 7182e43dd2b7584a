// The Sync client inside the desktop, twilio-sync 0.12.3, for what a supervisor watches:  node live.mjs --config FILE
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Rest } from './lib/rest.mjs';
import { assert, option, Recorder, rejects, Suite, until, within } from './lib/steps.mjs';
import { handToken } from './lib/tokens.mjs';
import { Workspace } from './worker-sdk.mjs';

const { SyncClient } = createRequire(import.meta.url)('sync0123');

const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite('live', option('only'));
const w = await new Workspace({ cfg, rest: new Rest(cfg), version: '2.1.1' }).make('live');
const clients = [];

/** A Sync client as the desktop makes it, for a worker with a role. */
async function connect(worker_sid, role) {
  const identity = `sync ${worker_sid}`;
  const grants = { identity, chat: { service_sid: cfg.chat_service_sid }, task_router: { workspace_sid: w.sid, worker_sid, role } };
  const client = new SyncClient(handToken(cfg, { identity, claims: { grants } }), {
    productId: 'flex_insights', logLevel: 'silent', twilsock: { uri: cfg.base_url.replace(/^http/, 'ws') + '/tsock/v3/wsconnect' },
  });
  clients.push(client);
  await within(10_000, until(() => client.connectionState === 'connected', 'the connection', 10_000));
  return client;
}

const keys = (query) => Object.keys(query.getItems()).sort();
const move = (sid, activity) => w.post(`/Workers/${sid}`, { ActivitySid: w.activities[activity] });
const ended = 'data.status not_in ["completed", "canceled", "rescinded", "rejected", "timeout"]';

await suite.lane([
  {
    name: 'connects as flex_insights',
    setup: true,
    async run() {
      [w.annSid, w.leadSid] = [await w.makeWorker('ann', { full_name: 'Ann Agent' }), await w.makeWorker('lead', { full_name: 'Lee Lead', roles: ['supervisor'] })];
      [w.agent, w.lead] = [await connect(w.annSid, 'worker'), await connect(w.leadSid, 'supervisor')];
    },
  },
  {
    name: 'the directory: instant queries over workers and queues',
    async run() {
      const search = await w.agent.instantQuery('tr-worker');
      const found = new Recorder(search, 'searchResult');
      await search.search('');
      assert.deepEqual(keys(search), [w.annSid, w.leadSid].sort());
      await search.search('data.attributes.full_name contains "lee"');
      assert.deepEqual(keys(search), [w.leadSid]);
      assert.deepEqual(search.getItems()[w.leadSid].attributes, { full_name: 'Lee Lead', roles: ['supervisor'] });
      assert.equal(found.all('searchResult').length, 2);
      const queues = await w.agent.instantQuery('tr-queue');
      await queues.search('data.queue_name contains "every"');
      assert.equal(queues.getItems()[w.queue].queue_name, 'Everyone');
    },
  },
  {
    name: 'an agent may not watch',
    async run() {
      assert.equal((await rejects(w.agent.liveQuery('tr-worker', ''), 'a live query')).status, 403);
      assert.equal((await rejects(w.agent.map({ id: 'realtime_statistics_v1', mode: 'open_existing' }), 'the map')).status, 403);
    },
  },
  {
    name: 'a query that makes no sense is refused',
    async run() {
      assert.deepEqual([400, 54507], (({ status, code }) => [status, code])(await rejects(w.lead.liveQuery('tr-worker', 'data.x =='), 'the query')));
    },
  },
  {
    name: 'Teams: workers come, change and go',
    async run() {
      w.teams = await w.lead.liveQuery('tr-worker', 'data.activity_name IN ["Available"]');
      assert.deepEqual(keys(w.teams), []);
      const told = new Recorder(w.teams, 'itemUpdated', 'itemRemoved');
      await move(w.annSid, 'Available');
      const { value } = await told.wait('itemUpdated', (e) => e.key === w.annSid);
      assert.deepEqual([value.activity_name, value.friendly_name, value.worker_sid], ['Available', 'ann', w.annSid]);
      await move(w.annSid, 'Offline');
      await told.wait('itemRemoved', (e) => e.key === w.annSid);
      assert.deepEqual(keys(w.teams), []);
      await move(w.annSid, 'Available');
      await until(() => keys(w.teams).length === 1, 'the return');
    },
  },
  {
    name: 'Teams: a task from its offer to its end',
    async run() {
      const rows = await w.lead.liveQuery('tr-reservation', `data.worker_sid == "${w.annSid}" && (${ended})`);
      const told = new Recorder(rows, 'itemUpdated', 'itemRemoved');
      const task = await w.post('/Tasks', { WorkflowSid: w.workflow, TaskChannel: 'chat', Attributes: '{"name":"Carl"}' });
      const { key, value } = await told.wait('itemUpdated');
      assert.deepEqual([value.status, value.task_sid, value.attributes, value.queue_name, value.task_channel_unique_name], ['pending', task.sid, { name: 'Carl' }, 'Everyone', 'chat']);
      await w.post(`/Tasks/${task.sid}/Reservations/${key}`, { ReservationStatus: 'accepted' });
      await told.wait('itemUpdated', (e) => e.value.status === 'accepted' && e.value.task_status === 'assigned');
      w.held = { task: task.sid, reservation: key };
      w.rows = rows;
    },
  },
  {
    name: 'Queues: the numbers, and what changes in them',
    async run() {
      const map = await w.lead.map({ id: `${w.queue}.realtime_statistics.v1`, mode: 'open_existing' });
      const items = (await map.getItems()).items;
      assert.deepEqual(items.map((i) => i.key).sort(), ['tasks_now', 'tasks_thirty_minutes', 'tasks_today', 'worker_activities_statistics']);
      assert.equal(items.find((i) => i.key === 'tasks_now').value.queue.assigned_tasks, 1);
      assert.deepEqual(items.find((i) => i.key === 'tasks_today').value.queue, { sla_percentage: 1, handled_tasks_count: 1, abandoned_tasks_count: 0 });
      const told = new Recorder(map, 'itemUpdated');
      await w.post(`/Tasks/${w.held.task}/Reservations/${w.held.reservation}`, { ReservationStatus: 'completed' });
      await told.wait('itemUpdated', ({ item }) => item.key === 'tasks_now' && item.value.queue.total_tasks === 0);
      await until(() => keys(w.rows).length === 0, 'the end of the reservation');
      const whole = await w.lead.map({ id: 'realtime_statistics_v1', mode: 'open_existing' });
      assert.equal((await whole.get('workspace')).value.total_workers, 2);
    },
  },
  {
    name: 'Queues: a queue that is not there',
    async run() {
      const e = await rejects(w.lead.map({ id: 'WQ00000000000000000000000000000000.realtime_statistics.v1', mode: 'open_existing' }), 'the map');
      assert.match(e.message, /Unique name not found/);
    },
  },
  {
    name: 'a filter that was closed and is opened again shows what is true now',
    async run() {
      w.teams.close();
      await move(w.annSid, 'Unavailable');
      const again = await w.lead.liveQuery('tr-worker', 'data.activity_name IN ["Available"]');
      assert.deepEqual(keys(again), []);
      await move(w.annSid, 'Available');
      await until(() => keys(again).length === 1, 'the worker');
    },
  },
  {
    name: 'the guard of a single session: a document of two tabs',
    async run() {
      const id = `flexSingleTabGuard_${w.annSid}`;
      const tab = await connect(w.annSid, 'worker');
      const [one, other] = [await w.agent.document({ id, ttl: 172800, value: { keepalive: 1 } }), await tab.document({ id })];
      assert.equal(one.sid, other.sid);
      const told = new Recorder(other, 'updated', 'removed');
      await one.set({ keepalive: 2 }, { ttl: 172800 });
      await told.wait('updated', (e) => e.value.keepalive === 2 && !e.isLocal);
      await one.mutate((v) => ({ ...v, deviceSid: 'x' }));
      await until(() => other.value.deviceSid === 'x', 'the change');
      const clock = await tab.document({ id: String(Math.random()), ttl: 10 });
      assert.ok(Math.abs(clock.dateUpdated - Date.now()) < 60_000);
      await one.removeDocument();
      await told.wait('removed');
    },
  },
], w);
await Promise.allSettled(clients.map((c) => within(2_000, c.shutdown())));
w.close();
process.exit(suite.finish() ? 0 : 1);
