// Runs named steps in order, prints one PASS or FAIL line for each, and holds the small helpers that steps share.
import assert from 'node:assert/strict';

export { assert };

const STEP_TIMEOUT_MS = 20_000;

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when the promise has not settled in time. */
export function within(ms, promise, what = 'the step') {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Polls until fn gives something truthy, and returns that. A throw counts as "not yet". */
export async function until(fn, what, ms = 8_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await fn();
      if (value) return value;
      last = undefined;
    } catch (e) {
      if (String(e?.message).startsWith('blocked')) throw e; // waiting does not help
      last = e;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}` + (last ? `: ${describe(last)}` : ''));
    await delay(40);
  }
}

/** Asserts that the promise rejects, and returns the error. */
export async function rejects(promise, what) {
  let value;
  try { value = await promise; } catch (e) { return e; }
  throw new Error(`${what} was accepted (${String(value?.sid ?? value)}), want a refusal`);
}

/** Listens to events of an SDK object and lets a step wait for one, or count them afterwards. */
export class Recorder {
  seen = [];
  #waiters = new Set();

  constructor(emitter, ...names) {
    for (const name of names) {
      emitter.on(name, (arg) => {
        this.seen.push({ name, arg });
        for (const check of this.#waiters) check();
      });
    }
  }

  all(name, match = () => true) { return this.seen.filter((e) => e.name === name && match(e.arg)).map((e) => e.arg); }

  /** The first matching event, seen already or yet to come. */
  wait(name, match = () => true, ms = 8_000) {
    let check;
    const found = new Promise((resolve) => {
      check = () => {
        const hits = this.all(name, match);
        if (hits.length > 0) resolve(hits[0] ?? true);
      };
      this.#waiters.add(check);
      check();
    });
    return within(ms, found, `event ${name}`).finally(() => this.#waiters.delete(check));
  }
}

/** Text of any error, with the body of an SDK's or library's error where there is one. */
export function describe(e) {
  if (!(e instanceof Error)) return typeof e === 'string' ? e : JSON.stringify(e);
  const extra = ['status', 'code', 'body'].filter((k) => e[k] !== undefined).map((k) => `${k}=${JSON.stringify(e[k])}`);
  return [e.message.split('\n').slice(0, 12).join(' | '), ...extra].join(' ');
}

export class Suite {
  passed = 0;
  failed = 0;
  #only;

  /** label stands in front of each line; only, if given, is a pattern that a step's name must match. */
  constructor(label, only) {
    this.label = label;
    this.#only = only ? new RegExp(only, 'i') : null;
  }

  /** Runs the steps in order with the same context. A step is {name, run, timeout?, setup?}; setup steps always run. */
  async lane(steps, ctx) {
    for (const step of steps) {
      if (this.#only && !step.setup && !this.#only.test(step.name)) continue;
      await this.step(step.name, () => step.run(ctx), { timeout: step.timeout, evidence: (since) => ctx.evidence?.(since) });
    }
  }

  async step(name, run, { timeout = STEP_TIMEOUT_MS, evidence } = {}) {
    const start = Date.now();
    try {
      await within(timeout, Promise.resolve().then(run));
      this.passed++;
      console.log(`PASS ${this.label} ${name} (${Date.now() - start} ms)`);
    } catch (e) {
      this.failed++;
      console.log(`FAIL ${this.label} ${name}: ${describe(e)}`);
      const at = String(e?.stack ?? '').split('\n').find((l) => /\((file|\/).*(steps|rest|guide|wire|suite|browser)/.test(l) && !l.includes('lib/steps'));
      if (at) console.log('    ' + at.trim().replace(/file:.*conformance\//, ''));
      for (const line of evidence?.(start) ?? []) console.log('    ' + line);
    }
  }

  /** Ends the run: run.mjs looks for this line to know that nothing was cut short. */
  finish() {
    console.log(`DONE ${this.label} ${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0;
  }
}

/** The value of `--name value` on the command line. */
export function option(name, fallback) {
  const at = process.argv.indexOf('--' + name);
  return at >= 0 ? process.argv[at + 1] : fallback;
}

export const flag = (name) => process.argv.includes('--' + name);
