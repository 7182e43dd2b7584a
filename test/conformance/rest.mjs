// The vendor's Node helper library, old and new, against the REST API, in both URL styles (rest-semantics §6):
//
//   node rest.mjs --library 3|6 [--style path|host] --config FILE
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Suite, option } from './lib/steps.mjs';
import { WebhookDouble } from './lib/webhook-double.mjs';
import { chatSteps } from './steps/rest-chat.mjs';
import { peopleSteps } from './steps/rest-chat-people.mjs';
import { webhookSteps } from './steps/rest-chat-webhooks.mjs';
import { flexSteps } from './steps/rest-flex.mjs';
import { studioSteps } from './steps/rest-studio.mjs';
import { proxySteps } from './steps/rest-proxy.mjs';
import { styleSteps } from './steps/rest-style.mjs';

const require = createRequire(import.meta.url);

const library = option('library');
const style = option('style', 'path');
const cfg = JSON.parse(readFileSync(option('config'), 'utf8'));
const twilio = require('twilio' + library);

// The libraries have no base URL; an HTTP client of one's own is their documented way (rest-semantics §6.3).
const required = require(`twilio${library}/lib/base/RequestClient`);
const RequestClient = required.default ?? required;
const base = cfg.base_url.replace(/\/$/, '');
const seen = [];

/** Where the answers' addresses of a product must lead: by the way that the request came. */
const home = (product) => (style === 'host' ? `https://${product}.twilio.com` : `${base}/${product}`);

class Rewriting extends RequestClient {
  request(options) {
    const url = new URL(options.uri);
    if (!url.hostname.endsWith('.twilio.com')) {
      seen.push(`${options.method.toUpperCase()} ${options.uri}`);
      return super.request(options);
    }
    const prefix = style === 'host' ? '' : `/${url.hostname.split('.')[0]}`;
    const headers = style === 'host' ? { ...options.headers, Host: url.hostname } : options.headers;
    const uri = `${base}${prefix}${url.pathname}${url.search}`;
    seen.push(`${options.method.toUpperCase()} ${uri}`);
    return super.request({ ...options, uri, headers });
  }
}

const connect = (user, password) => twilio(user, password, { accountSid: cfg.account_sid, httpClient: new Rewriting() });

const suite = new Suite(style === 'path' ? `rest-${library}` : `rest-${library}-${style}`, option('only'));
const hooks = await new WebhookDouble().start();
const ctx = {
  cfg, twilio, hooks, seen, library, home,
  client: connect(cfg.account_sid, cfg.auth_token),
  connect,
  evidence: () => seen.slice(-3),
};
await suite.lane([...chatSteps, ...peopleSteps, ...webhookSteps], ctx);
await suite.lane(flexSteps, ctx);
await suite.lane(studioSteps, ctx);
await suite.lane(proxySteps, ctx);
await suite.lane(styleSteps, ctx);
await hooks.stop();
process.exit(suite.finish() ? 0 : 1);
