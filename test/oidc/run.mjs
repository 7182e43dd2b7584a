// People sign in to a built server at a real OpenID Connect provider.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from './lib/browser.mjs';
import { client, TestProvider } from './lib/provider.mjs';
import { freePort, Server } from './lib/server.mjs';

const given = process.argv.indexOf('--binary');
const binary = resolve(given > 0 ? process.argv[given + 1] : fileURLToPath(new URL('../../bin/parley', import.meta.url)));

const [providerPort, strictPort, openPort] = [await freePort(), await freePort(), await freePort()];
const callback = (port) => `http://127.0.0.1:${port}/preview/iam/oidc/callback`;
const provider = new TestProvider(providerPort, [callback(strictPort), callback(openPort)]);
const settings = { PARLEY_OIDC_ISSUER: provider.issuer, PARLEY_OIDC_CLIENT_ID: client.client_id, PARLEY_OIDC_CLIENT_SECRET: client.client_secret };
const strict = new Server(binary, strictPort, settings);
const open = new Server(binary, openPort, { ...settings, PARLEY_OIDC_ROLES_CLAIM: 'realm_access.roles', PARLEY_OIDC_CREATE_WORKERS: 'true' });

/** Where the login page leads to the provider. */
async function start(server, browser) {
  const page = await browser.open(await server.authenticate());
  assert.equal(page.status, 200);
  const href = /href="([^"]*\/iam\/oidc\/start[^"]*)"/.exec(page.text)?.[1];
  assert.ok(href, `the page offers no provider: ${page.text}`);
  return href.replaceAll('&amp;', '&');
}

/** Signs somebody in and answers where the browser ends. */
async function signIn(server, person, { browser = new Browser(), stop = desktop } = {}) {
  provider.person = person;
  return browser.open(await start(server, browser), stop);
}

const desktop = (url) => url.pathname === '/agent-desktop';
const atCallback = (url) => url.pathname === '/preview/iam/oidc/callback';
const words = (page) => /role="alert"[^>]*>([^<]*)</.exec(page.text)?.[1];

function refused(page, status, expected) {
  assert.equal(page.status, status, page.text);
  assert.match(words(page), expected);
  assert.equal(page.url.searchParams.get('Token'), null);
}

const tests = {
  'a provider that is down is said so, and is used once it is up': async () => {
    refused(await signIn(strict, 'anna'), 503, /identity provider does not answer/);
    await provider.start();
    await strict.makeWorker('Anna', { roles: ['agent'], keep: 1 });
    const { url } = await signIn(strict, 'anna');
    assert.equal(url.origin, strict.base);
    assert.deepEqual(url.searchParams.getAll('Roles'), ['agent']);
    assert.equal(url.searchParams.get('Identity'), 'Anna');
    const told = await strict.validate(url.searchParams.get('Token'));
    assert.deepEqual({ valid: told.valid, roles: told.roles, identity: told.identity }, { valid: true, roles: ['agent'], identity: 'Anna' });
  },
  'somebody without a worker stays out, and none is made': async () => {
    refused(await signIn(strict, 'mail'), 403, /no worker .*mail@example.com/);
    assert.deepEqual(Object.keys(await strict.workers()).sort(), ['Anna', 'agent']);
  },
  'an address that is not verified is nobody\'s name': async () => {
    refused(await signIn(strict, 'liar'), 403, /does not say your name/);
    refused(await signIn(open, 'liar'), 403, /does not say your name/);
  },
  'the provider\'s roles become the worker\'s, and its other attributes stay': async () => {
    await open.makeWorker('boss', { roles: ['agent'], skills: ['tea'] });
    const { url } = await signIn(open, 'boss');
    assert.deepEqual(url.searchParams.getAll('Roles'), ['supervisor']);
    assert.deepEqual((await open.workers()).boss, { roles: ['supervisor'], skills: ['tea'] });
  },
  'a worker is made where that is wanted': async () => {
    const { url } = await signIn(open, 'mail');
    assert.equal(url.searchParams.get('Identity'), 'mail@example.com');
    const made = (await open.workers())['mail@example.com'];
    assert.deepEqual(made.roles, ['agent']);
    assert.equal(made.email, 'mail@example.com');
  },
  'somebody without a role stays out': async () => {
    refused(await signIn(open, 'idle'), 403, /no role/);
    assert.equal((await open.workers()).idle, undefined);
  },
  'a refusal of the provider is told': async () => refused(await signIn(strict, null), 403, /did not let you in/),
  'a code serves once': async () => {
    const browser = new Browser();
    const { url } = await signIn(strict, 'anna', { browser, stop: atCallback });
    const kept = browser.cookies(strict.base);
    assert.equal(kept.length, 1);
    assert.ok(kept[0].attributes.some((a) => a.toLowerCase() === 'httponly'));
    assert.ok(kept[0].attributes.some((a) => a.toLowerCase() === 'samesite=lax'));
    assert.ok(desktop((await browser.open(url, desktop)).url));
    refused(await browser.open(url, desktop), 400, /took too long/);
  },
  'a code in another browser is of no use': async () => {
    const [mine, theirs] = [new Browser(), new Browser()];
    const stolen = (await signIn(strict, 'anna', { browser: theirs, stop: atCallback })).url;
    refused(await mine.open(stolen, desktop), 400, /was not begun/);
    const own = (await signIn(strict, 'anna', { browser: mine, stop: atCallback })).url;
    own.searchParams.set('code', stolen.searchParams.get('code'));
    refused(await mine.open(own, desktop), 403, /took too long, or was finished/);
  },
  'a callback that nobody asked for': async () => {
    for (const query of ['', '?code=x', '?code=x&state=', '?code=x&state=y', '?error=access_denied&state=zzzzzzzzzz'])
      refused(await new Browser().open(callback(strictPort) + query, desktop), 400, /was not begun/);
  },
  'two tabs at once': async () => {
    const browser = new Browser();
    const [first, second] = [await signIn(strict, 'anna', { browser, stop: atCallback }), await signIn(strict, 'anna', { browser, stop: atCallback })];
    assert.ok(desktop((await browser.open(first.url, desktop)).url));
    assert.ok(desktop((await browser.open(second.url, desktop)).url));
  },
  'no secret is in the log': async () => {
    const { url } = await signIn(strict, 'anna', { stop: atCallback });
    for (const { log } of [strict, open])
      for (const secret of [client.client_secret, url.searchParams.get('code'), 'eyJ']) assert.ok(!log.includes(secret), secret);
  },
};

let failed = 0;
try {
  await Promise.all([strict.start(), open.start()]);
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`PASS ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}\n${error.stack}`);
    }
  }
} finally {
  await Promise.all([strict.stop(), open.stop(), provider.stop()]);
}
if (failed > 0) console.log(strict.log.split('\n').slice(-20).join('\n'));
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
