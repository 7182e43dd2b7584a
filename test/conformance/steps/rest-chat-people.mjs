// Chat v2 by the helper library: roles, invites, the channels of a user, bindings (rest-semantics §1.1, §2.7, §2.9).
import { assert } from '../lib/steps.mjs';
import { refused } from './rest-chat.mjs';

const sids = (list) => list.map((x) => x.sid).sort();
const nobody = '0'.repeat(32);

export const peopleSteps = [
  {
    name: 'roles: create, fetch, update, list, use, remove',
    async run(x) {
      const { service } = x;
      const before = await service.roles.list({ pageSize: 3 });
      for (const [friendlyName, type] of [['service user', 'deployment'], ['service admin', 'deployment'], ['channel user', 'channel'], ['channel admin', 'channel']]) {
        assert.equal(before.filter((r) => r.friendlyName === friendlyName && r.type === type).length, 1, `${friendlyName} is there`);
      }
      const role = await service.roles.create({ friendlyName: 'Reader', type: 'channel', permission: ['leaveChannel', 'editNotificationLevel'] });
      assert.match(role.sid, /^RL[0-9a-f]{32}$/);
      assert.deepEqual([role.friendlyName, role.type, [...role.permissions].sort()], ['Reader', 'channel', ['editNotificationLevel', 'leaveChannel']]);
      const updated = await service.roles(role.sid).update({ permission: ['sendMessage'] });
      assert.deepEqual(updated.permissions, ['sendMessage'], 'an update replaces the whole list');
      assert.deepEqual((await service.roles(role.sid).fetch()).permissions, ['sendMessage']);
      assert.equal((await service.roles.list()).length, before.length + 1);
      const fresh = await service.update({ defaultChannelRoleSid: role.sid });
      assert.equal(fresh.defaultChannelRoleSid, role.sid);
      await refused(service.roles(role.sid).remove(), 409, 20409, 'a default role');
      const standard = before.find((r) => r.friendlyName === 'channel user');
      await service.update({ defaultChannelRoleSid: standard.sid });
      await refused(service.roles.create({ friendlyName: 'x', type: 'deployment', permission: ['sendMessage'] }), 400, 50105, 'a permission of the other kind');
      await refused(service.roles.create({ friendlyName: 'x', type: 'channel', permission: ['fly'] }), 404, 50104, 'an unknown permission');
      assert.equal(await service.roles(role.sid).remove(), true);
      await refused(service.roles(role.sid).fetch(), 404, 50100, 'a removed role');
      x.channelAdmin = before.find((r) => r.friendlyName === 'channel admin').sid;
    },
  },
  {
    name: 'invites: create, fetch, list, accept by joining, remove',
    async run({ channel, channelSid, channelAdmin }) {
      const dan = await channel.invites.create({ identity: 'dan', roleSid: channelAdmin });
      assert.match(dan.sid, /^IN[0-9a-f]{32}$/);
      assert.deepEqual([dan.identity, dan.roleSid, dan.channelSid, dan.createdBy], ['dan', channelAdmin, channelSid, 'system']);
      const eve = await channel.invites.create({ identity: 'eve' });
      assert.equal((await channel.invites(dan.sid).fetch()).identity, 'dan');
      assert.deepEqual(sids(await channel.invites.list({ pageSize: 1 })), [dan.sid, eve.sid].sort());
      assert.deepEqual(sids(await channel.invites.list({ identity: ['eve', 'nobody'] })), [eve.sid]);
      await refused(channel.invites.create({ identity: 'eve' }), 409, 50212, 'a second invite');
      await refused(channel.invites.create({ identity: 'ann@example.org' }), 409, 50404, 'an invite for a member');
      assert.equal((await channel.members.create({ identity: 'dan' })).roleSid, channelAdmin, 'the invite gave the role');
      await refused(channel.invites(dan.sid).fetch(), 404, 50601, 'an accepted invite');
      assert.equal(await channel.invites(eve.sid).remove(), true);
      await refused(channel.invites(eve.sid).remove(), 404, 50601, 'a removed invite');
    },
  },
  {
    name: 'user channels: list, fetch by names, horizon and level, remove',
    async run({ service, channel, channelSid }) {
      const invited = await service.channels.create({ type: 'private' });
      await service.channels(invited.sid).invites.create({ identity: 'dan' });
      const dan = service.users('dan');
      const all = await dan.userChannels.list({ pageSize: 1 });
      assert.deepEqual(all.map((c) => c.channelSid).sort(), [channelSid, invited.sid].sort());
      const open = all.find((c) => c.channelSid === invited.sid);
      assert.deepEqual([open.status, open.memberSid, open.unreadMessagesCount], ['invited', null, null]);
      const member = await channel.members('dan').fetch();
      const last = (await channel.messages.list({ order: 'desc', limit: 1 }))[0];
      const mine = dan.userChannels(channelSid);
      const updated = await mine.update({ notificationLevel: 'muted', lastConsumedMessageIndex: last.index, lastConsumptionTimestamp: new Date('2022-03-04T05:06:07Z') });
      assert.deepEqual([updated.status, updated.memberSid, updated.notificationLevel, updated.lastConsumedMessageIndex, updated.unreadMessagesCount],
        ['joined', member.sid, 'muted', last.index, 0]);
      await channel.messages.create({ body: 'unread' });
      assert.equal((await mine.fetch()).unreadMessagesCount, 1);
      assert.equal((await channel.members('dan').fetch()).lastConsumptionTimestamp.toISOString(), '2022-03-04T05:06:07.000Z');
      await refused(mine.update({ notificationLevel: 'loud' }), 400, 50210, 'an unknown level');
      await refused(service.users('ben').userChannels(channelSid).fetch(), 404, 50300, 'a channel of somebody else');
      assert.equal(await dan.userChannels(invited.sid).remove(), true, 'an invite is given back');
      assert.equal((await service.channels(invited.sid).invites.list()).length, 0);
      assert.equal(await mine.remove(), true);
      await refused(channel.members('dan').fetch(), 404, 50402, 'who left');
      assert.equal((await dan.userChannels.list()).length, 0);
    },
  },
  {
    name: 'the older name of the product: the same resources, pages and all',
    async run(x) {
      const old = x.client.ipMessaging.v2.services(x.serviceSid);
      assert.ok((await old.fetch()).url.startsWith(`${x.home('ip-messaging')}/v2/Services/`), 'addresses keep the name');
      assert.deepEqual(sids(await old.channels.list({ pageSize: 1 })), sids(await x.service.channels.list()));
      assert.equal((await old.channels(x.channelSid).messages.create({ body: 'by the old name' })).body, 'by the old name');
    },
  },
  {
    name: 'bindings: empty lists, filters, unknown ones',
    async run({ service }) {
      assert.deepEqual(await service.bindings.list({ bindingType: ['fcm', 'apn'], identity: ['dan'] }), []);
      assert.deepEqual(await service.users('dan').userBindings.list({ bindingType: ['gcm'] }), []);
      await refused(service.bindings.list({ bindingType: ['sms'] }), 400, 50209, 'an unknown type');
      await refused(service.bindings(`BS${nobody}`).fetch(), 404, 20404, 'an unknown binding');
      await refused(service.users('dan').userBindings(`BS${nobody}`).remove(), 404, 20404, 'an unknown binding of a user');
    },
  },
];
