// Chat v2 by the helper library: the webhooks of a channel, from their making to their calls (rest-semantics §1.1, §3.5).
import { assert } from '../lib/steps.mjs';
import { refused } from './rest-chat.mjs';

const asked = { xTwilioWebhookEnabled: 'true' };

/** Names the parts of a configuration as the library wants them: with a dot. */
const configured = (type, parts) => ({ type, ...Object.fromEntries(Object.entries(parts).map(([name, value]) => [`configuration.${name}`, value])) });

export const webhookSteps = [
  {
    name: 'channel webhooks: create, fetch, update, list, remove',
    async run(x) {
      const { channel, hooks } = x;
      const url = hooks.url('/chat');
      const hook = await channel.webhooks.create(configured('webhook', { url, method: 'GET', filters: ['onMessageSent', 'onMemberAdded'], retryCount: 2 }));
      assert.match(hook.sid, /^WH[0-9a-f]{32}$/);
      assert.deepEqual([hook.type, hook.channelSid], ['webhook', x.channelSid]);
      assert.deepEqual(hook.configuration, { url, method: 'GET', filters: ['onMessageSent', 'onMemberAdded'], retry_count: 2 });
      const trigger = await channel.webhooks.create(configured('trigger', { url, triggers: ['help'] }));
      assert.deepEqual(trigger.configuration, { url, method: 'POST', filters: ['help'], triggers: ['help'], retry_count: 0 });
      const updated = await channel.webhooks(hook.sid).update(configured(undefined, { method: 'POST', filters: ['onMessageSent'] }));
      assert.deepEqual(updated.configuration, { url, method: 'POST', filters: ['onMessageSent'], retry_count: 2 });
      assert.deepEqual((await channel.webhooks(hook.sid).fetch()).configuration, updated.configuration);
      assert.deepEqual((await channel.webhooks.list({ pageSize: 1 })).map((w) => w.sid), [hook.sid, trigger.sid]);
      await refused(channel.webhooks.create(configured('webhook', { url })), 400, 50330, 'no filters');
      await refused(channel.webhooks.create(configured('webhook', { url, filters: ['onEverything'] })), 400, 50325, 'an unknown filter');
      await refused(channel.webhooks.create(configured('studio', { flowSid: `FW${'0'.repeat(32)}` })), 400, 50327, 'an unknown flow');
      for (let i = 0; i < 3; i++) await channel.webhooks.create(configured('trigger', { url, triggers: [`extra ${i}`] }));
      await refused(channel.webhooks.create(configured('trigger', { url, triggers: ['x'] })), 403, 50321, 'a sixth webhook');
      for (const w of (await channel.webhooks.list()).slice(2)) assert.equal(await channel.webhooks(w.sid).remove(), true);
      await refused(channel.webhooks(`WH${'0'.repeat(32)}`).fetch(), 404, 50320, 'an unknown webhook');
    },
  },
  {
    name: 'channel webhooks: called for their events and words, where the request asks for it',
    async run({ channel, hooks, twilio, cfg }) {
      await channel.messages.create({ body: 'quiet help' });
      await channel.messages.create({ body: 'only the hook', ...asked });
      await channel.messages.create({ body: 'Please HELP me', ...asked });
      const calls = () => hooks.requests.filter((r) => r.url.endsWith('/chat'));
      await hooks.wait((r) => r.params.WebhookType === 'trigger', 'the trigger');
      await hooks.wait((r) => r.params.WebhookType === 'webhook' && r.params.Body === 'Please HELP me', 'the second call');
      assert.deepEqual(calls().map((r) => `${r.params.WebhookType} ${r.params.EventType} ${r.params.Body}`).sort(),
        ['trigger onMessageSent Please HELP me', 'webhook onMessageSent Please HELP me', 'webhook onMessageSent only the hook']);
      for (const r of calls()) assert.ok(twilio.validateRequest(cfg.auth_token, r.headers['x-twilio-signature'], r.url, r.params), 'the signature is good');
      for (const w of await channel.webhooks.list()) assert.equal(await channel.webhooks(w.sid).remove(), true);
      assert.deepEqual(await channel.webhooks.list(), []);
    },
  },
];
