// Studio by the helper library: flows with their revisions, executions with their steps, and a bot that hands a chat over
// (taskrouter-studio B.1, B.6).
import { assert } from '../lib/steps.mjs';
import { refused } from './rest-chat.mjs';

const unique = (name) => `${name}-${Math.random().toString(36).slice(2, 10)}`;

const state = (name, type, properties, ...transitions) => ({
  name, type, properties, transitions: transitions.map(([event, next]) => (next ? { event, next } : { event })),
});

/** A flow that asks and hands over. */
const asking = (workflow, timeout = '600') => ({
  initial_state: 'Trigger',
  states: [
    state('Trigger', 'trigger', {}, ['incomingMessage', 'ask'], ['incomingRequest', 'ask']),
    state('ask', 'send-and-wait-for-reply', { from: 'Bot', body: 'Hello {{flow.data.name}}, what is it about?', timeout },
      ['incomingMessage', 'flex'], ['timeout'], ['deliveryFailure']),
    state('flex', 'send-to-flex', { workflow, channel: 'chat', attributes: '{"topic":{{widgets.ask.inbound.Body | to_json}}}' },
      ['callComplete', 'thanks'], ['failedToEnqueue'], ['callFailure']),
    state('thanks', 'send-message', { from: 'Bot', body: 'Somebody is coming.' }, ['sent'], ['failed']),
  ],
});

/** Polls until fn gives something. */
async function until(what, fn) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((ok) => setTimeout(ok, 25))) {
    const got = await fn();
    if (got) return got;
  }
  throw new Error(`it never came about that ${what}`);
}

