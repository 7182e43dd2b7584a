// Connecting, making channels, finding and joining them.
import { assert, Recorder, rejects, until } from '../lib/steps.mjs';

export const unique = (name) => `${name}-${Math.random().toString(36).slice(2, 10)}`;

export const opening = [
  {
    name: 'create and connected',
    setup: true,
    async run(w) {
      for (const identity of ['alice', 'bob']) {
        const client = w.put(identity, await w.connect(identity));
        assert.equal(client.connectionState, 'connected');
        assert.equal(client.user.identity, identity);
        assert.equal(client.reachabilityEnabled, true);
      }
    },
  },
  {
    name: 'createChannel',
    setup: true,
    async run(w) {
      const uniqueName = w.put('general name', unique('general'));
      const attributes = { topic: 'tests', list: [1, 'zwei', null], deep: { é: true } };
      const channel = await w.get('alice').createChannel({ uniqueName, friendlyName: 'General ünïcode', attributes, isPrivate: false });
      assert.match(channel.sid, /^CH[0-9a-f]{32}$/);
      assert.equal(channel.type, 'public');
      assert.equal(channel.isPrivate, false);
      assert.equal(channel.uniqueName, uniqueName);
      assert.equal(channel.friendlyName, 'General ünïcode');
      assert.equal(channel.createdBy, 'alice');
      assert.equal(channel.status, w.sdk.notParticipating);
      assert.deepEqual(await channel.getAttributes?.() ?? channel.attributes, attributes);
      w.put('alice general', channel);
    },
  },
  {
    name: 'createChannel with a unique name in use is refused',
    run: (w) => rejects(w.get('alice').createChannel({ uniqueName: w.get('general name') }), 'the second channel of that name'),
  },
  {
    name: 'join',
    setup: true,
    async run(w) {
      const events = new Recorder(w.get('alice'), 'channelJoined');
      const channel = w.get('alice general');
      await channel.join();
      await events.wait('channelJoined', (c) => c.sid === channel.sid);
      assert.equal(channel.status, 'joined');
    },
  },
  {
    name: 'getChannelByUniqueName and getChannelBySid as a member',
    async run(w) {
      const { sid } = w.get('alice general');
      const byName = await w.get('alice').getChannelByUniqueName(w.get('general name'));
      const bySid = await w.get('alice').getChannelBySid(sid);
      assert.deepEqual([byName.sid, bySid.sid, byName.status, bySid.status], [sid, sid, 'joined', 'joined']);
    },
  },
  {
    name: 'getChannelByUniqueName and getChannelBySid as a non-member',
    setup: true,
    async run(w) {
      const { sid } = w.get('alice general');
      const byName = await w.get('bob').getChannelByUniqueName(w.get('general name'));
      const bySid = await w.get('bob').getChannelBySid(sid);
      assert.deepEqual([byName.sid, bySid.sid], [sid, sid]);
      assert.equal(bySid.status, w.sdk.notParticipating);
      assert.equal(bySid.friendlyName, 'General ünïcode');
      w.put('bob general', bySid);
    },
  },
  {
    name: 'an unknown channel is refused by name and by SID',
    async run(w) {
      await rejects(w.get('bob').getChannelByUniqueName('no-such-channel'), 'an unknown name');
      await rejects(w.get('bob').getChannelBySid('CH' + '0'.repeat(32)), 'an unknown SID');
    },
  },
  {
    name: 'a private channel is hidden from a non-member',
    async run(w) {
      const uniqueName = unique('secret');
      const secret = await w.get('alice').createChannel({ uniqueName, friendlyName: 'secret', isPrivate: true });
      assert.equal(secret.type, 'private');
      assert.equal(secret.isPrivate, true);
      await rejects(w.get('bob').getChannelBySid(secret.sid), 'the private SID');
      await rejects(w.get('bob').getChannelByUniqueName(uniqueName), 'the private name');
      await rejects(w.get('bob').createChannel({ uniqueName }), 'the taken private name');
    },
  },
  {
    name: 'memberJoined',
    setup: true,
    async run(w) {
      const events = new Recorder(w.get('alice general'), 'memberJoined');
      await w.get('bob general').join();
      const member = await events.wait('memberJoined', (m) => m.identity === 'bob');
      assert.match(member.sid, /^MB[0-9a-f]{32}$/);
      assert.match(member.roleSid, /^RL[0-9a-f]{32}$/);
      assert.equal(member.type, 'chat');
      const members = await w.get('bob general').getMembers();
      assert.deepEqual(members.map((m) => m.identity).sort(), ['alice', 'bob']);
      assert.equal(events.all('memberJoined', (m) => m.identity === 'bob').length, 1);
    },
  },
];

