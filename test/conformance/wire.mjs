// The chat socket without an SDK: refusals with their codes, bad frames, and what a stranger may send
// (chat-sdk-protocol §2, rest-semantics §5):  node wire.mjs --config FILE
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { decode, encode, frameId } from './lib/frames.mjs';
import { Rest } from './lib/rest.mjs';
import { assert, option, Suite, within } from './lib/steps.mjs';
import { handToken } from './lib/tokens.mjs';

const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite('wire', option('only'));
const uri = cfg.base_url.replace(/^http/, 'ws').replace(/\/$/, '') + '/tsock/v3/wsconnect';

/** One socket: send frames, await the next that matches, await the end. */
class Raw {
  #queue = []; #waiters = []; closed;

  static async open() {
    const raw = new Raw();
    raw.ws = new WebSocket(uri, { perMessageDeflate: false });
    raw.closed = new Promise((resolve) => raw.ws.on('close', resolve));
    raw.ws.on('error', () => {});
    raw.ws.on('message', (data) => {
      const frame = decode(data);
      const waiter = raw.#waiters.findIndex((w) => w.match(frame));
      if (waiter >= 0) raw.#waiters.splice(waiter, 1)[0].resolve(frame);
      else raw.#queue.push(frame);
    });
    await within(5_000, new Promise((resolve, reject) => { raw.ws.once('open', resolve); raw.ws.once('close', () => reject(new Error('closed before open'))); }), 'opening');
    return raw;
  }