export const studioSteps = [
  {
    name: 'studio flows: validate, create, draft, publish, revisions, test users',
    async run(x) {
      const { v2 } = x.client.studio;
      const definition = asking(x.cfg.workflow_sid);
      const flow = await v2.flows.create({ friendlyName: unique('flow'), status: 'published', definition, commitMessage: 'first' });
      assert.match(flow.sid, /^FW[0-9a-f]{32}$/);
      assert.deepEqual([flow.status, flow.revision, flow.valid, flow.commitMessage, flow.errors, flow.warnings], ['published', 1, true, 'first', [], []]);
      assert.deepEqual(flow.definition, definition);
      assert.ok(flow.webhookUrl.endsWith(`/v1/Accounts/${x.cfg.account_sid}/Flows/${flow.sid}`), flow.webhookUrl);
      assert.deepEqual((await v2.flowValidate.update({ friendlyName: 'x', status: 'published', definition })).valid, true);
      const broken = { ...definition, initial_state: 'nowhere' };
      await refused(v2.flowValidate.update({ friendlyName: 'x', status: 'published', definition: broken }), 400, 81022, 'a broken flow');
      await refused(v2.flows.create({ friendlyName: 'x', status: 'published', definition: broken }), 400, 81022, 'a broken flow');
      const draft = await v2.flows(flow.sid).update({ status: 'draft', definition: asking(x.cfg.workflow_sid, '60') });
      assert.deepEqual([draft.status, draft.revision], ['draft', 2]);
      assert.equal((await v2.flows(flow.sid).revisions('LatestPublished').fetch()).revision, 1);
      if (x.library === '3') { // version 6 cannot make an item of this list: it forgets to hand over the revision
        assert.deepEqual((await v2.flows(flow.sid).revisions.list({ pageSize: 1 })).map((r) => r.revision), [2, 1]);
      }
      await refused(v2.flows(flow.sid).revisions('Newest').fetch(), 400, 81021, 'a revision that is none');
      const users = v2.flows(flow.sid).testUsers();
      assert.deepEqual((await users.update({ testUsers: ['anna', 'ben'] })).testUsers, ['anna', 'ben']);
      assert.deepEqual((await users.fetch()).testUsers, ['anna', 'ben']);
      const listed = await v2.flows.list({ pageSize: 2 });
      assert.equal(listed.find((f) => f.sid === flow.sid)?.definition, null);
      assert.equal((await x.client.studio.v1.flows(flow.sid).fetch()).version, 2);
      x.studioFlow = flow.sid;
    },
  },
  {
    name: 'studio executions: begin once for a contact, steps and contexts, end, remove',
    async run(x) {
      const flow = x.client.studio.v2.flows(x.studioFlow);
      const { channels } = x.client.chat.v2.services(x.cfg.chat_service_sid);
      const { sid } = await channels.create({ friendlyName: 'bot' });
      const channel = channels(sid);
      const asked = { to: sid, from: 'shop', parameters: { name: 'Anna' } };
      const execution = await flow.executions.create(asked);
      assert.deepEqual([execution.status, execution.contactChannelAddress, execution.flowSid], ['active', sid, x.studioFlow]);
      const again = await flow.executions.create(asked).then(() => null, (err) => err);
      assert.deepEqual([again?.status, again?.code, again?.details], [409, 20409, { conflicting_execution_sid: execution.sid }]);
      const [said] = await channel.messages.list();
      assert.deepEqual([said.from, said.body], ['Bot', 'Hello Anna, what is it about?']);
      const one = flow.executions(execution.sid);
      const steps = await one.steps.list({ pageSize: 1 });
      assert.deepEqual(steps.map((s) => [s.name, s.transitionedFrom, s.transitionedTo]), [['incomingRequest', 'Trigger', 'ask']]);
      assert.equal((await one.executionContext().fetch()).context.flow.data.name, 'Anna');
      assert.equal((await one.steps(steps[0].sid).stepContext().fetch()).context.trigger.request.from, 'shop');
      const old = await x.client.studio.v1.flows(x.studioFlow).executions.create(asked);
      assert.deepEqual([old.sid, old.status], [execution.sid, 'active']);
      assert.match(old.contactSid, /^FC[0-9a-f]{32}$/);
      assert.equal((await one.update({ status: 'ended' })).status, 'ended');
      assert.ok((await flow.executions.list({ dateCreatedFrom: new Date(Date.now() - 60_000), pageSize: 1 })).some((e) => e.sid === execution.sid));
      assert.equal(await one.remove(), true);
      await refused(one.fetch(), 404, 20404, 'a removed execution');
      await refused(flow.executions.create({ to: 'x'.repeat(300), from: 'shop' }), 400, 81023, 'a long contact');
      await channel.remove();
    },
  },
  {
    name: 'studio and flex: the bot asks, hands over and is silent',
    async run(x) {
      const { client, cfg } = x;
      const flex = await client.flexApi.v1.flexFlow.create({
        friendlyName: unique('bot'), chatServiceSid: cfg.chat_service_sid, channelType: 'custom', contactIdentity: unique('contact'), enabled: true,
        integrationType: 'studio', 'integration.flowSid': x.studioFlow, 'integration.retryCount': 1, janitorEnabled: true,
      });
      assert.deepEqual([flex.integrationType, flex.integration], ['studio', { flow_sid: x.studioFlow, retry_count: 1 }]);
      const identity = unique('customer');
      const { sid } = await client.flexApi.v1.channel.create({ flexFlowSid: flex.sid, identity, chatUserFriendlyName: 'Customer', chatFriendlyName: 'Chat' });
      const channel = client.chat.v2.services(cfg.chat_service_sid).channels(sid);
      assert.deepEqual((await channel.webhooks.list()).map((w) => [w.type, w.configuration]), [['studio', { flow_sid: x.studioFlow, retry_count: 1 }]]);
      const say = (body) => channel.messages.create({ from: identity, body, xTwilioWebhookEnabled: 'true' });
      const talk = async () => (await channel.messages.list()).map((m) => m.body);
      await say('hi');
      await until('the bot asks', async () => (await talk()).length === 2);
      await say('my bill');
      await until('the bot thanks', async () => (await talk()).at(-1) === 'Somebody is coming.');
      const { taskSid } = await client.flexApi.v1.channel(sid).fetch();
      const task = client.taskrouter.v1.workspaces(cfg.workspace_sid).tasks(taskSid);
      const attributes = JSON.parse((await task.fetch()).attributes);
      assert.deepEqual([attributes.topic, attributes.channelSid], ['my bill', sid]);
      assert.deepEqual(await channel.webhooks.list(), []);
      await say('still there?');
      assert.deepEqual((await talk()).length, 5);
      await task.update({ assignmentStatus: 'canceled', reason: 'done' });
      assert.equal(await client.flexApi.v1.flexFlow(flex.sid).remove(), true);
      assert.equal(await client.studio.v2.flows(x.studioFlow).remove(), true);
      await refused(client.studio.v2.flows(x.studioFlow).fetch(), 404, 20404, 'a removed flow');
    },
  },
];
