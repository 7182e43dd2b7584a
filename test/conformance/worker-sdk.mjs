// The worker SDK's three versions, and what the suites share: a workspace of their own, its workers, and clients that are ready.
import { createRequire } from 'node:module';
import { assert, Recorder, within } from './lib/steps.mjs';
import { handToken } from './lib/tokens.mjs';

const require = createRequire(import.meta.url);

const packages = { '0.8.5': 'taskrouter085', '2.0.12': 'taskrouter2012', '2.1.1': 'taskrouter211' };

export const workerVersions = Object.keys(packages);

/** A workspace with one queue of everybody and a workflow that leads there. */
export class Workspace {
  #clients = [];

  constructor({ cfg, rest, version }) {
    Object.assign(this, { cfg, rest, version, sdk: require(packages[version]) });
    const path = '/event-bridge/v1/wschannels';
    this.options = { ebServer: cfg.base_url + path, wsServer: cfg.base_url.replace(/^http/, 'ws') + path, logLevel: 'silent' };
  }

  async make(name, { reservationTimeout = 120 } = {}) {
    this.sid = (await this.rest.post('/taskrouter/v1/Workspaces', { FriendlyName: `${name} ${Date.now()}`, Template: 'NONE' })).sid;
    this.path = `/taskrouter/v1/Workspaces/${this.sid}`;
    this.activities = Object.fromEntries((await this.get('/Activities')).activities.map((a) => [a.friendly_name, a.sid]));
    this.queue = (await this.post('/TaskQueues', { FriendlyName: 'Everyone', TargetWorkers: '1==1', MaxReservedWorkers: 2 })).sid;
    this.workflow = await this.makeWorkflow('Everyone', reservationTimeout);
    return this;
  }

  async makeWorkflow(name, seconds) {
    const Configuration = JSON.stringify({ task_routing: { filters: [], default_filter: { queue: this.queue } } });
    return (await this.post('/Workflows', { FriendlyName: name, Configuration, TaskReservationTimeout: seconds })).sid;
  }

  get(path) { return this.rest.get(this.path + path); }
  post(path, form) { return this.rest.post(this.path + path, form); }

  async makeWorker(FriendlyName, attributes = {}) {
    return (await this.post('/Workers', { FriendlyName, Attributes: JSON.stringify(attributes) })).sid;
  }

  token(workerSid, { role = 'worker', ttl = 3600 } = {}) {
    const task_router = { workspace_sid: this.sid, worker_sid: workerSid, role };
    return handToken(this.cfg, { identity: workerSid, ttl, claims: { grants: { identity: workerSid, task_router } } });
  }

  /** A client that has said ready; seen records what a worker hears. */
  async client(workerSid, { kind = 'Worker', token, ...more } = {}) {
    const worker = new this.sdk[kind](token ?? this.token(workerSid), { ...this.options, ...more });
    this.#clients.push(worker);
    worker.seen = new Recorder(worker, 'ready', 'error', 'disconnected', 'tokenExpired', 'tokenUpdated', 'activityUpdated', 'attributesUpdated', 'reservationCreated');
    await within(15_000, worker.seen.wait('ready', undefined, 15_000), 'ready');
    return worker;
  }

  /** A task for one worker, by REST, and its reservation as the worker's client hears of it. */
  async offer(worker, form = {}) {
    const task = await this.post('/Tasks', { WorkflowSid: this.workflow, RoutingTarget: worker.sid, TaskChannel: 'chat', Attributes: '{"name":"Ann"}', ...form });
    return this.created(worker, task.sid);
  }

  async created(worker, taskSid, match = () => true) {
    const reservation = await worker.seen.wait('reservationCreated', (r) => r.task.sid === taskSid && match(r));
    reservation.seen ??= new Recorder(reservation, 'accepted', 'rejected', 'timeout', 'canceled', 'rescinded', 'wrapup', 'completed');
    reservation.task.seen ??= new Recorder(reservation.task, 'updated', 'canceled', 'completed', 'wrapup');
    return reservation;
  }

  async move(worker, name) {
    const to = worker.activities.get(this.activities[name]);
    assert.ok(to, `the client knows the activity ${name}`);
    if (!to.isCurrent) await to.setAsCurrent();
  }

  close() { for (const c of this.#clients) c.disconnect(); }
}
