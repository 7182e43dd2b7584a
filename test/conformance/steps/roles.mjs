// What servers decide by REST and SDKs must feel at once: roles, invites, and the channels of a user.
import { assert, Recorder, rejects, until } from '../lib/steps.mjs';

export const roles = [
  {
    name: 'a role made by REST forbids, until it is changed to allow',
    async run(w) {
      const client = await w.connect('bearer');
      const role = await w.service.post('/Roles', { FriendlyName: 'Reader', Type: 'channel', Permission: ['leaveChannel'] });
      const made = await w.service.post('/Channels', { Type: 'private', FriendlyName: 'read only' });
      await w.service.post(`/Channels/${made.sid}/Members`, { Identity: 'bearer', RoleSid: role.sid });
      const channel = await client.getChannelBySid(made.sid);
      await rejects(channel.sendMessage('not yet'), 'a message without sendMessage');
      await rejects(channel.updateFriendlyName('mine'), 'a name without editChannelName');
      await w.service.post(`/Roles/${role.sid}`, { Permission: ['leaveChannel', 'sendMessage', 'editChannelName'] });
      assert.equal(Number(await channel.sendMessage('now')), 0);
      await channel.updateFriendlyName('renamed');
      await until(() => channel.friendlyName === 'renamed', 'the new name');
      await rejects(channel.updateAttributes({ a: 1 }), 'attributes without editChannelAttributes');
      assert.equal((await w.service.get(`/Channels/${made.sid}`)).attributes, '{}');
      await client.shutdown();
    },
  },
  {
    name: 'an invite by REST reaches the SDK; who declines it has it no more',
    async run(w) {
      const client = await w.connect('invitee');
      const invited = new Recorder(client, 'channelInvited');
      const joined = new Recorder(client, 'channelJoined');
      const [first, second] = [await w.service.post('/Channels', { Type: 'private' }), await w.service.post('/Channels', { Type: 'private' })];
      for (const { sid } of [first, second]) await w.service.post(`/Channels/${sid}/Invites`, { Identity: 'invitee' });
      const channel = await invited.wait('channelInvited', (c) => c.sid === first.sid);
      await (await invited.wait('channelInvited', (c) => c.sid === second.sid)).decline();
      await until(async () => (await w.service.get(`/Channels/${second.sid}/Invites`)).invites.length === 0, 'the declined invite to be gone');
      await channel.join();
      await joined.wait('channelJoined', (c) => c.sid === first.sid);
      assert.equal((await w.service.get(`/Channels/${first.sid}/Invites`)).invites.length, 0);
      const mine = (await w.service.get('/Users/invitee/Channels')).channels;
      assert.deepEqual(mine.map((c) => [c.channel_sid, c.status]), [[first.sid, 'joined']]);

      await w.service.post(`/Users/invitee/Channels/${first.sid}`, { NotificationLevel: 'muted' });
      await until(() => channel.notificationLevel === 'muted', 'the level that REST has set');
      const left = new Recorder(client, 'channelLeft');
      await w.service.delete(`/Users/invitee/Channels/${first.sid}`);
      await left.wait('channelLeft', (c) => c.sid === first.sid);
      await client.shutdown();
    },
  },
];
