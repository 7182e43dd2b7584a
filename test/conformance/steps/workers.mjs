// What a worker's client does all day. Ann and Bob are workers; ann and bob are their clients.
import { assert, Recorder, rejects, until } from '../lib/steps.mjs';

export const opening = [
  {
    name: 'ready: activities, channels, no reservations',
    setup: true,
    async run(w) {
      w.annSid = await w.makeWorker('ann', { languages: ['en'] });
      w.bobSid = await w.makeWorker('bob');
      [w.ann, w.bob] = [await w.client(w.annSid), await w.client(w.bobSid)];
      const { ann } = w;
      assert.deepEqual([ann.sid, ann.workspaceSid, ann.accountSid, ann.name], [w.annSid, w.sid, w.cfg.account_sid, 'ann']);
      assert.deepEqual(ann.attributes, { languages: ['en'] });
      assert.deepEqual([...ann.activities.values()].map((a) => [a.name, a.available, a.isCurrent]).slice(0, 3), [['Offline', false, true], ['Available', true, false], ['Unavailable', false, false]]);
      assert.deepEqual([...ann.channels.values()].map((c) => c.taskChannelUniqueName).sort(), ['chat', 'default', 'sms', 'video', 'voice']);
      for (const c of ann.channels.values()) assert.deepEqual([c.capacity, c.available, c.availableCapacityPercentage, c.assignedTasks], [1, true, 100, 0]);
      assert.equal(ann.reservations.size, 0);
      assert.ok(Math.abs(ann.dateCreated - Date.now()) < 60_000, 'dates are dates');
    },
  },
];

export const tasks = [
  {
    name: 'Activity.setAsCurrent is done and told',
    async run(w) {
      await w.move(w.ann, 'Available');
      await w.ann.seen.wait('activityUpdated', () => w.ann.activity.name === 'Available');
      assert.equal(w.ann.activity.name, 'Available');
      assert.equal((await w.get(`/Workers/${w.annSid}`)).activity_name, 'Available');
    },
  },
  {
    name: 'setAttributes is done and told',
    async run(w) {
      await w.ann.setAttributes({ languages: ['en', 'fr'], note: 'é€😀' });
      await w.ann.seen.wait('attributesUpdated', () => w.ann.attributes.note === 'é€😀');
      assert.deepEqual(JSON.parse((await w.get(`/Workers/${w.annSid}`)).attributes), { languages: ['en', 'fr'], note: 'é€😀' });
    },
  },
  {
    name: "a channel's capacity, changed by REST, is told",
    async run(w) {
      const chat = [...w.ann.channels.values()].find((c) => c.taskChannelUniqueName === 'chat');
      const told = new Recorder(chat, 'capacityUpdated', 'availabilityUpdated');
      await w.post(`/Workers/${w.annSid}/Channels/chat`, { Capacity: 3 });
      await told.wait('capacityUpdated', () => chat.capacity === 3);
      await w.post(`/Workers/${w.annSid}/Channels/sms`, { Available: false });
      await until(() => [...w.ann.channels.values()].some((c) => c.taskChannelUniqueName === 'sms' && c.available === false), 'the availability');
    },
  },
  {
    name: 'createTask brings a reservation',
    async run(w) {
      const sid = await w.ann.createTask('+15550001', '+15550002', w.workflow, w.queue, { attributes: { topic: 'call back' }, taskChannelUniqueName: 'default' });
      const r = await w.created(w.ann, sid);
      assert.deepEqual(r.task.attributes, { topic: 'call back', outbound_to: '+15550001', from: '+15550002' });
      assert.deepEqual([r.status, r.workerSid, r.task.status, r.task.workflowSid, r.task.queueSid, r.task.routingTarget, r.task.taskChannelUniqueName],
        ['pending', w.annSid, 'reserved', w.workflow, w.queue, w.annSid, 'default']);
      await r.accept();
      await r.task.complete('done');
      await r.seen.wait('completed');
    },
  },
  {
    name: 'accept, task attributes, wrap, complete',
    async run(w) {
      const r = await w.offer(w.ann);
      await r.accept();
      await r.seen.wait('accepted');
      assert.deepEqual([r.status, r.task.status], ['accepted', 'assigned']);
      await r.task.setAttributes({ name: 'Ann', mood: 'good' });
      await r.task.seen.wait('updated', (t) => t.attributes.mood === 'good');
      assert.deepEqual(JSON.parse((await w.get(`/Tasks/${r.task.sid}`)).attributes), { name: 'Ann', mood: 'good' });
      await r.wrap();
      await r.seen.wait('wrapup');
      assert.equal(r.status, 'wrapping');
      await r.complete();
      await r.seen.wait('completed');
      await until(() => w.ann.reservations.size === 0, 'an empty list');
      assert.equal((await w.get(`/Tasks/${r.task.sid}`)).assignment_status, 'completed');
    },
  },
  {
    name: 'Task.wrapUp and Task.complete',
    async run(w) {
      const r = await w.offer(w.ann);
      await r.accept();
      await r.task.wrapUp({ reason: 'writing notes' });
      await r.task.seen.wait('wrapup');
      await r.seen.wait('wrapup');
      await r.task.complete('solved');
      await r.task.seen.wait('completed');
      assert.deepEqual([r.task.status, r.task.reason], ['completed', 'solved']);
    },
  },
  {
    name: 'fetchLatestVersion of worker, reservation and task',
    async run(w) {
      const r = await w.offer(w.ann);
      assert.equal((await r.fetchLatestVersion()).status, 'pending');
      assert.equal((await r.task.fetchLatestVersion()).status, 'reserved');
      assert.equal((await w.ann.fetchLatestVersion()).sid, w.annSid);
      await r.accept();
      await r.complete();
      await r.seen.wait('completed');
    },
  },
];