  next(match = () => true, ms = 5_000) {
    const at = this.#queue.findIndex(match);
    if (at >= 0) return Promise.resolve(this.#queue.splice(at, 1)[0]);
    return within(ms, new Promise((resolve) => this.#waiters.push({ match, resolve })), 'a frame');
  }

  async ask(header, payload) {
    const id = frameId();
    this.ws.send(encode({ ...header, id }, payload));
    return this.next((f) => f.header.id === id && f.header.method === 'reply');
  }

  init(token) { return this.ask({ method: 'init', token, capabilities: ['client_update'], registrations: null }); }

  request(method, path, { params, headers = {}, body } = {}) {
    return this.ask({ method: 'message', active_grant: 'ip_messaging', payload_type: headers['Content-Type'] ?? 'application/json', http_request: { host: 'aim.us1.twilio.com', path, method, params, headers } }, body);
  }

  /** Resolves once the server has ended the connection, whether with a `close` frame before or not. */
  ended(ms = 12_000) { return within(ms, this.closed, 'the end of the connection'); }

  close() { this.ws.terminate(); }
}

const good = (identity = 'wire', more = {}) => handToken(cfg, { identity, ...more });

async function signedIn(identity) {
  const raw = await Raw.open();
  const { header } = await raw.init(good(identity));
  assert.equal(header.status.code, 200);
  return raw;
}

const otherAccount = 'AC' + 'f'.repeat(32);

/** What is wrong with a token, and the codes that may say so (the newer aliases are 20151–20160). */
const refusals = {
  'not a token': ['garbage', [20101, 20160]],
  'wrong content type': [good('w', { header: { cty: 'application/json' } }), [20102, 20152]],
  'algorithm none': [good('w', { header: { alg: 'none' } }), [20102, 20152]],
  'unknown key': [good('w', { claims: { iss: 'SK' + '0'.repeat(32) } }), [20103, 20153]],
  'foreign account': [good('w', { claims: { sub: otherAccount } }), [20103, 20153]],
  'wrong signature': [good('w', { secret: 'not the secret of that key' }), [20107, 20159]],
  'not yet valid': [good('w', { claims: { nbf: Math.floor(Date.now() / 1000) + 3600 } }), [20105, 20155]],
  'expired': [good('w', { ttl: -3600 }), [20104, 20156]],
  'more than 24 h ahead': [good('w', { ttl: 3 * 86_400 }), [20104, 20157]],
  'no grants': [good('w', { claims: { grants: {} } }), [20106, 20154]],
  'no identity': [good('', {}), [20106, 20154]],
  'unknown service': [good('w', { serviceSid: 'IS' + '0'.repeat(32) }), [20106, 20154]],
};

await suite.lane([
  {
    name: 'each bad token is refused on the socket with its own code',
    timeout: 30_000,
    async run() {
      for (const [what, [token, codes]] of Object.entries(refusals)) {
        const raw = await Raw.open();
        const { header: { status } } = await raw.init(token);
        assert.equal(status.code, 401, `${what}: status ${JSON.stringify(status)}`);
        assert.ok(codes.includes(status.errorCode), `${what}: errorCode ${status.errorCode}, want ${codes}`);
        assert.ok(status.description, `${what}: no description`);
        raw.close();
      }
    },
  },
  {
    name: 'each bad token is refused over HTTP with its own code',
    async run() {
      for (const [what, [token, codes]] of Object.entries(refusals)) {
        const res = await fetch(`${cfg.base_url}/mcs/v1/Services/${cfg.chat_service_sid}/Media`, { method: 'POST', headers: { 'X-Twilio-Token': token, 'Content-Type': 'text/plain' }, body: 'x' });
        assert.equal(res.status, 401, what);
        const { code, status, message, more_info: more } = await res.json();
        assert.ok(codes.includes(code), `${what}: code ${code}, want ${codes}`);
        assert.ok(message && more && status === 401, `${what}: an error names itself`);
      }
    },
  },
  {
    name: 'init names a continuation token and confirms no telemetry',
    async run() {
      const raw = await Raw.open();
      const { header } = await raw.init(good());
      assert.equal(header.status.code, 200);
      assert.ok(!(header.capabilities ?? []).includes('telemetry.v1'));
      assert.ok(header.continuation_token === undefined || typeof header.continuation_token === 'string');
      raw.close();
    },
  },
  {
    name: 'a request before init is answered 401 or the socket is closed',
    async run() {
      const raw = await Raw.open();
      const answer = raw.request('GET', '/Client/v1/Configuration').then(({ header }) => header.status.code, () => 'none');
      const first = await Promise.race([answer, raw.closed.then(() => 'closed')]);
      assert.ok(first === 401 || first === 'closed', `answer ${first}`);
      raw.close();
    },
  },
  {
    name: 'a socket that never says init is closed',
    timeout: 30_000,
    async run() { await (await Raw.open()).ended(25_000); },
  },
  {
    name: 'garbage, a text frame and an oversized frame end the connection, and the server lives',
    timeout: 40_000,
    async run() {
      const bad = {
        'bad magic': (ws) => ws.send(Buffer.from('HELLO WORLD\r\n')),
        'header size that lies': (ws) => ws.send(Buffer.from('TWILSOCK V3.0 99999\r\n{}\r\n')),
        'negative header size': (ws) => ws.send(Buffer.from('TWILSOCK V3.0 -5\r\n{}\r\n')),
        'header that is not JSON': (ws) => ws.send(Buffer.from('TWILSOCK V3.0 4\r\n{{{{\r\n')),
        'a text frame': (ws) => ws.send('TWILSOCK V3.0 2\r\n{}\r\n'),
        '64 MB': (ws) => ws.send(Buffer.alloc(64 << 20), () => {}),
      };
      for (const [what, send] of Object.entries(bad)) {
        const raw = await signedIn('vandal');
        send(raw.ws);
        await within(12_000, raw.closed, `${what}: the end of the connection`);
      }
      (await signedIn('vandal')).close();
    },
  },
  {
    name: 'unknown methods and paths have an answer',
    async run() {
      const raw = await signedIn('explorer');
      const lost = await raw.request('GET', '/no/such/path');
      assert.deepEqual([lost.header.status.code, lost.header.http_status.code], [200, 404]);
      assert.equal(typeof lost.payload.code, 'number');
      const broken = await raw.request('POST', `/Client/v1/Services/${cfg.chat_service_sid}/Conversations`, { body: '{broken' });
      assert.equal(broken.header.http_status.code, 400);
      raw.close();
    },
  },
  {
    name: 'REST of an account is not reachable through a chat socket',
    async run() {
      const raw = await signedIn('climber');
      for (const path of [`/v2/Services/${cfg.chat_service_sid}/Channels`, `/2010-04-01/Accounts/${cfg.account_sid}/Keys.json`, '/v1/FlexFlows', '/metrics', '/demo/credentials',
        `/chat/v2/Services/${cfg.chat_service_sid}/Users`, '/flex-api/v1/FlexFlows']) {
        const { header } = await raw.request('GET', path);
        assert.ok(header.http_status.code >= 400, `${path} is answered ${header.http_status.code}`);
      }
      raw.close();
    },
  },
  {
    name: 'Sync objects of others are closed, chat objects are read-only',
    async run() {
      const rest = new Rest(cfg);
      const chat = `/chat/v2/Services/${cfg.chat_service_sid}`;
      const { sid } = await rest.post(`${chat}/Channels`, { Type: 'private', FriendlyName: 'closed' });
      await rest.post(`${chat}/Channels/${sid}/Members`, { Identity: 'insider' });
      const other = await rest.get(`${chat}/Users/insider`);
      const outsider = await signedIn('outsider');
      for (const path of [`/v3/Documents/${sid}.channel`, `/v3/Lists/${sid}.messages`, `/v3/Maps/${sid}.roster`, `/v3/Maps/${other.sid}.channels`]) {
        const { header } = await outsider.request('GET', path);
        assert.ok([403, 404].includes(header.http_status.code), `${path} for a stranger: ${header.http_status.code}`);
      }
      const insider = await signedIn('insider');
      const roster = await insider.request('GET', `/v3/Maps/${sid}.roster`);
      assert.equal(roster.header.http_status.code, 200);
      const write = await insider.request('POST', new URL(roster.payload.links.items).pathname, { body: { key: 'x', data: {} } });
      assert.ok([403, 405].includes(write.header.http_status.code), `writing the roster: ${write.header.http_status.code}`);
      outsider.close();
      insider.close();
    },
  },
  {
    name: 'a repeated mutation id is done once',
    async run() {
      const raw = await signedIn('repeater');
      const headers = { 'Content-Type': 'application/json; charset=utf-8', 'X-Twilio-Mutation-Id': crypto.randomUUID() };
      const conversations = `/Client/v1/Services/${cfg.chat_service_sid}/Conversations`;
      const made = await raw.request('POST', conversations, { headers: { ...headers, 'X-Twilio-Mutation-Id': crypto.randomUUID() }, body: { type: 'private', friendly_name: 'once', attributes: '{}' } });
      assert.equal(made.header.http_status.code, 201);
      const path = `${conversations}/${made.payload.sid}`;
      await raw.request('POST', `${path}/Participants`, { headers: { ...headers, 'X-Twilio-Mutation-Id': crypto.randomUUID() }, body: { identity: 'repeater' } });
      const once = await raw.request('POST', `${path}/Messages`, { headers, body: { body: 'only once', attributes: '{}' } });
      const twice = await raw.request('POST', `${path}/Messages`, { headers, body: { body: 'only once', attributes: '{}' } });
      assert.equal(once.header.http_status.code, 201);
      assert.ok([200, 201, 202].includes(twice.header.http_status.code), `the repeat: ${twice.header.http_status.code}`);
      const { messages } = await new Rest(cfg).get(`/chat/v2/Services/${cfg.chat_service_sid}/Channels/${made.payload.sid}/Messages`);
      assert.deepEqual(messages.map((m) => m.body), ['only once']);
      raw.close();
    },
  },
], {});
process.exit(suite.finish() ? 0 : 1);
