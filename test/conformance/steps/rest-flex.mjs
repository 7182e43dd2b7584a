// Flex v1 by the helper library: flows, channels, and the external handler's webhook (rest-semantics §1.2, §3.7, §4).
import { assert } from '../lib/steps.mjs';
import { refused } from './rest-chat.mjs';

const unique = (name) => `${name}-${Math.random().toString(36).slice(2, 10)}`;

export const flexSteps = [
  {
    name: 'flex flows: create, fetch, update, list, remove',
    async run(x) {
      const { flexFlow } = x.client.flexApi.v1;
      const asked = {
        friendlyName: unique('flow'), chatServiceSid: x.cfg.chat_service_sid, channelType: 'custom', contactIdentity: unique('contact'),
        enabled: true, integrationType: 'external', 'integration.url': x.hooks.url('/external'), 'integration.retryCount': 2, janitorEnabled: true,
      };
      const flow = await flexFlow.create(asked);
      assert.match(flow.sid, /^FO[0-9a-f]{32}$/);
      assert.deepEqual([flow.channelType, flow.integrationType, flow.enabled, flow.longLived, flow.janitorEnabled, flow.contactIdentity],
        ['custom', 'external', true, false, true, asked.contactIdentity]);
      assert.deepEqual([flow.integration.url, flow.integration.retry_count], [asked['integration.url'], 2]);
      const name = unique('renamed');
      const updated = await flexFlow(flow.sid).update({ friendlyName: name, longLived: true });
      assert.deepEqual([updated.friendlyName, updated.longLived, updated.integration.url], [name, true, asked['integration.url']]);
      await flexFlow(flow.sid).update({ longLived: false });
      assert.equal((await flexFlow(flow.sid).fetch()).longLived, false);
      const listed = (await flexFlow.list({ pageSize: 1 })).map((f) => f.sid);
      for (const sid of [flow.sid, x.cfg.flex_flow_sid, x.cfg.web_flow_sid]) assert.ok(listed.includes(sid), `${sid} is listed`);
      assert.deepEqual((await flexFlow.list({ friendlyName: name })).map((f) => f.sid), [flow.sid]);
      x.flowSid = flow.sid;
      const spare = await flexFlow.create({ ...asked, friendlyName: 'spare', contactIdentity: unique('contact') });
      assert.equal(await flexFlow(spare.sid).remove(), true);
      await refused(flexFlow(spare.sid).fetch(), 404, 45205, 'a removed flow');
    },
  },
  {
    name: 'flex flows: missing and colliding fields are refused',
    async run(x) {
      const { flexFlow } = x.client.flexApi.v1;
      const good = { friendlyName: 'f', chatServiceSid: x.cfg.chat_service_sid, channelType: 'custom', integrationType: 'external', 'integration.url': x.hooks.url() };
      const { contactIdentity } = await flexFlow(x.flowSid).fetch();
      for (const [what, params] of Object.entries({
        'external without a URL': { ...good, 'integration.url': undefined },
        'a second enabled flow for the contact': { ...good, enabled: true, contactIdentity },
      })) {
        const e = await flexFlow.create(params).then(() => null, (err) => err);
        assert.ok(e, `${what} was accepted`);
        assert.ok([45210, 45212].includes(e.code) && e.status === 400, `${what}: ${e.status} ${e.code}`);
      }
    },
  },
  {
    name: 'flex channels: one request makes user, channel, member and handler',
    async run(x) {
      const identity = x.identity = unique('customer');
      const channel = await x.client.flexApi.v1.channel.create({
        flexFlowSid: x.flowSid, identity, chatUserFriendlyName: 'Customer É', chatFriendlyName: 'Support chat',
        target: `${identity}@target`, preEngagementData: '{"question":"why?"}', longLived: false, chatUniqueName: identity,
      });
      assert.match(channel.sid, /^CH[0-9a-f]{32}$/);
      assert.deepEqual([channel.flexFlowSid, channel.accountSid, channel.taskSid], [x.flowSid, x.cfg.account_sid, null]);
      x.flexChannelSid = channel.sid;
      x.chat = x.client.chat.v2.services(x.cfg.chat_service_sid);
      const chat = await x.chat.channels(channel.sid).fetch();
      assert.deepEqual([chat.type, chat.friendlyName, chat.uniqueName, chat.createdBy], ['private', 'Support chat', identity, 'system']);
      assert.deepEqual(JSON.parse(chat.attributes), {
        status: 'ACTIVE', long_lived: false, from: `${identity}@target`, channel_type: 'custom', pre_engagement_data: { question: 'why?' },
      });
      const user = await x.chat.users(identity).fetch();
      assert.deepEqual([user.sid, user.friendlyName], [channel.userSid, 'Customer É']);
      assert.deepEqual((await x.chat.channels(channel.sid).members.list()).map((m) => m.identity), [identity]);
      assert.equal((await x.client.flexApi.v1.channel(channel.sid).fetch()).userSid, user.sid);
      assert.ok((await x.client.flexApi.v1.channel.list({ pageSize: 2 })).some((c) => c.sid === channel.sid));
    },
  },
  {
    name: 'flex channels: an active channel for the same flow and target is given again',
    async run(x) {
      const again = (target, more) => x.client.flexApi.v1.channel.create({
        flexFlowSid: x.flowSid, identity: x.identity, chatUserFriendlyName: 'Customer É', chatFriendlyName: 'Support chat', target, ...more,
      });
      assert.equal((await again(`${x.identity}@target`)).sid, x.flexChannelSid);
      const other = await again(`${x.identity}@elsewhere`);
      assert.notEqual(other.sid, x.flexChannelSid);
      const { attributes } = await x.chat.channels(other.sid).fetch();
      await x.chat.channels(other.sid).update({ attributes: JSON.stringify({ ...JSON.parse(attributes), status: 'INACTIVE' }) });
      assert.notEqual((await again(`${x.identity}@elsewhere`)).sid, other.sid, 'an inactive channel is not used again');
    },
  },
  {
    name: 'flex channels: refusals have their codes and leave nothing behind',
    async run(x) {
      const { channel } = x.client.flexApi.v1;
      const identity = unique('nobody');
      const good = { flexFlowSid: x.flowSid, identity, chatUserFriendlyName: 'N', chatFriendlyName: 'N', target: identity };
      await refused(channel.create({ ...good, flexFlowSid: 'FO' + '0'.repeat(32) }), 404, 45205, 'an unknown flow');
      await refused(channel.create({ ...good, chatUniqueName: x.identity }), 409, 45208, 'a unique name in use');
      await refused(channel.create({ ...good, identity: 'system' }), 403, 45211, 'a reserved identity');
      const e = await channel.create({ ...good, preEngagementData: '{broken' }).then(() => null, (err) => err);
      assert.equal(e?.status, 400, 'broken PreEngagementData');
      const left = await x.chat.users(identity).fetch().then(() => true, (err) => err.status !== 404);
      assert.equal(left, false, 'no user is left of a refused request');
      await refused(channel('CH' + '0'.repeat(32)).fetch(), 404, 45204, 'an unknown flex channel');
    },
  },
  {
    name: 'external integration: a signed POST for each message, in order',
    timeout: 30_000,
    async run(x) {
      const { messages } = x.chat.channels(x.flexChannelSid);
      const posts = () => x.hooks.requests.filter((r) => r.params.ChannelSid === x.flexChannelSid);
      await messages.create({ from: x.identity, body: 'silent' });
      for (let i = 0; i < 5; i++) await messages.create({ from: x.identity, body: `loud ${i} ü+&=`, xTwilioWebhookEnabled: 'true' });
      await x.hooks.wait((r) => r.params.Body === 'loud 4 ü+&=', 'the last webhook');
      assert.deepEqual(posts().map((r) => r.params.Body), [0, 1, 2, 3, 4].map((i) => `loud ${i} ü+&=`));
      const { method, url, headers, params } = posts()[0];
      assert.equal(method, 'POST');
      assert.equal(url, x.hooks.url('/external'));
      assert.ok(x.twilio.validateRequest(x.cfg.auth_token, headers['x-twilio-signature'], url, params), 'the signature is valid');
      assert.ok(!x.twilio.validateRequest(x.cfg.auth_token, headers['x-twilio-signature'], url, { ...params, Body: 'forged' }));
      assert.deepEqual([params.EventType, params.WebhookType, params.From, params.AccountSid, params.InstanceSid, params.Source, params.RetryCount],
        ['onMessageSent', 'webhook', x.identity, x.cfg.account_sid, x.cfg.chat_service_sid, 'API', '0']);
      assert.match(params.MessageSid, /^IM/);
      assert.match(params.WebhookSid, /^WH/);
      assert.ok(headers['i-twilio-idempotency-token'], 'a token to know a repeat by');
      assert.match(headers['content-type'], /^application\/x-www-form-urlencoded/);
    },
  },
  {
    name: 'external integration: a failed call is retried with the same idempotency token',
    timeout: 40_000,
    async run(x) {
      const mine = (r) => r.params.Body === 'try again';
      x.hooks.answer = (r) => ({ status: mine(r) && r.params.RetryCount === '0' ? 503 : 200 });
      await x.chat.channels(x.flexChannelSid).messages.create({ from: x.identity, body: 'try again', xTwilioWebhookEnabled: 'true' });
      const second = await x.hooks.wait((r) => mine(r) && r.params.RetryCount === '1', 'the retry', 25_000);
      const [first] = x.hooks.requests.filter(mine);
      assert.equal(second.headers['i-twilio-idempotency-token'], first.headers['i-twilio-idempotency-token']);
      assert.ok(x.twilio.validateRequest(x.cfg.auth_token, second.headers['x-twilio-signature'], second.url, second.params));
      x.hooks.answer = () => ({ status: 200 });
    },
  },
  {
    name: 'flex channels: remove',
    async run(x) {
      assert.equal(await x.client.flexApi.v1.channel(x.flexChannelSid).remove(), true);
      await refused(x.client.flexApi.v1.channel(x.flexChannelSid).fetch(), 404, 45204, 'a removed flex channel');
      assert.equal(await x.client.flexApi.v1.flexFlow(x.flowSid).remove(), true);
    },
  },
];
