// Messages: send, page, edit, remove, typing.
import { assert, delay, Recorder, rejects, until } from '../lib/steps.mjs';

const text = 'hëllo € 😀\n"quoted" \\ \u2028 end';

/** All indexes that paging gives, walking from the given page to one side. */
async function walk(page, direction) {
  const [has, step] = direction === 'backwards' ? ['hasPrevPage', 'prevPage'] : ['hasNextPage', 'nextPage'];
  const seen = [];
  for (let pages = 0; pages < 60; pages++) {
    const indexes = page.items.map((m) => m.index);
    assert.deepEqual(indexes, [...indexes].sort((a, b) => a - b), 'items of a page stand in order');
    seen.push(...indexes);
    if (!page[has]) return seen.sort((a, b) => a - b);
    page = await page[step]();
  }
  throw new Error('paging does not end');
}

async function pagesBothWays(channel, first, last) {
  const want = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const newest = await channel.getMessages(10);
  assert.deepEqual(newest.items.map((m) => m.index), want.slice(-10), 'the newest page');
  assert.equal(newest.items.at(-1).body, `m${last}`);
  const back = await walk(newest, 'backwards');
  assert.deepEqual(back.filter((i) => i >= first), want, 'walking back');
  const forward = await walk(await channel.getMessages(10, first, 'forward'), 'forward');
  assert.deepEqual(forward, want, 'walking forward');
  const anchored = await channel.getMessages(10, first + 12, 'backwards');
  assert.deepEqual(anchored.items.map((m) => m.index), want.slice(3, 13), 'anchored page backwards');
}

export const messages = [
  {
    name: 'sendMessage reaches the other member',
    setup: true,
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const here = new Recorder(theirs, 'messageAdded');
      const echo = new Recorder(mine, 'messageAdded');
      const attributes = { k: 'v', n: [1, 2, { x: null }] };
      const index = await mine.sendMessage(text, attributes);
      const message = await here.wait('messageAdded', (m) => m.body === text);
      await echo.wait('messageAdded', (m) => m.index === message.index);
      assert.equal(Number(index), message.index);
      assert.equal(message.index, 0, 'the first index is 0');
      assert.match(message.sid, /^IM[0-9a-f]{32}$/);
      assert.equal(message.author, 'alice');
      assert.equal(message.type, 'text');
      assert.deepEqual(message.attributes, attributes);
      assert.ok(w.sdk.messageDate(message) instanceof Date);
      assert.ok(Math.abs(w.sdk.messageDate(message) - Date.now()) < 60_000, 'the date is now');
      const members = await theirs.getMembers();
      assert.equal(message.memberSid, members.find((m) => m.identity === 'alice').sid);
      if (message.getMember) assert.equal((await message.getMember()).identity, 'alice');
      await mine.sendMessage('second');
      await here.wait('messageAdded', (m) => m.body === 'second');
      assert.equal(here.seen.length, 2, 'each message arrives once');
    },
  },
  {
    name: 'lastMessage',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const index = Number(await theirs.sendMessage('third'));
      for (const channel of [mine, theirs]) {
        await until(() => channel.lastMessage?.index === index, `lastMessage.index ${index} (is ${channel.lastMessage?.index})`);
        assert.ok(w.sdk.lastMessageDate(channel) instanceof Date);
      }
    },
  },
  {
    name: 'getMessages pages backwards and forwards with a warm cache',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const here = new Recorder(theirs, 'messageAdded');
      const first = theirs.lastMessage.index + 1;
      for (let i = 0; i < 35; i++) await (i % 2 ? theirs : mine).sendMessage(`m${first + i}`);
      await here.wait('messageAdded', (m) => m.index === first + 34);
      w.put('paged', { first, last: first + 34 });
      const order = here.seen.map((e) => e.arg.index);
      assert.deepEqual(order, Array.from({ length: 35 }, (_, i) => first + i), 'arrival order');
      await pagesBothWays(theirs, first, first + 34);
    },
  },
  {
    name: 'getMessages pages backwards and forwards with an empty cache',
    async run(w) {
      const { first, last } = w.get('paged');
      const fresh = await w.connect('bob');
      await pagesBothWays(await fresh.getChannelBySid(w.get('bob general').sid), first, last);
      await fresh.shutdown();
    },
  },
  {
    name: 'message body update',
    async run(w) {
      const [mine, theirs] = [w.get('alice general'), w.get('bob general')];
      const here = new Recorder(theirs, 'messageAdded', 'messageUpdated');
      const index = Number(await mine.sendMessage('to be edited'));
      const copy = await here.wait('messageAdded', (m) => m.index === index);
      const own = (await mine.getMessages(1)).items[0];
      assert.equal(own.index, index);
      await own.updateBody('edited ✓');
      const { updateReasons } = await here.wait('messageUpdated', (u) => u.message.index === index && u.updateReasons.includes('body'));
      assert.ok(updateReasons.includes('lastUpdatedBy'), `reasons are ${updateReasons}`);
      assert.equal(copy.body, 'edited ✓');
      assert.equal(copy.lastUpdatedBy, 'alice');
      assert.ok(copy.dateUpdated instanceof Date);
      w.put('edited', { own, copy });
    },
  },
  {
    name: 'message attributes update',
    async run(w) {
      const { own, copy } = w.get('edited');
      const here = new Recorder(w.get('bob general'), 'messageUpdated');
      await own.updateAttributes({ starred: true });
      await here.wait('messageUpdated', (u) => u.message.index === own.index && u.updateReasons.includes('attributes'));
      assert.deepEqual(copy.attributes, { starred: true });
      assert.equal(copy.body, 'edited ✓');
    },
  },
  {
    name: 'message remove',
    async run(w) {
      const { own } = w.get('edited');
      const here = new Recorder(w.get('bob general'), 'messageRemoved', 'messageAdded');
      await own.remove();
      await here.wait('messageRemoved', (m) => m.index === own.index);
      const newest = (await w.get('bob general').getMessages(5)).items;
      assert.ok(!newest.some((m) => m.index === own.index), 'the removed message is gone');
      const next = Number(await w.get('alice general').sendMessage('after a removal'));
      assert.equal(next, own.index + 1, 'an index is never given twice');
      await here.wait('messageAdded', (m) => m.index === next);
    },
  },
  {
    name: 'a message of 32 KB passes, a longer one is refused',
    async run(w) {
      const here = new Recorder(w.get('bob general'), 'messageAdded');
      const big = 'é'.repeat(16 * 1024);
      const index = Number(await w.get('alice general').sendMessage(big));
      const message = await here.wait('messageAdded', (m) => m.index === index);
      assert.equal(message.body, big);
      await rejects(w.get('alice general').sendMessage(big + '!'), 'a body over 32 KB');
    },
  },
];

