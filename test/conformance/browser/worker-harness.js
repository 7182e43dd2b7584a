// Runs in the page: the worker SDK's bundle as an agent's desktop uses it. worker.mjs calls these by name.
/* global TaskRouter */
'use strict';

const harness = {
  seen: [],

  async start({ token, options }) {
    this.worker = new TaskRouter.Worker(token, options);
    this.worker.on('reservationCreated', (r) => {
      this.reservation = r;
      for (const name of ['accepted', 'wrapup', 'completed']) r.on(name, () => this.seen.push(name));
      this.seen.push('created');
    });
    await new Promise((resolve, reject) => { this.worker.on('ready', resolve); this.worker.on('error', (e) => reject(new Error(e.message))); });
    return { name: this.worker.name, activities: [...this.worker.activities.values()].map((a) => a.name) };
  },

  async setActivity(name) { await [...this.worker.activities.values()].find((a) => a.name === name).setAsCurrent(); },

  async answer(verb) { await this.reservation[verb](); return this.reservation.status; },

  attributes() { return this.reservation.task.attributes; },
};

window.harness = harness;
