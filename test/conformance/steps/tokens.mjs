// The life of an access token (chat-sdk-protocol §3).
import { WebSocket } from 'ws';
import { assert, Recorder, rejects, until, delay } from '../lib/steps.mjs';

const connected = (client, ms = 12_000) => until(() => client.connectionState === 'connected', `the client to be connected (is ${client.connectionState})`, ms);

export const tokens = [
  {
    name: 'token about to expire: updateToken keeps the connection',
    timeout: 40_000,
    async run(w) {
      const proxy = await w.proxy();
      const token = w.handToken('uma', { ttl: 9 });
      const expires = Date.now() + 9_000;
      const uma = await w.connect('uma', { token, uri: proxy.uri });
      const events = new Recorder(uma, 'tokenAboutToExpire', 'tokenExpired', 'connectionStateChanged');
      await events.wait('tokenAboutToExpire', undefined, 9_500);
      await uma.updateToken(w.token('uma'));
      await delay(Math.max(0, expires - Date.now()) + 1_500); // nothing may happen when the old token's time comes
      assert.equal(uma.connectionState, 'connected');
      assert.equal(events.all('tokenExpired').length, 0);
      assert.equal(proxy.connections, 1, 'one socket all along');
      await uma.createChannel({ friendlyName: 'still there' });
      await uma.shutdown();
    },
  },
  {
    name: 'token expiry: tokenExpired, and updateToken in its handler recovers',
    timeout: 40_000,
    async run(w) {
      const vic = await w.connect('vic', { token: w.handToken('vic', { ttl: 6 }) });
      const room = await w.room({ Type: 'private', FriendlyName: 'expiry' }, { vic });
      const events = new Recorder(vic, 'tokenAboutToExpire', 'tokenExpired');
      const here = new Recorder(room.vic, 'messageAdded');
      const updated = new Promise((resolve, reject) => {
        vic.on('tokenExpired', () => vic.updateToken(w.token('vic')).then(resolve, reject));
      });
      await events.wait('tokenExpired', undefined, 12_000);
      await w.service.say(room.sid, 'system', 'while expired');
      await updated;
      await connected(vic);
      await here.wait('messageAdded', (m) => m.body === 'while expired', 12_000);
      assert.equal(events.all('tokenExpired').length, 1);
      await vic.shutdown();
    },
  },
  {
    name: 'close 410: tokenExpired, then updateToken recovers',
    timeout: 40_000,
    async run(w) {
      const proxy = await w.proxy();
      const wes = await w.connect('wes', { uri: proxy.uri });
      const events = new Recorder(wes, 'tokenExpired');
      await proxy.inject({ method: 'close', status: { code: 410, status: 'TOKEN_EXPIRED', errorCode: 20104 } });
      await events.wait('tokenExpired');
      await until(() => wes.connectionState === 'disconnected', 'the disconnected state', 10_000);
      await wes.updateToken(w.handToken('wes', { ttl: 1800 }));
      await connected(wes, 15_000);
      await wes.createChannel({ friendlyName: 'back again' });
      await wes.shutdown();
    },
  },
  {
    name: 'an invalid token is refused with its reason',
    timeout: 60_000,
    async run(w) {
      const bad = {
        'not a token': 'definitely.not.a-token',
        'wrong signature': w.handToken('xena', { secret: 'x'.repeat(32) }),
        'expired': w.handToken('xena', { ttl: -600 }),
        'no chat grant': w.handToken('xena', { grant: 'video' }),
      };
      await Promise.all(Object.entries(bad).map(async ([what, token]) => {
        const error = await rejects(w.connect('xena', { token }), `a token: ${what}`);
        assert.ok(!/took longer/.test(error.message), `${what}: no answer: ${error.message}`);
      }));
    },
  },
  {
    name: 'updateToken after a refusal lets the client in',
    timeout: 30_000,
    async run(w) {
      const yan = await w.connect('yan');
      await rejects(yan.updateToken(w.token('somebody-else')), 'a token of another identity');
      await yan.updateToken(w.handToken('yan', { ttl: 1800 })).catch(() => {}); // 6.0.0 may reject although it recovers (§12)
      await connected(yan, 15_000);
      await yan.createChannel({ friendlyName: 'recovered' });
      await yan.shutdown();
    },
  },
  {
    name: 'a token with the old ip_messaging grant works',
    async run(w) {
      const zoe = await w.connect('zoe', { token: w.handToken('zoe', { grant: 'ip_messaging' }) });
      assert.equal(zoe.user.identity, 'zoe');
      await zoe.shutdown();
    },
  },
];

export const devices = [
  {
    name: 'two devices of one identity see the same',
    async run(w) {
      const [one, two] = [await w.connect('double'), await w.connect('double')];
      const joined = new Recorder(two, 'channelJoined');
      const channel = await one.createChannel({ friendlyName: 'on both' });
      await channel.join();
      const other = await joined.wait('channelJoined', (c) => c.sid === channel.sid);
      await other.getMessages(1); // from here on it is subscribed
      const here = new Recorder(other, 'messageAdded');
      await channel.sendMessage('hello, me');
      await here.wait('messageAdded', (m) => m.body === 'hello, me');
      await other.updateLastConsumedMessageIndex(0);
      await until(() => channel.lastConsumedMessageIndex === 0, 'the read position on the first device');
      await one.shutdown();
      await other.sendMessage('the second device lives on');
      await two.shutdown();
    },
  },
  {
    name: 'identities with spaces, @ and other letters',
    async run(w) {
      const identity = 'jörg müller@example.org';
      const odd = await w.connect(identity);
      const channel = await odd.createChannel({ friendlyName: 'odd' });
      await channel.join();
      await odd.user.updateFriendlyName('Jörg');
      await until(() => odd.user.friendlyName === 'Jörg', 'the friendly name');
      assert.equal((await w.get('bob').getUserDescriptor(identity)).identity, identity);
      const left = new Recorder(odd, 'channelLeft');
      await channel.leave();
      await left.wait('channelLeft');
      await odd.shutdown();
    },
  },
  {
    name: 'an application without options, redirected by a global WebSocket',
    async run(w) {
      const before = globalThis.WebSocket;
      globalThis.WebSocket = class extends WebSocket {
        constructor(url, ...rest) { super(/^wss:\/\/tsock\..*twilio\.com/.test(url) ? w.serverUri : url, ...rest); }
      };
      try {
        const client = await w.connect('plain', { uri: 'none' });
        assert.equal(client.user.identity, 'plain');
        await client.shutdown();
      } finally {
        globalThis.WebSocket = before;
      }
    },
  },
];
