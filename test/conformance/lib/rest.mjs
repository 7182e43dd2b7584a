// A bare REST client for setting things up and for playing the back end's part; the helper libraries have their own suite.

export class RestError extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path} answered ${status}`);
    Object.assign(this, { status, body, code: body?.code });
  }
}

export class Rest {
  #base; #auth;

  constructor(cfg, user = cfg.account_sid, password = cfg.auth_token) {
    this.#base = cfg.base_url.replace(/\/$/, '');
    this.#auth = 'Basic ' + Buffer.from(`${user}:${password}`).toString('base64');
  }

  /** form: object; an array value is a repeated key. Resolves with the parsed body, or null without one. */
  async call(method, path, form, headers = {}) {
    const body = new URLSearchParams();
    for (const [key, value] of Object.entries(form ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) body.append(key, String(one));
    }
    const res = await fetch(this.#base + path, {
      method,
      headers: { Authorization: this.#auth, ...headers },
      body: method === 'POST' ? body : undefined,
    });
    const text = await res.text();
    const parsed = text ? JSON.parse(text) : null;
    if (!res.ok) throw new RestError(method, path, res.status, parsed ?? text);
    return parsed;
  }

  get(path) { return this.call('GET', path); }
  post(path, form, headers) { return this.call('POST', path, form, headers); }
  delete(path) { return this.call('DELETE', path); }
}

/** The same for one chat service: paths are relative to /chat/v2/Services/{sid}. */
export class ChatService {
  constructor(rest, sid) { this.rest = rest; this.sid = sid; this.path = `/chat/v2/Services/${sid}`; }
  get(path) { return this.rest.get(this.path + path); }
  post(path, form, headers) { return this.rest.post(this.path + path, form, headers); }
  delete(path) { return this.rest.delete(this.path + path); }

  /** A channel with these members. */
  async channel(form, ...identities) {
    const channel = await this.post('/Channels', form);
    for (const Identity of identities) await this.post(`/Channels/${channel.sid}/Members`, { Identity });
    return channel;
  }

  say(channelSid, From, Body, more = {}) { return this.post(`/Channels/${channelSid}/Messages`, { From, Body, ...more }); }
}
