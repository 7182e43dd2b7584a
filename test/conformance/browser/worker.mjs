// The worker SDK's browser build in Chromium, on a page of another origin than the server. The build leaves its libraries to the
// application's bundler, which is esbuild here:
//   node browser/worker.mjs --config FILE [--chromium /usr/bin/chromium]
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { Rest } from '../lib/rest.mjs';
import { assert, option, Suite, until } from '../lib/steps.mjs';
import { Workspace } from '../worker-sdk.mjs';
import { openBrowser, openPage } from './page.mjs';

const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));

const packages = { '0.8.5': 'taskrouter085', '2.1.1': 'taskrouter211' };

/** One script that makes the package TaskRouter. */
async function bundled(name) {
  const { outputFiles: [file] } = await build({
    entryPoints: [new URL(`../node_modules/${name}/dist/index.window.js`, import.meta.url).pathname],
    bundle: true, write: false, format: 'iife', globalName: 'TaskRouter', platform: 'browser', define: { global: 'window', 'process.env.NODE_DEBUG': '""' },
    logLevel: 'error',
  });
  return file.contents;
}

const call = (page, name, ...args) => page.evaluate(([n, a]) => window.harness[n](...a), [name, args]);

const steps = [
  {
    name: 'ready in a page of another origin',
    async run({ page, w, url }) {
      await page.goto(url);
      const sid = await w.makeWorker('page');
      const { name, activities } = await call(page, 'start', { token: w.token(sid), options: w.options });
      assert.equal(name, 'page');
      assert.ok(activities.includes('Available'));
    },
  },
  {
    name: 'a task from offer to completion',
    async run({ page, w }) {
      const seen = (name) => until(() => page.evaluate((n) => window.harness.seen.includes(n), name), name);
      await call(page, 'setActivity', 'Available');
      const task = await w.post('/Tasks', { WorkflowSid: w.workflow, TaskChannel: 'chat', Attributes: '{"name":"Zoë"}' });
      await seen('created');
      assert.deepEqual(await call(page, 'attributes'), { name: 'Zoë' });
      for (const [verb, status, event] of [['accept', 'accepted', 'accepted'], ['wrap', 'wrapping', 'wrapup'], ['complete', 'completed', 'completed']]) {
        assert.equal(await call(page, 'answer', verb), status);
        await seen(event);
      }
      assert.equal((await w.get(`/Tasks/${task.sid}`)).assignment_status, 'completed');
    },
  },
  {
    name: 'nothing went wrong in the page',
    run({ problems }) { assert.deepEqual(problems, []); },
  },
];

const suite = new Suite('worker-browser', option('only'));
const browser = await openBrowser('worker-browser');
for (const [version, name] of Object.entries(packages)) {
  suite.label = `worker-browser-${version}`;
  const w = await new Workspace({ cfg, rest: new Rest(cfg), version }).make(`page ${version}`);
  const ctx = { w, ...(await openPage(browser, await bundled(name), 'worker-harness.js')) };
  await suite.lane(steps, ctx);
  await ctx.close();
}
await browser.close();
suite.label = 'worker-browser';
process.exit(suite.finish() ? 0 : 1);