export const typing = [
  {
    name: 'typing starts, and ends by itself',
    timeout: 30_000,
    async run(w) {
      const clients = { tina: await w.connect('tina'), tom: await w.connect('tom') };
      const room = w.put('typing room', await w.room({ FriendlyName: 'typing', Type: 'private' }, clients));
      // A client drops the typing of a member whom it has not heard of yet.
      await until(async () => (await room.tina.getMembers()).length === 2, 'tina to know both members');
      const seen = new Recorder(room.tina, 'typingStarted', 'typingEnded');
      const own = new Recorder(room.tom, 'typingStarted');
      await room.tom.getMembers();
      await room.tom.typing();
      const member = await seen.wait('typingStarted');
      assert.equal(member.identity, 'tom');
      assert.equal(member.isTyping, true);
      const start = Date.now();
      await seen.wait('typingEnded', (m) => m.identity === 'tom', 10_000);
      const took = Date.now() - start;
      assert.ok(took > 4_000 && took < 8_000, `typing ended after ${took} ms, want about 6000`);
      assert.equal(own.seen.length, 0, 'the typist is not told');
    },
  },
  {
    name: 'typing ends at once when the message arrives',
    async run(w) {
      const room = w.get('typing room');
      const seen = new Recorder(room.tina, 'typingStarted', 'typingEnded', 'messageAdded');
      await delay(200); // the typist's own throttle ends together with the timeout of the step before
      await until(async () => {
        await room.tom.typing();
        return seen.all('typingStarted').length > 0;
      }, 'typing to start again');
      const start = Date.now();
      await room.tom.sendMessage('done typing');
      await seen.wait('typingEnded');
      assert.ok(Date.now() - start < 2_000, 'typing ended with the message');
    },
  },
];
