// The published single-file bundles in Chromium, on a page of another origin than the server:
//   node browser/run.mjs --config FILE [--chromium /usr/bin/chromium]
import { readFileSync } from 'node:fs';
import { ChatService, Rest } from '../lib/rest.mjs';
import { assert, option, Suite, until } from '../lib/steps.mjs';
import { libraryToken } from '../lib/tokens.mjs';
import { openBrowser, openPage, published } from './page.mjs';

const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));

const bundles = {
  '3.4.0': 'chat340/dist/twilio-chat.min.js',
  '4.1.0': 'chat410/dist/twilio-chat.min.js',
  '5.0.2': 'chat502/dist/twilio-chat.min.js',
  '6.0.0': 'chat600/builds/twilio-chat.min.js',
};

const binary = [0, 1, 2, 255, 254, 10, 13, 65];

/** Calls a function of the page's harness. */
const call = (page, name, ...args) => page.evaluate(([n, a]) => window.harness[n](...a), [name, args]);

function steps(version, chat, pageUrl) {
  const identity = `browser-${version}`;
  const uri = cfg.base_url.replace(/^http/, 'ws').replace(/\/$/, '') + '/tsock/v3/wsconnect';
  const start = async (x) => {
    await x.page.goto(pageUrl);
    const token = libraryToken(cfg, { identity });
    assert.equal((await call(x.page, 'start', { token, uri, version })).identity, identity);
    await until(async () => (await call(x.page, 'state')) === 'connected', 'the connected state');
    assert.equal(await call(x.page, 'open', x.sid), 'joined');
  };
  const arrived = (x, match, what) => until(async () => (await x.page.evaluate(() => window.harness.added)).find(match), what);
  const media = (how, ...args) => async (x) => {
    const index = await call(x.page, how, ...args);
    const message = await arrived(x, (m) => m.index === index, 'the media message');
    assert.equal(message.type, 'media');
    assert.deepEqual([message.media.size, message.media.contentType], [binary.length, 'image/png']);
    if (how === 'sendForm') assert.equal(message.media.filename, 'größe 1.png');
    const file = await call(x.page, 'download', index);
    assert.deepEqual([file.status, file.type, file.bytes], [200, 'image/png', binary]);
  };
  return [
    {
      name: 'connect from a page of another origin',
      async run(x) {
        x.sid = (await chat.channel({ FriendlyName: `browser ${version}`, Type: 'private' }, identity)).sid;
        await start(x);
      },
    },
    {
      name: 'text both ways',
      async run(x) {
        const index = await call(x.page, 'sendText', 'from the page €');
        await arrived(x, (m) => m.index === index && m.body === 'from the page €', 'the own message');
        x.answer = await chat.say(x.sid, 'agent', 'from the server 😀');
        await arrived(x, (m) => m.body === 'from the server 😀' && m.author === 'agent', "the agent's message");
        const { messages } = await chat.get(`/Channels/${x.sid}/Messages`);
        assert.deepEqual(messages.map((m) => m.body), ['from the page €', 'from the server 😀']);
      },
    },
    { name: 'FormData upload and download', run: media('sendForm', binary, 'größe 1.png', 'image/png') },
    { name: 'Blob upload and download', run: media('sendBlob', binary, 'image/png') },
    {
      name: 'reload of the tab, with changes while it was away',
      async run(x) {
        const before = await call(x.page, 'messages', 30);
        await x.page.goto('about:blank');
        await chat.say(x.sid, 'agent', 'while the tab was away');
        await chat.post(`/Channels/${x.sid}/Messages/${x.answer.sid}`, { Body: 'edited while away' });
        await start(x);
        await until(async () => {
          const now = await call(x.page, 'messages', 30);
          assert.deepEqual(now.map((m) => m.index), [...before.map((m) => m.index), before.at(-1).index + 1]);
          assert.equal(now[1].body, 'edited while away');
          return now.at(-1).body === 'while the tab was away';
        }, 'all messages with their changes');
        await chat.say(x.sid, 'agent', 'live again');
        await arrived(x, (m) => m.body === 'live again', 'a live message');
        const added = (await x.page.evaluate(() => window.harness.added)).map((m) => m.body);
        assert.deepEqual(added.filter((b) => b === 'live again'), ['live again'], 'once');
      },
    },
    {
      name: 'nothing went wrong in the page',
      run(x) { assert.deepEqual(x.problems, []); },
    },
  ];
}

const suite = new Suite('browser', option('only'));
const chat = new ChatService(new Rest(cfg), cfg.chat_service_sid);
const browser = await openBrowser('browser');
for (const version of Object.keys(bundles)) {
  suite.label = `browser-${version}`;
  const ctx = await openPage(browser, published(bundles[version]), 'harness.js');
  await suite.lane(steps(version, chat, ctx.url), ctx);
  await ctx.close();
}
await browser.close();
suite.label = 'browser';
process.exit(suite.finish() ? 0 : 1);