/** 2.x only: the SDK keeps count of versions by itself. */
const versions = {
  name: 'enableVersionCheck: the own changes pass, one of an old state does not',
  async run(w) {
    if (w.version < '2') return;
    const careful = await w.client(w.annSid, { enableVersionCheck: true });
    await careful.setAttributes({ languages: ['en'], careful: 1 });
    const r = await w.created(careful, (await w.offer(w.ann)).task.sid);
    await r.accept();
    await r.seen.wait('accepted'); // brings the task's version
    await r.task.setAttributes({ seen: true });
    await r.task.seen.wait('updated');
    await r.wrap();
    await r.complete();
    await careful.setAttributes({ languages: ['en'], careful: 2 });
    careful.version = '0';
    assert.match((await rejects(careful.setAttributes({ careful: 3 }), 'a change of an old state')).message, /412/);
    careful.disconnect();
  },
};
tasks.push(versions);

export const ends = [
  {
    name: 'reject, with another activity',
    async run(w) {
      const r = await w.offer(w.ann);
      await r.reject({ activitySid: w.activities.Unavailable });
      await r.seen.wait('rejected');
      await until(() => w.ann.activity.name === 'Unavailable', 'the other activity');
      await w.rest.post(`${w.path}/Tasks/${r.task.sid}`, { AssignmentStatus: 'canceled', Reason: 'over' });
      await w.move(w.ann, 'Available');
    },
  },
  {
    name: 'a reservation that nobody answers times out',
    async run(w) {
      const workflow = await w.makeWorkflow('impatient', 1);
      const r = await w.offer(w.ann, { WorkflowSid: workflow });
      await r.seen.wait('timeout');
      assert.equal(r.status, 'timeout');
      await w.ann.seen.wait('activityUpdated', () => w.ann.activity.name === 'Offline');
      await w.rest.post(`${w.path}/Tasks/${r.task.sid}`, { AssignmentStatus: 'canceled', Reason: 'over' });
      await w.move(w.ann, 'Available');
    },
  },
  {
    name: 'a task that is canceled takes its reservation along',
    async run(w) {
      const r = await w.offer(w.ann);
      await w.post(`/Tasks/${r.task.sid}`, { AssignmentStatus: 'canceled', Reason: 'the customer left' });
      await r.seen.wait('canceled');
      assert.equal(r.status, 'canceled');
      await until(() => w.ann.reservations.size === 0, 'an empty list');
    },
  },
  {
    name: 'of two who are offered a task, one gets it and the other is told so',
    async run(w) {
      await w.move(w.bob, 'Available');
      const task = await w.post('/Tasks', { WorkflowSid: w.workflow, TaskChannel: 'chat', Attributes: '{}' });
      const [mine, other] = [await w.created(w.ann, task.sid), await w.created(w.bob, task.sid)];
      await mine.accept();
      await other.seen.wait('rescinded');
      assert.equal(other.status, 'rescinded');
      await rejects(other.accept(), 'accepting what another has');
      await mine.complete();
      await mine.seen.wait('completed');
    },
  },
  {
    name: 'commands for calls are refused with words',
    async run(w) {
      const r = await w.offer(w.ann);
      for (const [what, call] of Object.entries({
        call: () => r.call('+15550001', 'https://example.org/call'),
        dequeue: () => r.dequeue(),
        redirect: () => r.redirect('CA' + '0'.repeat(32), 'https://example.org/redirect'),
        conference: () => r.conference(),
        'hold the customer': () => r.task.updateParticipant({ hold: true }),
        kick: () => r.task.kick(w.bobSid),
      })) {
        const e = await rejects(Promise.resolve().then(call), what);
        if (w.version >= '2') assert.match(e.message, /Request failed with status code 40\d\. .*no voice/, what);
      }
      assert.equal((await r.fetchLatestVersion()).status, 'pending');
      await r.accept();
      await r.updateParticipant({ endConferenceOnExit: false });
      await r.complete();
      await r.seen.wait('completed');
    },
  },
];

