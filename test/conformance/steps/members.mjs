// Members, their attributes and read positions; invitations, adding and removing.
import { assert, Recorder, rejects, until } from '../lib/steps.mjs';

export const members = [
  {
    name: 'member attributes',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const events = new Recorder(mine, 'memberUpdated');
      const self = (await theirs.getMembers()).find((m) => m.identity === 'bob');
      await self.updateAttributes({ seat: 7 });
      const { member } = await events.wait('memberUpdated', (u) => u.member.identity === 'bob' && u.updateReasons.includes('attributes'));
      assert.deepEqual(member.attributes, { seat: 7 });
    },
  },
  {
    name: 'getMemberBySid and getMemberByIdentity',
    async run(w) {
      const channel = w.get('alice general');
      const bob = await channel.getMemberByIdentity('bob');
      assert.equal((await channel.getMemberBySid(bob.sid)).identity, 'bob');
    },
  },
  {
    name: 'consumption horizon: update and advance',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const events = new Recorder(mine, 'memberUpdated');
      const last = theirs.lastMessage.index;
      const saw = (index) => events.wait('memberUpdated', (u) => u.member.identity === 'bob'
        && u.updateReasons.includes('lastConsumedMessageIndex') && u.member.lastConsumedMessageIndex === index);

      const left = await theirs.updateLastConsumedMessageIndex(5);
      assert.ok(left > 0 && left <= last - 5, `${left} unread after index 5 of ${last}`);
      const { member } = await saw(5);
      assert.ok(member.lastConsumptionTimestamp instanceof Date);
      await until(() => theirs.lastConsumedMessageIndex === 5, 'the own horizon 5');

      await theirs.advanceLastConsumedMessageIndex(9);
      await saw(9);
      await until(() => theirs.lastConsumedMessageIndex === 9, 'the own horizon 9'); // advance compares with it
      await theirs.advanceLastConsumedMessageIndex(3);
      await until(() => theirs.lastConsumedMessageIndex === 9, 'the horizon to stay at 9');
      await theirs.updateLastConsumedMessageIndex(2);
      await saw(2);
    },
  },
  {
    name: 'consumption horizon: all, none, unread counts',
    timeout: 45_000,
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const events = new Recorder(theirs, 'messageAdded');
      const count = (want) => until(async () => (await theirs.getUnconsumedMessagesCount()) === want, `an unread count of ${want}`, 12_000);
      assert.equal(await theirs.setAllMessagesConsumed(), 0);
      await count(0);
      const index = Number(await mine.sendMessage('unread'));
      await events.wait('messageAdded', (m) => m.index === index);
      await count(1);
      await theirs.setNoMessagesConsumed();
      await until(() => theirs.lastConsumedMessageIndex === null, 'no horizon');
      await count(null);
    },
  },
  {
    name: 'members and messages count',
    async run(w) {
      const channel = w.get('alice general');
      const { members_count: membersWant, messages_count: messagesWant } = await w.service.get(`/Channels/${channel.sid}`);
      assert.equal(membersWant, 2);
      await until(async () => (await channel.getMembersCount()) === membersWant, 'the members count');
      await until(async () => (await channel.getMessagesCount()) === messagesWant, 'the messages count');
      const items = [];
      for (let page = await channel.getMessages(30); ; page = await page.prevPage()) {
        items.push(...page.items.map((m) => m.index));
        if (!page.hasPrevPage) break;
      }
      assert.equal(messagesWant, new Set(items).size, 'the count is of messages that exist');
    },
  },
];

export const invitations = [
  {
    name: 'private channel: invite and decline',
    async run(w) {
      const bob = w.get('bob');
      const channel = w.put('private', await w.get('alice').createChannel({ friendlyName: 'by invitation', isPrivate: true }));
      await channel.join();
      const events = new Recorder(bob, 'channelInvited', 'channelLeft');
      await channel.invite('bob');
      const invited = await events.wait('channelInvited', (c) => c.sid === channel.sid);
      assert.equal(invited.status, 'invited');
      assert.equal(invited.friendlyName, 'by invitation');
      await invited.decline();
      await events.wait('channelLeft', (c) => c.sid === channel.sid);
      await until(() => bob.getChannelBySid(channel.sid).then(() => false, () => true), 'the declined channel to be hidden');
    },
  },
  {
    name: 'private channel: invite and accept',
    async run(w) {
      const channel = w.get('private');
      const events = new Recorder(w.get('bob'), 'channelInvited', 'channelJoined');
      const joined = new Recorder(channel, 'memberJoined');
      await channel.invite('bob');
      const invited = await events.wait('channelInvited', (c) => c.sid === channel.sid);
      await invited.join();
      await events.wait('channelJoined', (c) => c.sid === channel.sid);
      await joined.wait('memberJoined', (m) => m.identity === 'bob');
      await until(() => invited.status === 'joined', 'bob to be in');
      await invited.sendMessage('thanks');
    },
  },
  {
    name: 'add a member',
    async run(w) {
      const channel = w.get('private');
      const dave = w.put('dave', await w.connect('dave'));
      const events = new Recorder(dave, 'channelJoined', 'channelAdded');
      const joined = new Recorder(channel, 'memberJoined');
      await channel.add('dave');
      const his = await events.wait('channelJoined', (c) => c.sid === channel.sid);
      await events.wait('channelAdded', (c) => c.sid === channel.sid);
      await joined.wait('memberJoined', (m) => m.identity === 'dave');
      assert.equal(his.status, 'joined');
      const page = await his.getMessages(10);
      assert.ok(page.items.some((m) => m.body === 'thanks'), 'he reads what was said before');
      await rejects(channel.add('dave'), 'adding a member twice');
    },
  },
  {
    name: 'remove a member by object and by identity',
    async run(w) {
      const channel = w.get('private');
      const left = new Recorder(channel, 'memberLeft');
      for (const [identity, key] of [['dave', 'object'], ['bob', 'identity']]) {
        const his = new Recorder(w.get(identity), 'channelLeft', 'channelRemoved');
        const member = await channel.getMemberByIdentity(identity);
        await channel.removeMember(key === 'object' ? member : identity);
        await left.wait('memberLeft', (m) => m.identity === identity);
        await his.wait('channelLeft', (c) => c.sid === channel.sid);
        await his.wait('channelRemoved', (c) => c.sid === channel.sid);
      }
      assert.deepEqual((await channel.getMembers()).map((m) => m.identity), ['alice']);
    },
  },
  {
    name: 'what the role does not allow is refused',
    async run(w) {
      const theirs = w.get('bob general');
      await rejects(theirs.delete(), 'deleting the channel as a plain member');
      await rejects(theirs.updateFriendlyName('mine now'), 'renaming the channel as a plain member');
      await rejects(theirs.removeMember('alice'), 'removing a member as a plain member');
      const foreign = (await theirs.getMessages(30)).items.find((m) => m.author === 'alice');
      await rejects(foreign.updateBody('forged'), "editing another's message");
      await rejects(foreign.remove(), "removing another's message");
    },
  },
];
