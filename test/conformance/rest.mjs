// The vendor's Node helper library, old and new, against the REST API:  node rest.mjs --library 3|6 --config FILE
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Suite, option } from './lib/steps.mjs';
import { WebhookDouble } from './lib/webhook-double.mjs';
import { chatSteps } from './steps/rest-chat.mjs';
import { flexSteps } from './steps/rest-flex.mjs';
import { styleSteps } from './steps/rest-style.mjs';

const require = createRequire(import.meta.url);

const library = option('library');
const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const twilio = require('twilio' + library);

// The libraries have no base URL; an HTTP client of one's own is their documented way (rest-semantics §6.3).
const required = require(`twilio${library}/lib/base/RequestClient`);
const RequestClient = required.default ?? required;
const base = cfg.base_url.replace(/\/$/, '');
const seen = [];

class Rewriting extends RequestClient {
  request(options) {
    const url = new URL(options.uri);
    const uri = url.hostname.endsWith('.twilio.com') ? `${base}/${url.hostname.split('.')[0]}${url.pathname}${url.search}` : options.uri;
    seen.push(`${options.method.toUpperCase()} ${uri}`);
    return super.request({ ...options, uri });
  }
}

const connect = (user, password) => twilio(user, password, { accountSid: cfg.account_sid, httpClient: new Rewriting() });

const suite = new Suite(`rest-${library}`, option('only'));
const hooks = await new WebhookDouble().start();
const ctx = {
  cfg, twilio, hooks, seen, library,
  client: connect(cfg.account_sid, cfg.auth_token),
  connect,
  evidence: () => seen.slice(-3),
};
await suite.lane(chatSteps, ctx);
await suite.lane(flexSteps, ctx);
await suite.lane(styleSteps, ctx);
await hooks.stop();
process.exit(suite.finish() ? 0 : 1);