const handed = async (w, mode) => {
  const r = await w.offer(w.ann);
  await r.accept();
  await r.task.transfer(w.bobSid, { mode, attributes: { handed: mode } });
  const told = new Recorder(r.task.transfers.outgoing, 'completed', 'failed', 'attemptFailed', 'canceled');
  const other = await w.created(w.bob, r.task.sid, (o) => o.task.transfers?.incoming);
  assert.deepEqual([other.task.transfers.incoming.mode, other.task.transfers.incoming.status, other.task.transfers.incoming.workerSid, other.task.transfers.incoming.to],
    [mode, 'initiated', w.annSid, w.bobSid]);
  assert.equal(r.task.transfers.outgoing.status, 'initiated');
  return [r, other, told];
};

export const transfers = [
  {
    name: 'a warm transfer: the other accepts, both talk, the first leaves',
    async run(w) {
      const [r, other, told] = await handed(w, 'WARM');
      await other.accept();
      await told.wait('completed');
      await r.complete();
      await r.seen.wait('completed');
      assert.equal((await w.get(`/Tasks/${r.task.sid}`)).assignment_status, 'assigned');
      await other.complete();
      await other.seen.wait('completed');
      assert.equal((await w.get(`/Tasks/${r.task.sid}`)).assignment_status, 'completed');
    },
  },
  {
    name: 'a cold transfer: the first is out at once',
    async run(w) {
      const [r, other] = await handed(w, 'COLD');
      await other.accept();
      await r.seen.wait('completed');
      assert.equal(other.task.attributes.handed, 'COLD');
      await other.complete();
      await other.seen.wait('completed');
    },
  },
  {
    name: 'a transfer is refused by the other',
    async run(w) {
      const [r, other, told] = await handed(w, 'WARM');
      await other.reject();
      await told.wait('failed');
      await r.complete();
      await r.seen.wait('completed');
    },
  },
  {
    name: 'a transfer is called back',
    async run(w) {
      const [r, other, told] = await handed(w, 'WARM');
      await r.task.transfers.outgoing.cancel();
      await other.seen.wait('canceled');
      await told.wait('canceled');
      await until(async () => (await w.get(`/Tasks/${r.task.sid}`)).assignment_status === 'assigned', 'the task is assigned as before');
      await r.complete();
      await r.seen.wait('completed');
    },
  },
];

export const sessions = [
  {
    name: 'two sessions of a worker hear the same',
    async run(w) {
      w.second = await w.client(w.annSid);
      const r = await w.offer(w.ann);
      const same = await w.created(w.second, r.task.sid);
      await r.accept();
      await same.seen.wait('accepted');
      await same.complete();
      await r.seen.wait('completed');
    },
  },
  {
    name: 'a new client sees what is open',
    async run(w) {
      const r = await w.offer(w.ann);
      await r.accept();
      const third = await w.client(w.annSid);
      const same = third.reservations.get(r.sid);
      assert.deepEqual([same.status, same.task.sid, same.task.status], ['accepted', r.task.sid, 'assigned']);
      third.disconnect();
      await r.complete();
      await r.seen.wait('completed');
    },
  },
  {
    name: 'closeExistingSessions closes the others',
    async run(w) {
      const [one, two] = [await w.client(w.bobSid), await w.client(w.bobSid, { closeExistingSessions: true })];
      await one.seen.wait('disconnected');
      await w.bob.seen.wait('disconnected');
      one.disconnect();
      await two.setAttributes({ alone: true });
      await two.seen.wait('attributesUpdated');
      await w.bob.seen.wait('ready', () => w.bob.seen.all('ready').length > 1, 15_000); // it comes back by itself
    },
  },
];

