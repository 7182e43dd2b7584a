// Checks that nothing in the tree ties an installation to one machine's sources: npm lock files pin every package by its
// hash and hold no address from which it was fetched, and no file names the host of a package registry, so that
// whatever registry or mirror a machine is set up with serves. Prints what is wrong and exits with 1.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const files = execFileSync('git', ['ls-files', '--cached', '*package-lock.json'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const faults = [];
for (const file of files) {
  const packages = JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  const names = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
  for (const [path, entry] of Object.entries(packages)) {
    // A registry that lacks a platform's package leaves it out without a word, and "npm ci" then fails for everybody.
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!names.has(name)) faults.push(`${file}: ${name}, which ${path} may need, is missing; take a version of ${path} that is complete`);
    }
    if (path === '' || entry.link || entry.inBundle) continue;
    if (entry.resolved) faults.push(`${file}: ${path} has a download address; run npm with --omit-lockfile-registry-resolved`);
    if (!entry.integrity) faults.push(`${file}: ${path} has no hash`);
  }
}
const hosts = spawnSync('git', ['grep', '-nIE', String.raw`\b(registry|proxy|mirror|npm|goproxy)\.(npm|yarn|golang|goproxy|nodejs|gitlab|github)[a-z]*\.[a-z]+|^(registry|GOPROXY) *=`], { encoding: 'utf8' });
if (hosts.status > 1) faults.push(hosts.stderr);
faults.push(...hosts.stdout.split('\n').filter(Boolean).map((line) => `${line.slice(0, 160)}: names a package registry`));
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log(`${files.length} lock files are in order`);
