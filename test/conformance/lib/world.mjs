// What the steps of one SDK version share: the chat service they own, clients by identity, and things made by earlier steps.
import { ChatService } from './rest.mjs';
import { libraryToken, handToken } from './tokens.mjs';
import { Proxy } from './proxy.mjs';

const SHOWN_FRAMES = 60;

export class World {
  #made = new Map(); #clients = []; #proxies = []; #tracing;

  /** With trace, every client goes through a recording proxy, and a failed step shows its last frames. */
  constructor({ cfg, sdk, rest, serviceSid, trace }) {
    this.#tracing = trace;
    Object.assign(this, { cfg, sdk, rest, service: new ChatService(rest, serviceSid) });
    this.serverUri = cfg.base_url.replace(/^http/, 'ws').replace(/\/$/, '') + '/tsock/v3/wsconnect';
  }

  /** Remembers what later steps need. */
  put(name, value) { this.#made.set(name, value); return value; }

  has(name) { return this.#made.has(name); }

  /** What an earlier step made; a clear error if that step failed. */
  get(name) {
    if (!this.#made.has(name)) throw new Error(`blocked: no "${name}", the step that makes it failed`);
    return this.#made.get(name);
  }

  token(identity, ttl = 3600) {
    return libraryToken(this.cfg, { identity, serviceSid: this.service.sid, ttl, library: this.sdk.helperLibrary });
  }

  /** A token with any lifetime and any field, see lib/tokens.mjs. */
  handToken(identity, more = {}) { return handToken(this.cfg, { identity, serviceSid: this.service.sid, ...more }); }

  /** A connected client that has read its channels, so that nothing of its start is in flight; options: {token, uri, sdkOptions}. */
  async connect(identity, { token = this.token(identity), uri, sdkOptions } = {}) {
    const client = await this.sdk.connect(token, uri ?? (await this.#uri()), sdkOptions);
    this.#clients.push(client);
    await client.getSubscribedChannels();
    return client;
  }

  async #uri() { return this.#tracing ? (await this.proxy()).uri : this.serverUri; }

  async proxy() {
    const proxy = await new Proxy(this.serverUri).start();
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A channel of the service with these members, made by REST, and each member's client-side view of it. */
  async room(form, clients) {
    const identities = Object.keys(clients);
    const channel = await this.service.channel(form, ...identities);
    const views = {};
    for (const identity of identities) views[identity] = await clients[identity].getChannelBySid(channel.sid);
    return { sid: channel.sid, ...views };
  }

  /** The frames that the recorded connections carried since then (ms), shortened for people. */
  evidence(since) {
    if (!this.#tracing) return [];
    const frames = this.#proxies.flatMap((p, i) => p.frames.filter((f) => f.t >= since).map((f) => ({ i, ...f })));
    return frames.sort((a, b) => a.t - b.t).slice(-SHOWN_FRAMES).map((f) => {
      const { header: h } = f;
      const request = h.http_request ? ` ${h.http_request.method} ${h.http_request.path}` : '';
      const status = h.http_status ? ` http ${h.http_status.code}` : h.status ? ` ${h.status.code}` : '';
      return `+${f.t - since}ms #${f.i} ${f.dir} ${h.method}${request}${status} ${JSON.stringify(f.payload ?? '').slice(0, 300)}`;
    });
  }

  async close() {
    await Promise.allSettled(this.#clients.map((c) => Promise.race([c.shutdown(), new Promise((r) => setTimeout(r, 2000))])));
    await Promise.allSettled(this.#proxies.map((p) => p.stop()));
  }
}
