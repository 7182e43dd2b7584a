// Writes NOTICE: what Parley uses, under which licences. --check only compares, for `make check`.
//
// It reads what is really linked (go list -deps) and what npm's lock files say. Versions are left out: they are in
// go.mod and the lock files.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// One platform for all, so that the list does not change with the machine.
const env = { ...process.env, GOOS: 'linux', GOARCH: 'amd64' };

const list = (...args) => {
  const format = '{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}';
  const out = execFileSync('go', ['list', '-deps', '-f', format, ...args], { encoding: 'utf8', maxBuffer: 1 << 26, env });
  return new Map(out.split('\n').filter(Boolean).map((line) => line.split('\t')));
};

// Words by which a licence is known. A file may hold several: one for parts that came from elsewhere.
const licences = [
  ['MPL-2.0', /Mozilla Public License,? Version 2\.0/i],
  ['Apache-2.0', /Apache License,?\s+Version 2\.0/i],
  ['ISC', /Permission to use, copy, modify,(?: and\/or| and)?\s+distribute|ISC License/i],
  ['BSD-3-Clause', /Redistribution and use in source[\s\S]*neither the name/i],
  ['BSD-2-Clause', /Redistribution and use in source/i],
  ['MIT', /Permission is hereby granted, free of charge/i],
  ['Unlicense', /This is free and unencumbered software/i],
];

function licenceOf(name, dir) {
  const file = readdirSync(dir).find((f) => /^(licen[cs]e|copying)(\.|-|$)/i.test(f));
  const text = file ? readFileSync(join(dir, file), 'utf8') : '';
  const found = licences.filter(([, words]) => words.test(text)).map(([id]) => id);
  if (found.length === 0) throw new Error(`${name}: cannot tell its licence; look into ${file ?? 'the module'} and teach scripts/notice.mjs`);
  return found.filter((id) => id !== 'BSD-2-Clause' || !found.includes('BSD-3-Clause')).join(' and ');
}

/** name → licence of a lock file's packages: those that ship, or with {dev} the direct ones that only build and test. */
function npm(dir, { direct, dev }) {
  const lock = JSON.parse(readFileSync(join(dir, 'package-lock.json'), 'utf8'));
  const root = lock.packages[''];
  const wanted = new Set(Object.keys({ ...(dev && root.devDependencies), ...(direct && root.dependencies), ...(direct && root.optionalDependencies) }));
  const out = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.link) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 13);
    if (dev || direct ? !wanted.has(name) || path !== `node_modules/${name}` : entry.dev || entry.devOptional || entry.optional) continue;
    const real = entry.name ?? name; // an alias stands under its own name
    if (!entry.license) throw new Error(`${dir}: ${real} states no licence`);
    out.push([real, entry.license]);
  }
  return out;
}

const section = (title, entries) => {
  const lines = [...new Set(entries.map(([name, licence]) => `  ${name.padEnd(46)} ${licence}`.trimEnd()))].sort();
  return lines.length === 0 ? '' : `\n${title}\n\n${lines.join('\n')}\n`;
};

const linked = list('./cmd/parley');
const tested = [...list('-test', './...', 'tool')].filter(([name]) => !linked.has(name));
const testDirs = ['test/conformance', 'test/browser', 'test/oidc', 'test/openapi', 'examples/plugin', 'scripts/postgres'].filter((d) => existsSync(join(d, 'package-lock.json')));

let text = `Parley
Copyright the authors of Parley

Licensed under the Apache License, Version 2.0 (see LICENSE).

Parley is not affiliated with Twilio. Names of other products are used only to say what Parley is compatible with.
This file is written by "make notice".
`;
text += section('Linked into bin/parley (Go modules)', [...linked].map(([name, dir]) => [name, licenceOf(name, dir)]));
text += section('In the pages (npm packages)', [...npm('web', {}), ...npm('web/vendor', {})]);
text += section('Used to check and test only (Go modules)', tested.map(([name, dir]) => [name, licenceOf(name, dir)]));
text += section('Used to build and test only (npm packages)', [...npm('web', { dev: true }), ...testDirs.flatMap((d) => npm(d, { direct: true, dev: true }))]);

// The Apache License asks that notices of what is distributed are handed on.
for (const [name, dir] of [...linked].sort()) {
  const file = readdirSync(dir).find((f) => /^notice(\.|$)/i.test(f));
  if (file) text += `\n---- notice of ${name}\n\n${readFileSync(join(dir, file), 'utf8').trim()}\n`;
}

if (process.argv.includes('--check')) {
  if (!existsSync('NOTICE') || readFileSync('NOTICE', 'utf8') !== text) {
    console.error('NOTICE is not up to date: run make notice');
    process.exit(1);
  }
  console.log('NOTICE is up to date');
} else {
  writeFileSync('NOTICE', text);
}
