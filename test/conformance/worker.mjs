// The worker SDK against the event bridge:  node worker.mjs --version 2.1.1 --config FILE
import { readFileSync } from 'node:fs';
import { Rest } from './lib/rest.mjs';
import { option, Suite } from './lib/steps.mjs';
import { ends, opening, sessions, supervision, tasks, tokens, transfers } from './steps/workers.mjs';
import { Workspace } from './worker-sdk.mjs';

const version = option('version');
const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite(`worker-${version}`, option('only'));
const w = await new Workspace({ cfg, rest: new Rest(cfg), version }).make(`worker ${version}`);

await suite.lane(opening, w);
if (suite.failed === 0) {
  await Promise.all([
    suite.lane([...tasks, ...ends, ...transfers, ...sessions, ...supervision], w),
    suite.lane(tokens, w), // mostly waiting
  ]);
}
w.close();
process.exit(suite.finish() ? 0 : 1);
