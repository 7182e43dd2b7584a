// A browser of a few lines: cookies, redirects, and the address where it ends up.
export class Browser {
  #jar = new Map(); // by origin and name; a path is a prefix

  #cookies(url) {
    return [...this.#jar.values()].filter((c) => c.origin === url.origin && url.pathname.startsWith(c.path)).map((c) => `${c.name}=${c.value}`).join('; ');
  }

  #keep(url, header) {
    const [pair, ...attributes] = header.split(';').map((part) => part.trim());
    const at = pair.indexOf('=');
    const attribute = (name) => attributes.find((a) => a.toLowerCase().startsWith(name + '='))?.slice(name.length + 1);
    const cookie = { origin: url.origin, name: pair.slice(0, at), value: pair.slice(at + 1), path: attribute('path') ?? '/', attributes };
    const ended = attribute('max-age') === '0' || Number(attribute('max-age')) < 0 || Date.parse(attribute('expires')) < Date.now();
    const key = `${cookie.origin} ${cookie.name} ${cookie.path}`;
    if (ended) this.#jar.delete(key);
    else this.#jar.set(key, cookie);
  }

  /** The cookies that an origin has set. */
  cookies(origin) { return [...this.#jar.values()].filter((c) => c.origin === origin); }

  /** Goes to an address and follows on until stop says that this is the place, or a page comes. Answers {url, status, text}. */
  async open(address, stop = () => false) {
    let url = new URL(address);
    for (let hop = 0; hop < 20; hop++) {
      if (stop(url)) return { url, status: 0, text: '' };
      const response = await fetch(url, { redirect: 'manual', headers: { cookie: this.#cookies(url) } });
      for (const header of response.headers.getSetCookie()) this.#keep(url, header);
      const next = response.headers.get('location');
      if (!next) return { url, status: response.status, text: await response.text() };
      await response.body?.cancel();
      url = new URL(next, url);
    }
    throw new Error(`no end of redirects at ${url.origin}${url.pathname}`);
  }
}
