// What holds for every REST resource: credentials, URL styles, paging, errors; and accounts, their keys and auth tokens.
import http from 'node:http';
import { assert } from '../lib/steps.mjs';
import { refused } from './rest-chat.mjs';

/** A plain request with any headers, Host among them, which fetch would not let us set. */
function plain(cfg, { method = 'GET', path, headers = {}, body }) {
  const base = new URL(cfg.base_url);
  return new Promise((resolve, reject) => {
    const auth = 'Basic ' + Buffer.from(`${cfg.account_sid}:${cfg.auth_token}`).toString('base64');
    const form = body ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {};
    const req = http.request({ host: base.hostname, port: base.port, method, path, headers: { Authorization: auth, ...form, ...headers } }, (res) => {
      const chunks = [];
      res.on('data', (c) => chunks.push(c));
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        let json = null;
        try { json = text ? JSON.parse(text) : null; } catch { /* left null: the step sees it */ }
        resolve({ status: res.statusCode, headers: res.headers, json, text });
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

export const styleSteps = [
  {
    name: 'keys: list, create, use, update, remove',
    async run(x) {
      const key = await x.client.newKeys.create({ friendlyName: 'conformance' });
      assert.match(key.sid, /^SK[0-9a-f]{32}$/);
      assert.match(key.secret, /^[A-Za-z0-9]{32,}$/);
      const own = x.connect(key.sid, key.secret);
      assert.equal((await own.chat.v2.services(x.cfg.chat_service_sid).fetch()).sid, x.cfg.chat_service_sid);
      const second = await x.client.newKeys.create({ friendlyName: 'another' });
      const listed = (await x.client.keys.list({ pageSize: 1 })).map((k) => k.sid);
      for (const sid of [key.sid, second.sid, x.cfg.api_key_sid]) assert.ok(listed.includes(sid), `${sid} is listed`);
      assert.equal((await x.client.keys(key.sid).update({ friendlyName: 'renamed' })).friendlyName, 'renamed');
      const fetched = await x.client.keys(key.sid).fetch();
      assert.equal(fetched.friendlyName, 'renamed');
      assert.equal(fetched.secret, undefined, 'the secret is shown once');
      for (const { sid } of [key, second]) assert.equal(await x.client.keys(sid).remove(), true);
      await refused(own.chat.v2.services(x.cfg.chat_service_sid).fetch(), 401, 20003, 'a removed key');
      await refused(x.client.keys(key.sid).fetch(), 404, 20404, 'fetching a removed key');
    },
  },
  {
    name: 'subaccounts: create, use, list, change auth tokens, suspend, close',
    async run(x) {
      const { accounts } = x.client.api.v2010;
      const friendlyName = `Staging ${Math.random().toString(36).slice(2)}`;
      const made = await accounts.create({ friendlyName });
      assert.match(made.sid, /^AC[0-9a-f]{32}$/);
      assert.deepEqual([made.status, made.ownerAccountSid, made.friendlyName], ['active', x.cfg.account_sid, friendlyName]);
      const as = (token) => x.connect(made.sid, token);
      const service = await as(made.authToken).chat.v2.services.create({ friendlyName: 'theirs' });
      await refused(x.client.chat.v2.services(service.sid).fetch(), 404, 50050, "another account's service");
      await refused(as(made.authToken).chat.v2.services(x.cfg.chat_service_sid).fetch(), 404, 50050, "the owner's service");
      const listed = (await accounts.list({ pageSize: 1 })).map((a) => a.sid);
      for (const sid of [made.sid, x.cfg.account_sid]) assert.ok(listed.includes(sid), `${sid} is listed`);
      assert.deepEqual((await accounts.list({ friendlyName, status: 'active' })).map((a) => a.sid), [made.sid]);
      assert.equal((await accounts(made.sid).update({ friendlyName: 'Renamed' })).friendlyName, 'Renamed');

      const second = await as(made.authToken).accounts.v1.secondaryAuthToken().create();
      assert.equal((await as(second.secondaryAuthToken).chat.v2.services(service.sid).fetch()).sid, service.sid);
      const promoted = await as(second.secondaryAuthToken).accounts.v1.authTokenPromotion().update();
      assert.equal(promoted.authToken, second.secondaryAuthToken);
      await refused(as(made.authToken).chat.v2.services(service.sid).fetch(), 401, 20003, 'the auth token of before');
      await as(promoted.authToken).accounts.v1.secondaryAuthToken().create();
      assert.equal(await as(promoted.authToken).accounts.v1.secondaryAuthToken().remove(), true);

      assert.equal((await accounts(made.sid).update({ status: 'suspended' })).status, 'suspended');
      await refused(as(promoted.authToken).chat.v2.services(service.sid).fetch(), 401, 20003, 'a suspended account');
      assert.equal((await accounts(made.sid).update({ status: 'closed' })).status, 'closed');
      await refused(accounts(made.sid).update({ status: 'active' }), 403, 20403, 'a closed account');
      await refused(accounts(x.cfg.account_sid).update({ status: 'closed' }), 403, 20403, 'the account itself');
    },
  },
  {
    name: 'keys of iam: create, use, list, update, remove',
    async run(x) {
      if (!x.client.iam) return; // the older library does not know them
      const { newApiKey, apiKey, getApiKeys } = x.client.iam.v1;
      const made = await newApiKey.create({ accountSid: x.cfg.account_sid, friendlyName: 'by iam' });
      assert.match(made.secret, /^[A-Za-z0-9]{32,}$/);
      assert.equal((await x.connect(made.sid, made.secret).chat.v2.services(x.cfg.chat_service_sid).fetch()).sid, x.cfg.chat_service_sid);
      const listed = await getApiKeys.list({ accountSid: x.cfg.account_sid, pageSize: 1 });
      assert.deepEqual(listed.find((k) => k.sid === made.sid)?.flags, ['rest_api', 'signing']);
      assert.equal((await apiKey(made.sid).update({ friendlyName: 'renamed' })).friendlyName, 'renamed');
      assert.equal((await apiKey(made.sid).fetch()).friendlyName, 'renamed');
      await refused(newApiKey.create({ accountSid: x.cfg.account_sid, keyType: 'restricted', policy: '{}' }), 400, 70105, 'a restricted key');
      assert.equal(await apiKey(made.sid).remove(), true);
      await refused(apiKey(made.sid).fetch(), 404, 20404, 'a removed key');
    },
  },
  {
    name: 'credentials: token and key pass, anything else is 401 20003',
    async run(x) {
      const { cfg } = x;
      const fetch = (user, password) => x.connect(user, password).chat.v2.services(cfg.chat_service_sid).fetch();
      assert.equal((await fetch(cfg.api_key_sid, cfg.api_key_secret)).sid, cfg.chat_service_sid);
      await refused(fetch(cfg.account_sid, 'wrong'), 401, 20003, 'a wrong token');
      await refused(fetch(cfg.api_key_sid, cfg.auth_token), 401, 20003, "another credential's secret");
      const res = await plain(cfg, { path: `/chat/v2/Services/${cfg.chat_service_sid}`, headers: { Authorization: '' } });
      assert.equal(res.status, 401);
      assert.match(res.headers['www-authenticate'] ?? '', /^Basic /);
      assert.deepEqual(Object.keys(res.json).sort(), ['code', 'message', 'more_info', 'status']);
    },
  },
  {
    name: 'URL style by path prefix: answers carry the prefix',
    async run({ cfg }) {
      const { json } = await plain(cfg, { path: '/chat/v2/Services?PageSize=1' });
      const prefix = `${cfg.base_url.replace(/\/$/, '')}/chat/v2/Services`;
      assert.ok(json.services[0].url.startsWith(prefix), json.services[0].url);
      assert.ok(json.meta.next_page_url.startsWith(prefix), json.meta.next_page_url);
      assert.deepEqual([json.meta.key, json.meta.page, json.meta.page_size, json.meta.previous_page_url], ['services', 0, 1, null]);
      const alias = await plain(cfg, { path: `/ip-messaging/v2/Services/${cfg.chat_service_sid}` });
      assert.equal(alias.status, 200);
    },
  },
  {
    name: 'URL style by Host: answers carry the host',
    async run({ cfg }) {
      const host = { Host: 'chat.twilio.com' };
      const { status, json } = await plain(cfg, { path: '/v2/Services?PageSize=1', headers: host });
      assert.equal(status, 200);
      for (const url of [json.services[0].url, json.meta.url, json.meta.next_page_url]) assert.match(url, /^https?:\/\/chat\.twilio\.com\/v2\/Services/);
      const next = new URL(json.meta.next_page_url);
      assert.equal((await plain(cfg, { path: next.pathname + next.search, headers: host })).status, 200);
      const regional = await plain(cfg, { path: `/v2/Services/${cfg.chat_service_sid}`, headers: { Host: 'chat.dublin.ie1.twilio.com' } });
      assert.equal(regional.status, 200);
      const secure = await plain(cfg, { path: '/v2/Services?PageSize=1', headers: { ...host, 'X-Forwarded-Proto': 'https' } });
      assert.ok(secure.json.meta.next_page_url.startsWith('https://chat.twilio.com/'), secure.json.meta.next_page_url);
      const flex = await plain(cfg, { path: '/v1/FlexFlows', headers: { Host: 'flex-api.twilio.com' } });
      assert.ok(Array.isArray(flex.json.flex_flows));
    },
  },
  {
    name: 'URL style by X-Original-Host',
    async run({ cfg }) {
      const { status, json } = await plain(cfg, { path: `/v2/Services/${cfg.chat_service_sid}`, headers: { 'X-Original-Host': 'chat.twilio.com' } });
      assert.equal(status, 200);
      assert.equal(json.sid, cfg.chat_service_sid);
    },
  },
  {
    name: 'errors: wrong verb, unknown path, page size, foreign service',
    async run(x) {
      const { cfg } = x;
      const put = await plain(cfg, { method: 'PUT', path: '/chat/v2/Services' });
      assert.deepEqual([put.status, put.json?.code], [405, 20004]);
      const lost = await plain(cfg, { path: '/chat/v2/Nothing' });
      assert.deepEqual([lost.status, lost.json?.code], [404, 20404]);
      const huge = await plain(cfg, { path: '/chat/v2/Services?PageSize=1001' });
      assert.deepEqual([huge.status, huge.json?.code], [400, 20007]);
      const foreign = await plain(cfg, { path: `/chat/v2/Services/IS${'0'.repeat(32)}/Channels` });
      assert.equal(foreign.status, 404);
      const empty = await plain(cfg, { method: 'POST', path: '/chat/v2/Services', body: 'Unknown=1' });
      assert.equal(empty.status, 400);
    },
  },
];
