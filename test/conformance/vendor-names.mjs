// Clients that nobody told an address, with the vendor's own host names and https:  node vendor-names.mjs --config FILE
// They trust the CA of `parley devcert` through NODE_EXTRA_CA_CERTS, which run.mjs sets, and change nothing else.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { Rest } from './lib/rest.mjs';
import { assert, option, Recorder, Suite } from './lib/steps.mjs';
import { libraryToken } from './lib/tokens.mjs';
import { loadSdk, versions } from './sdk.mjs';
import { Workspace, workerVersions } from './worker-sdk.mjs';

const require = createRequire(import.meta.url);
const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite('vendor-names', option('only'));
if (!cfg.tls_url || !process.env.NODE_EXTRA_CA_CERTS) {
  console.log('FAIL vendor-names has TLS: the configuration needs tls_url and ca_file; use launch.mjs');
  process.exit(1);
}

// What a hosts file or a resolver does for a machine is done here for this process. The port is led along with the name,
// because only root may listen on 443. TLS goes through untouched.
const { hostname: host, port } = new URL(cfg.tls_url);
const asked = new Set();
const { connect } = Socket.prototype;
Socket.prototype.connect = function (options, ...more) {
  if (!options.host?.endsWith('.twilio.com')) return connect.call(this, options, ...more);
  asked.add(`${options.host}:${options.port}`);
  return connect.call(this, { ...options, host, port }, ...more);
};

/** The step's clients asked for these names, each on the port of https. */
const only = (...names) => {
  assert.deepEqual([...asked].sort(), names.map((name) => `${name}.twilio.com:443`).sort());
  asked.clear();
};

const library = (major) => ({
  name: `twilio ${major}: a chat, its pages, a task`,
  async run() {
    const client = require('twilio' + major)(cfg.account_sid, cfg.auth_token);
    const { channels } = chatService(client, major);
    for (let i = 0; i < 3; i++) await channels.create({ friendlyName: `${major} ${i}` });
    const listed = await channels.list({ pageSize: 1, limit: 3 });
    assert.equal(listed.length, 3);
    assert.match(listed[0].url, /^https:\/\/chat\.twilio\.com\/v2\/Services\//);
    const workspace = client.taskrouter.v1.workspaces(cfg.workspace_sid);
    const task = await workspace.tasks.create({ workflowSid: cfg.workflow_sid, attributes: '{"name":"Ann"}' });
    assert.equal(task.url, `https://taskrouter.twilio.com/v1/Workspaces/${cfg.workspace_sid}/Tasks/${task.sid}`);
    await workspace.tasks(task.sid).remove();
    only('chat', 'taskrouter');
  },
});

const chatService = (client, major) =>
  major === '3' ? client.chat.services(cfg.chat_service_sid) : client.chat.v2.services(cfg.chat_service_sid);

// The life of a customer's chat, as the guide's own back end made it: flex v1 opens and ends it, chat v2 carries it.
const customer = (major) => ({
  name: `twilio ${major}: a customer's chat, from its Flex Flow to its end`,
  async run() {
    const client = require('twilio' + major)(cfg.api_key_sid, cfg.api_key_secret, { accountSid: cfg.account_sid });
    const flex = client.flexApi.v1;
    const flows = await flex.flexFlow.list({ pageSize: 1, limit: 2 });
    assert.equal(flows.length, 2);
    assert.match(flows[1].url, /^https:\/\/flex-api\.twilio\.com\/v1\/FlexFlows\/FO/);
    const identity = `names ${major}`;
    const opened = await flex.channel.create({
      flexFlowSid: cfg.flex_flow_sid, identity, target: identity, chatFriendlyName: 'Names', chatUserFriendlyName: 'Ann',
    });
    assert.equal(opened.url, `https://flex-api.twilio.com/v1/Channels/${opened.sid}`);
    const service = chatService(client, major);
    const channel = service.channels(opened.sid);
    const said = await channel.messages.create({ from: identity, body: 'hello', xTwilioWebhookEnabled: 'true' });
    assert.match(said.url, new RegExp(`^https://chat\\.twilio\\.com/v2/Services/IS\\w+/Channels/${opened.sid}/Messages/IM`));
    assert.deepEqual((await channel.members.list()).map((m) => m.identity), [identity]);
    await assert.rejects(service.users('nobody').fetch(), { status: 404, code: 50200, moreInfo: 'https://chat.twilio.com/errors/50200' });
    assert.equal(await flex.channel(opened.sid).remove(), true);
    await assert.rejects(flex.channel(opened.sid).fetch(), { status: 404 });
    only('chat', 'flex-api');
  },
});

const worker = (version) => ({
  name: `twilio-taskrouter ${version}: ready, a task from offer to end`,
  async run() {
    const w = new Workspace({ cfg, rest: new Rest(cfg), version });
    w.options = { logLevel: 'silent' };
    try {
      await w.make(`names ${version}`);
      const ann = await w.client(await w.makeWorker('ann'));
      await w.move(ann, 'Available');
      const reservation = await w.offer(ann);
      await reservation.accept();
      await reservation.complete();
      await reservation.seen.wait('completed');
    } finally {
      w.close();
    }
    only('event-bridge');
  },
});

const chat = (version) => ({
  name: `twilio-chat ${version}: a message and a file`,
  async run() {
    const sdk = loadSdk(version);
    const client = await sdk.connect(libraryToken(cfg, { identity: `names ${version}`, library: sdk.helperLibrary }), 'none');
    try {
      const channel = await client.createChannel({ friendlyName: version });
      await channel.join();
      await channel.getMessages(1); // now it listens
      const there = new Recorder(channel, 'messageAdded');
      await channel.sendMessage('hello');
      await channel.sendMessage({ contentType: 'text/plain', media: Buffer.from('a file') });
      const { media } = await there.wait('messageAdded', (m) => m.media);
      assert.equal(await (await fetch(await sdk.mediaUrl(media))).text(), 'a file');
    } finally {
      await client.shutdown();
    }
    only('tsock.us1', 'mcs.us1');
  },
});

await suite.lane([...['3', '6'].flatMap((major) => [library(major), customer(major)]), ...workerVersions.map(worker), ...versions.map(chat)], {});
process.exit(suite.finish() ? 0 : 1);
