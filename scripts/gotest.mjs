// Runs `go test` with the given arguments and shows one line for each package and the output of what failed:
//
//   node scripts/gotest.mjs -race ./...
//
// On a busy machine a test can miss its deadline. Up to three that failed are therefore run once more, each by itself;
// what fails again has failed, and what passes then is named as unsteady beside the count: a fault to be mended, not one
// to be hidden. A data race, a panic or a package that failed by itself never gets a second run.
// The last line counts the tests that ran. The exit code is 0 only if all passed.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const SECOND_RUNS = 3;

/** Runs go test and shows what it says. Gives what ran, which tests failed, and whether a second run could tell more. */
async function goTest(args) {
  const child = spawn('go', ['test', '-json', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, kill);
  const ended = new Promise((resolve) => {
    child.once('exit', (status) => resolve(status ?? 1));
    child.once('error', () => resolve(127));
  });

  const count = { pass: 0, fail: 0, skip: 0, packages: 0 };
  const failed = new Map(); // package → names of its tests that failed, without those of their parts
  let final = false; // something failed that is no matter of time
  const output = new Map(); // "package test" → lines, until the test's end is known
  const key = (e) => `${e.Package ?? e.ImportPath} ${e.Test ?? ''}`;

  for await (const line of createInterface({ input: child.stdout })) {
    let event;
    try {
      event = JSON.parse(line);
    } catch {
      console.log(line); // not of the test binary: a fault of the build
      continue;
    }
    switch (event.Action) {
      case 'output':
      case 'build-output': {
        if (/^(WARNING: DATA RACE|panic:|fatal error:)/.test(event.Output)) final = true;
        const lines = output.get(key(event)) ?? [];
        lines.push(event.Output);
        output.set(key(event), lines);
        break;
      }
      case 'build-fail':
        final = true;
        process.stdout.write((output.get(key(event)) ?? []).join(''));
        break;
      case 'pass':
      case 'fail':
      case 'skip': {
        const lines = output.get(key(event)) ?? [];
        output.delete(key(event));
        if (event.Test) {
          count[event.Action]++;
          if (event.Action !== 'fail') break;
          process.stdout.write(lines.join(''));
          const names = failed.get(event.Package) ?? new Set();
          failed.set(event.Package, names.add(event.Test.split('/')[0]));
        } else if (event.Action === 'fail') {
          if (!failed.has(event.Package)) final = true;
          process.stdout.write(lines.join('')); // with what no test owns: a panic, a data race, a leak
        } else {
          count.packages++;
          process.stdout.write(lines.filter((l) => /^(ok|\?)\s/.test(l)).join(''));
        }
        break;
      }
    }
  }
  const code = await ended;
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, kill);
  const tests = [...failed].flatMap(([pkg, names]) => [...names].map((name) => ({ pkg, name })));
  return { code, count, tests, final };
}

const args = process.argv.slice(2);
const first = await goTest(args);
const { count } = first;
let { code } = first;
const unsteady = [];
if (code !== 0 && !first.final && first.tests.length > 0 && first.tests.length <= SECOND_RUNS) {
  const flags = args.filter((arg) => arg.startsWith('-') && !arg.startsWith('-run'));
  code = 0;
  for (const { pkg, name } of first.tests) {
    console.log(`--- once more: ${name} in ${pkg}`);
    const again = await goTest([...flags, '-count=1', '-run', `^${name}$`, pkg]);
    if (again.code !== 0 || again.count.pass === 0) code = again.code || 1;
    else unsteady.push(name);
  }
}
for (const name of unsteady) console.log(`unsteady: ${name} failed in the whole run and passed by itself`);
const failures = code === 0 ? 0 : count.fail;
console.log(`go test: ${count.pass} passed, ${failures} failed, ${count.skip} skipped in ${count.packages} packages`);
process.exit(code);
