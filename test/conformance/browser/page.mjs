// A page with a published bundle in Chromium, of another origin than the server.
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { option } from '../lib/steps.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Starts Chromium, or ends the suite of that name when there is none. */
export async function openBrowser(suite) {
  const executablePath = option('chromium', process.env.PARLEY_CHROMIUM || ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync));
  if (!executablePath || !existsSync(executablePath)) {
    console.log(`FAIL ${suite} finds Chromium: none installed; name one with --chromium or PARLEY_CHROMIUM`);
    process.exit(1);
  }
  return chromium.launch({ executablePath, args: flags });
}

/** Serves page.html with a bundle and a harness of this folder on a port, and so an origin, of its own. */
async function servePage(bundle, harness) {
  const files = {
    '/': [join(here, 'page.html'), 'text/html; charset=utf-8'],
    '/harness.js': [join(here, harness), 'text/javascript; charset=utf-8'],
  };
  const server = http.createServer((req, res) => {
    if (req.url === '/bundle.js') {
      res.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' });
      res.end(bundle);
      return;
    }
    const file = files[req.url];
    if (!file) { res.writeHead(404); res.end(); return; }
    res.writeHead(200, { 'Content-Type': file[1] });
    res.end(readFileSync(file[0]));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

/** A published bundle's text, by its path below node_modules. */
export const published = (path) => readFileSync(join(here, '../node_modules', path));

/** Opens a page with a bundle; problems holds what went wrong in it. */
export async function openPage(browser, bundle, harness) {
  const served = await servePage(bundle, harness);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (e) => problems.push(String(e)));
  page.on('requestfailed', (r) => problems.push(`${r.method()} ${r.url()}: ${r.failure()?.errorText}`));
  page.on('request', (r) => { if (!/^(https?|wss?):\/\/([^/@]*@)?(127\.0\.0\.1|localhost)[:/]|^(blob|data|about):/.test(r.url())) problems.push(`foreign request: ${r.url()}`); });
  return { page, problems, url: served.url, close: async () => { await context.close(); await served.stop(); } };
}