export const edits = [
  {
    name: 'friendlyName, attributes and uniqueName edits reach the other member',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const events = new Recorder(theirs, 'updated');
      const saw = (reason) => events.wait('updated', (u) => u.updateReasons.includes(reason));

      await mine.updateFriendlyName('Renamed €');
      await saw('friendlyName');
      assert.equal(theirs.friendlyName, 'Renamed €');

      await mine.updateAttributes({ topic: 'changed', n: 2 });
      await saw('attributes');
      assert.deepEqual(theirs.attributes, { topic: 'changed', n: 2 });

      const name = unique('general-renamed');
      await mine.updateUniqueName(name);
      await saw('uniqueName');
      assert.equal(theirs.uniqueName, name);
      assert.equal((await w.get('bob').getChannelByUniqueName(name)).sid, mine.sid);
    },
  },
  {
    name: 'uniqueName can be cleared, and cannot be taken twice',
    async run(w) {
      const channel = w.get('alice general');
      const events = new Recorder(channel, 'updated');
      const other = await w.get('alice').createChannel({ uniqueName: unique('taken') });
      await rejects(channel.updateUniqueName(other.uniqueName), 'a unique name in use');
      await channel.updateUniqueName('');
      await events.wait('updated', (u) => u.updateReasons.includes('uniqueName'));
      assert.ok(!channel.uniqueName, `uniqueName is ${channel.uniqueName}, want none`);
    },
  },
  {
    name: 'notification level',
    async run(w) {
      const channel = w.get('alice general');
      const events = new Recorder(channel, 'updated');
      await channel.setUserNotificationLevel('muted');
      await events.wait('updated', (u) => u.updateReasons.includes('notificationLevel'));
      assert.equal(channel.notificationLevel, 'muted');
      await channel.setUserNotificationLevel('default');
      await until(() => channel.notificationLevel === 'default', 'the level to go back');
      assert.notEqual(w.get('bob general').notificationLevel, 'muted');
    },
  },
];

export const leaving = [
  {
    name: 'leave',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const left = new Recorder(w.get('bob'), 'channelLeft');
      const gone = new Recorder(mine, 'memberLeft');
      await theirs.leave();
      await left.wait('channelLeft', (c) => c.sid === theirs.sid);
      await gone.wait('memberLeft', (m) => m.identity === 'bob');
      await until(() => theirs.status === w.sdk.notParticipating, `bob's status ${w.sdk.notParticipating}`);
      await rejects(w.get('bob general').sendMessage('from outside'), 'a message of one who left');
    },
  },
  {
    name: 'delete channel',
    async run(w) {
      const alice = w.get('alice');
      for (const isPrivate of [false, true]) {
        const channel = await alice.createChannel({ friendlyName: 'short-lived', isPrivate });
        await channel.join();
        await channel.add('bob');
        const events = new Recorder(w.get('bob'), 'channelLeft', 'channelRemoved');
        await until(() => w.get('bob').getChannelBySid(channel.sid).then((c) => c.status === 'joined'), 'bob to be in');
        await channel.delete();
        await events.wait('channelLeft', (c) => c.sid === channel.sid);
        await events.wait('channelRemoved', (c) => c.sid === channel.sid);
        await until(() => w.get('bob').getChannelBySid(channel.sid).then(() => false, () => true), 'the channel to be unknown');
      }
    },
  },
];
