// The guide's own path with one SDK version:  node guide.mjs --version 6.0.0 --config FILE
// token → client → one request makes the channel → the customer writes → the back end hears of it → an answer comes back.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ChatService, Rest } from './lib/rest.mjs';
import { assert, option, Recorder, Suite, until } from './lib/steps.mjs';
import { libraryToken } from './lib/tokens.mjs';
import { WebhookDouble } from './lib/webhook-double.mjs';
import { loadSdk } from './sdk.mjs';

const require = createRequire(import.meta.url);
const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const sdk = loadSdk(option('version'));
const { validateRequest } = require(`twilio${sdk.helperLibrary}`);
const suite = new Suite(`guide-${sdk.version}`, option('only'));
process.on('unhandledRejection', () => {}); // the SDK's own, see suite.mjs

const rest = new Rest(cfg, cfg.api_key_sid, cfg.api_key_secret);
const chat = new ChatService(rest, cfg.chat_service_sid);
const identity = `customer-${sdk.version}-${Math.random().toString(36).slice(2, 8)}`;
const uri = cfg.base_url.replace(/^http/, 'ws').replace(/\/$/, '') + '/tsock/v3/wsconnect';
const hooks = await new WebhookDouble().start();

const openChannel = (FlexFlowSid, who = identity) => rest.post('/flex-api/v1/Channels', {
  FlexFlowSid, Identity: who, ChatUserFriendlyName: 'Curious customer', ChatFriendlyName: `Chat with ${who}`, Target: who,
});

await suite.lane([
  {
    name: 'a client with a token from the helper library',
    setup: true,
    async run(x) { x.client = await sdk.connect(libraryToken(cfg, { identity, library: sdk.helperLibrary }), uri); },
  },
  {
    name: 'one request makes the channel, and the client is in it',
    setup: true,
    async run(x) {
      const flow = await rest.post('/flex-api/v1/FlexFlows', {
        FriendlyName: `guide ${sdk.version}`, ChatServiceSid: cfg.chat_service_sid, ChannelType: 'custom', ContactIdentity: identity,
        Enabled: true, IntegrationType: 'external', 'Integration.Url': hooks.url('/guide'), 'Integration.RetryCount': 1,
      });
      const joined = new Recorder(x.client, 'channelJoined');
      const made = await openChannel(flow.sid);
      x.channel = await joined.wait('channelJoined', (c) => c.sid === made.sid);
      assert.equal(x.channel.status, 'joined');
      assert.equal(x.channel.type, 'private');
      assert.equal(x.channel.friendlyName, `Chat with ${identity}`);
      assert.equal(x.channel.attributes.status, 'ACTIVE');
      assert.equal(x.channel.attributes.channel_type, 'custom');
      assert.equal(x.client.user.identity, identity);
    },
  },
  {
    name: 'the customer writes, and the handler is told with a valid signature',
    async run(x) {
      const { channel } = x;
      const index = Number(await channel.sendMessage('I need help, s’il vous plaît'));
      const hook = await hooks.wait((r) => r.params.ChannelSid === channel.sid && r.params.Index === String(index), 'the webhook');
      assert.ok(validateRequest(cfg.auth_token, hook.headers['x-twilio-signature'], hook.url, hook.params), 'the signature is valid');
      assert.deepEqual([hook.params.Source, hook.params.ClientIdentity, hook.params.From, hook.params.Body],
        ['SDK', identity, identity, 'I need help, s’il vous plaît']);
    },
  },
  {
    name: 'the customer sends a file',
    async run(x) {
      const here = new Recorder(x.channel, 'messageAdded');
      const index = Number(await x.channel.sendMessage({ contentType: 'text/plain', media: Buffer.from('my notes ✓') }));
      const message = await here.wait('messageAdded', (m) => m.index === index);
      const listed = (await chat.get(`/Channels/${x.channel.sid}/Messages`)).messages.at(-1);
      assert.deepEqual([listed.type, listed.media.sid, listed.media.content_type], ['media', message.media.sid, 'text/plain']);
      assert.equal(await (await fetch(await sdk.mediaUrl(message.media))).text(), 'my notes ✓');
    },
  },
  {
    name: "the agent's answer by REST arrives",
    async run(x) {
      const here = new Recorder(x.channel, 'messageAdded');
      await chat.say(x.channel.sid, 'agent', 'How can I help?', { Attributes: '{"role":"agent"}' });
      const message = await here.wait('messageAdded', (m) => m.body === 'How can I help?');
      assert.equal(message.author, 'agent');
      assert.deepEqual(message.attributes, { role: 'agent' });
      assert.ok(!hooks.requests.some((r) => r.params.Body === 'How can I help?'), 'no webhook without the header');
    },
  },
  {
    name: 'the end: INACTIVE by REST is seen by the client, and the next request makes a new channel',
    async run(x) {
      await chat.post(`/Channels/${x.channel.sid}`, { Attributes: JSON.stringify({ ...x.channel.attributes, status: 'INACTIVE' }) });
      await until(() => x.channel.attributes.status === 'INACTIVE', 'the status at the client');
    },
  },
  {
    name: 'the flow that the first start made works too',
    async run(x) {
      const joined = new Recorder(x.client, 'channelJoined');
      const made = await openChannel(cfg.flex_flow_sid);
      const channel = await joined.wait('channelJoined', (c) => c.sid === made.sid);
      assert.notEqual(channel.sid, x.channel.sid);
      await channel.sendMessage('hello again');
    },
  },
], {});
await hooks.stop();
process.exit(suite.finish() ? 0 : 1);