export const supervision = [
  {
    name: 'Workspace lists workers and queues, page by page and in order',
    async run(w) {
      const names = [];
      for (let i = 0; i < 5; i++) {
        names.push(`extra ${i}`);
        await w.makeWorker(`extra ${i}`, { i });
        await w.post('/TaskQueues', { FriendlyName: `queue ${4 - i}`, TargetWorkers: `i == ${i}` });
      }
      const space = new w.sdk.Workspace(w.token(w.annSid), { ...w.options, pageSize: 2 }, w.sid);
      const workers = await space.fetchWorkers();
      assert.deepEqual([...workers.values()].map((o) => o.name).filter((n) => /^(ann|bob|extra)/.test(n)), ['ann', 'bob', ...names]);
      assert.equal((await space.fetchWorker(w.bobSid)).name, 'bob');
      const queues = await space.fetchTaskQueues();
      assert.deepEqual([...queues.values()].map((o) => o.name ?? o.queueName ?? o.friendlyName), ['Everyone', 'queue 4', 'queue 3', 'queue 2', 'queue 1', 'queue 0']);
      const ordered = await space.fetchTaskQueues({ Ordering: 'FriendlyName:asc' });
      assert.deepEqual([...ordered.values()].map((o) => o.name ?? o.queueName ?? o.friendlyName), ['Everyone', 'queue 0', 'queue 1', 'queue 2', 'queue 3', 'queue 4']);
      assert.equal((await space.fetchTaskQueue(w.queue)).sid, w.queue);
      const some = await space.fetchWorkers({ TargetWorkersExpression: 'i > 2' });
      assert.deepEqual([...some.values()].map((o) => o.name), ['extra 3', 'extra 4']);
    },
  },
  {
    name: 'a supervisor changes another worker, an agent may not',
    async run(w) {
      const sid = await w.makeWorker('boss', { roles: ['supervisor'] });
      const boss = await w.client(sid, { kind: 'Supervisor' });
      if (!boss.setWorkerActivity) return; // 0.8.5 has no such method
      await boss.setWorkerActivity(w.bobSid, w.activities.Break ?? w.activities.Unavailable);
      await w.bob.seen.wait('activityUpdated', () => w.bob.activity.name !== 'Available');
      await boss.setWorkerAttributes(w.bobSid, { by: 'boss' });
      await until(() => w.bob.attributes.by === 'boss', 'the attributes');
      const agent = await w.client(w.annSid, { kind: 'Supervisor' });
      const e = await rejects(agent.setWorkerActivity(w.bobSid, w.activities.Offline), "an agent's command");
      assert.match(e.message, /403/);
      await rejects(agent.setAttributes({ roles: ['admin'] }), 'making oneself an administrator');
      agent.disconnect();
      const r = await w.offer(w.ann);
      await rejects(boss.monitor(r.task.sid, r.sid), 'monitoring a call');
      await r.reject();
      await w.post(`/Tasks/${r.task.sid}`, { AssignmentStatus: 'canceled', Reason: 'over' });
    },
  },
];

export const tokens = [
  {
    name: 'a token ends: the client is told, renews it, and goes on',
    timeout: 40_000,
    async run(w) {
      const sid = await w.makeWorker('brief');
      const worker = await w.client(sid, { token: w.token(sid, { ttl: 15 }) }); // after an update the SDK's timer runs once more with the old lifetime
      await worker.seen.wait('tokenExpired', undefined, 13_000);
      worker.updateToken(w.token(sid));
      await worker.seen.wait('tokenUpdated');
      await worker.seen.wait('disconnected', undefined, 10_000);
      await worker.seen.wait('ready', () => worker.seen.all('ready').length > 1, 15_000);
      await worker.setAttributes({ renewed: true });
      await worker.seen.wait('attributesUpdated');
    },
  },
  {
    name: 'a token that is not renewed: no more commands, no more events',
    timeout: 40_000,
    async run(w) {
      const sid = await w.makeWorker('late');
      const worker = await w.client(sid, { token: w.token(sid, { ttl: 7 }) });
      await worker.seen.wait('tokenExpired', undefined, 6_000);
      await worker.seen.wait('disconnected', undefined, 10_000);
      await rejects(worker.setAttributes({ late: true }), 'a command with an old token');
      assert.equal(worker.seen.all('ready').length, 1);
    },
  },
  {
    name: 'a token of another workspace sees nothing of this one',
    async run(w) {
      const space = new w.sdk.Workspace(w.token(w.annSid), w.options, 'WS' + '0'.repeat(32));
      await rejects(space.fetchWorkers(), 'reading another workspace');
      const stranger = new w.sdk.Worker(w.token('WK' + '0'.repeat(32)), w.options);
      const seen = new Recorder(stranger, 'ready', 'error');
      await seen.wait('error');
      stranger.disconnect();
      assert.equal(seen.all('ready').length, 0);
    },
  },
];
