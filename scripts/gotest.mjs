// Runs `go test` with the given arguments and shows one line for each package and the output of what failed:
//
//   node scripts/gotest.mjs -race ./...
//
// The last line counts the tests that ran. The exit code is that of go test.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const child = spawn('go', ['test', '-json', ...process.argv.slice(2)], { stdio: ['inherit', 'pipe', 'inherit'] });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

const count = { pass: 0, fail: 0, skip: 0, packages: 0 };
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
      const lines = output.get(key(event)) ?? [];
      lines.push(event.Output);
      output.set(key(event), lines);
      break;
    }
    case 'build-fail':
      process.stdout.write((output.get(key(event)) ?? []).join(''));
      break;
    case 'pass':
    case 'fail':
    case 'skip': {
      const lines = output.get(key(event)) ?? [];
      output.delete(key(event));
      if (event.Test) {
        count[event.Action]++;
        if (event.Action === 'fail') process.stdout.write(lines.join(''));
      } else if (event.Action === 'fail') {
        process.stdout.write(lines.join('')); // with what no test owns: a panic, a data race, a leak
      } else {
        count.packages++;
        process.stdout.write(lines.filter((l) => /^(ok|\?)\s/.test(l)).join(''));
      }
      break;
    }
  }
}
const code = await new Promise((resolve) => {
  if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? 1);
  child.once('exit', (status) => resolve(status ?? 1));
  child.once('error', () => resolve(127));
});
console.log(`go test: ${count.pass} passed, ${count.fail} failed, ${count.skip} skipped in ${count.packages} packages`);
process.exit(code);
