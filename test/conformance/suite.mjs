// The scenario for one SDK version, in a process of its own:  node suite.mjs --version 6.0.0 --config FILE
import { readFileSync } from 'node:fs';
import { Rest } from './lib/rest.mjs';
import { Suite, flag, option } from './lib/steps.mjs';
import { World } from './lib/world.mjs';
import { loadSdk } from './sdk.mjs';
import * as channels from './steps/channels.mjs';
import * as messages from './steps/messages.mjs';
import * as members from './steps/members.mjs';
import { roles } from './steps/roles.mjs';
import * as users from './steps/users.mjs';
import { media } from './steps/media.mjs';
import { resilience, shutdown } from './steps/resilience.mjs';
import * as tokens from './steps/tokens.mjs';

const version = option('version');
const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const suite = new Suite(`sdk-${version}`, option('only'));

// The SDKs leave rejections of their own unhandled when a start is refused (chat-sdk-protocol §12).
let stray = 0;
process.on('unhandledRejection', (e) => {
  stray++;
  if (flag('verbose')) console.log('    unhandled in the SDK:', e?.message ?? e);
});

const rest = new Rest(cfg);
const service = await rest.post('/chat/v2/Services', { FriendlyName: `conformance ${version}` });
await rest.post(`/chat/v2/Services/${service.sid}`, { ReachabilityEnabled: true, ConsumptionReportInterval: 1 });
const world = new World({ cfg, sdk: loadSdk(version), rest, serviceSid: service.sid, trace: flag('trace') });

await suite.lane(channels.opening, world);
if (suite.failed > 0 && !world.has('alice')) { // nothing else can work, and each step would wait for its own timeout
  await world.close();
  suite.finish();
  process.exit(1);
}
// The lanes do not touch each other's channels, and most of the second and third is waiting.
await Promise.all([
  suite.lane([
    ...messages.messages, ...members.members, ...users.users, ...channels.edits, ...media,
    ...members.invitations, ...tokens.devices, ...users.directory, ...channels.leaving, ...shutdown,
  ], world),
  suite.lane([...messages.typing, ...resilience], world),
  suite.lane([...tokens.tokens, ...roles], world),
]);
await world.close();
if (stray > 0 && flag('verbose')) console.log(`    ${stray} unhandled rejections inside the SDK`);
process.exit(suite.finish() ? 0 : 1);
