// Users: profile, presence, and the directories of users and channels.
import { assert, Recorder, until } from '../lib/steps.mjs';

/** All items of a paginator, page by page. */
async function allItems(page) {
  const items = [...page.items];
  let pages = 1;
  while (page.hasNextPage) {
    page = await page.nextPage();
    items.push(...page.items);
    assert.ok(++pages < 100, 'paging ends');
  }
  return { items, pages };
}

const sorted = (list) => [...list].sort();

export const users = [
  {
    name: 'user friendlyName and attributes events',
    async run(w) {
      const alice = w.get('alice');
      const seen = w.put('alice as bob sees her', await w.get('bob').getUser('alice'));
      const events = new Recorder(seen, 'updated');
      const own = new Recorder(alice.user, 'updated');
      await alice.user.updateFriendlyName('Alice ☺');
      await events.wait('updated', (u) => u.updateReasons.includes('friendlyName'));
      await own.wait('updated', (u) => u.updateReasons.includes('friendlyName'));
      assert.equal(seen.friendlyName, 'Alice ☺');
      await alice.user.updateAttributes({ colour: 'red', n: [1] });
      await events.wait('updated', (u) => u.updateReasons.includes('attributes'));
      assert.deepEqual(seen.attributes, { colour: 'red', n: [1] });
    },
  },
  {
    name: 'reachability on and off',
    async run(w) {
      await w.service.post('/Users', { Identity: 'rita' });
      const seen = await w.get('bob').getUser('rita');
      const events = new Recorder(seen, 'updated');
      assert.ok(!seen.online, 'offline before the first connection');
      const rita = await w.connect('rita');
      await until(() => seen.online === true, 'online to be true');
      assert.ok(events.all('updated', (u) => u.updateReasons.includes('online')).length > 0, 'an update with reason online');
      const second = await w.connect('rita');
      await rita.shutdown();
      await w.get('bob').getUserDescriptor('rita');
      assert.equal(seen.online, true, 'still online by the second device');
      await second.shutdown();
      await until(() => seen.online === false, 'online to be false');
    },
  },
  {
    name: 'user descriptors',
    timeout: 30_000,
    async run(w) {
      const descriptor = await until(async () => { // the SDK may hold an older answer for some seconds
        const now = await w.get('bob').getUserDescriptor('alice');
        return now.friendlyName === 'Alice ☺' && now.attributes.colour && now;
      }, 'the new name and attributes', 12_000);
      assert.equal(descriptor.identity, 'alice');
      assert.deepEqual(descriptor.attributes, { colour: 'red', n: [1] });
      assert.equal((await descriptor.subscribe()).identity, 'alice');
      const { items } = await allItems(await w.get('bob general').getUserDescriptors());
      assert.deepEqual(sorted(items.map((u) => u.identity)), ['alice', 'bob']);
      const member = (await w.get('bob general').getMembers()).find((m) => m.identity === 'alice');
      assert.equal((await member.getUser()).friendlyName, 'Alice ☺');
      assert.equal((await member.getUserDescriptor()).identity, 'alice');
    },
  },
];

const directorySize = 55; // more than a page of any list

export const directory = [
  {
    name: 'public channel descriptors page through the whole directory',
    timeout: 60_000,
    async run(w) {
      const made = [];
      const make = async (i) => made.push(await w.service.channel({ FriendlyName: `room ${i}`, UniqueName: `dir-${w.service.sid.slice(-6)}-${i}`, Attributes: JSON.stringify({ i }) }, 'carol'));
      for (let i = 0; i < directorySize; i += 5) await Promise.all([0, 1, 2, 3, 4].map((k) => make(i + k)));
      w.put('directory', made);
      const carol = w.put('carol', await w.connect('carol'));
      const { items, pages } = await allItems(await carol.getPublicChannelDescriptors());
      const sids = items.map((d) => d.sid);
      assert.equal(new Set(sids).size, sids.length, 'no channel twice');
      for (const { sid } of made) assert.ok(sids.includes(sid), `${sid} is missing (${pages} pages)`);
      const one = items.find((d) => d.sid === made[7].sid);
      assert.equal(one.friendlyName, made[7].friendly_name);
      assert.equal(one.uniqueName, made[7].unique_name);
      assert.deepEqual(one.attributes, JSON.parse(made[7].attributes));
      assert.equal(one.membersCount, 1);
      assert.equal(one.messagesCount, 0);
      assert.ok(!items.some((d) => d.type === 'private'), 'no private channel in the directory');
      assert.equal((await one.getChannel()).sid, one.sid);
    },
  },
  {
    name: 'user channel descriptors page through all own channels',
    timeout: 30_000,
    async run(w) {
      const { items } = await allItems(await w.get('carol').getUserChannelDescriptors());
      assert.deepEqual(sorted(items.map((d) => d.sid)), sorted(w.get('directory').map((c) => c.sid)));
      assert.ok(items.every((d) => d.status === 'joined'), 'all joined');
    },
  },
  {
    name: 'getSubscribedChannels pages through all own channels',
    timeout: 30_000,
    async run(w) {
      const { items, pages } = await allItems(await w.get('carol').getSubscribedChannels({ limit: 10 }));
      assert.deepEqual(sorted(new Set(items.map((c) => c.sid))), sorted(w.get('directory').map((c) => c.sid)));
      assert.ok(pages > 1, 'more than one page');
      assert.ok(items.every((c) => c.status === 'joined'), 'all joined');
    },
  },
  {
    name: 'each of many joined channels delivers',
    timeout: 30_000,
    async run(w) {
      const events = new Recorder(w.get('carol'), 'messageAdded');
      const rooms = w.get('directory');
      await Promise.all(rooms.map((room, i) => w.service.say(room.sid, 'system', `to room ${i}`)));
      for (const [i, room] of rooms.entries()) await events.wait('messageAdded', (m) => m.channel.sid === room.sid && m.body === `to room ${i}`);
      assert.equal(events.seen.length, rooms.length, 'each message once');
      await w.get('carol').shutdown();
    },
  },
];
