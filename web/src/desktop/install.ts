// Leads a page's requests to the vendor's addresses to a Parley server instead. The bundle stays as published: only what it calls in the
// browser is wrapped, so this has to run before the bundle does.

import { hurryPlugins } from "./plugins";
import { redirect } from "./redirect";

/** Answers where a URL goes instead, or undefined where it stays. */
type Route = (url: string) => string | undefined;

/** The server that this page's requests go to; a page has one. */
let target: string | undefined;

/** Wraps, once, what Flex UI makes requests with; a later call only changes the server. */
export function install(base: string): void {
  const installed = target !== undefined;
  target = base;
  if (installed) return;
  const route: Route = (url) => redirect(url, target ?? base);
  wrapFetch(route);
  wrapRequests(route);
  window.WebSocket = withFirstUrl(WebSocket, route);
  window.Audio = withFirstUrl(Audio, route);
  wrapSetter(HTMLMediaElement.prototype, "src", route);
  wrapLinks(route);
  dropImports();
  hurryPlugins();
}

/** Wraps style sheets alone. */
export function wrapLinks(route: Route): void {
  wrapSetter(HTMLLinkElement.prototype, "href", route);
}

/** Part of the bundle, a player for recordings, writes a style element that begins by importing a foreign font. */
function dropImports(): void {
  const plain = Document.prototype.createTextNode;
  Document.prototype.createTextNode = function (text) {
    return plain.call(this, String(text).startsWith("@import url(https:") ? "" : text);
  };
}

function wrapFetch(route: Route): void {
  const plain = window.fetch;
  window.fetch = (input, init) => {
    const url = route(input instanceof Request ? input.url : String(input));
    if (url === undefined) return plain(input, init);
    return plain(input instanceof Request ? new Request(url, input) : url, init);
  };
}

/** Wraps XMLHttpRequest alone. */
export function wrapRequests(route: Route): void {
  const plain = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method: string, url: string | URL, ...rest: unknown[]) {
    Reflect.apply(plain, this, [method, route(String(url)) ?? url, ...rest]);
  };
}

/** A constructor whose first argument is a URL. A Proxy keeps its constants, its prototype and instanceof as they are. */
function withFirstUrl<T extends new (...args: never[]) => object>(plain: T, route: Route): T {
  return new Proxy(plain, {
    construct(made, [url, ...rest]: unknown[], as) {
      const args = url === undefined ? [] : [route(String(url)) ?? url, ...rest];
      return Reflect.construct(made, args, as);
    },
  });
}

function wrapSetter<T extends object>(prototype: T, name: keyof T & string, route: Route): void {
  const plain = Object.getOwnPropertyDescriptor(prototype, name);
  const set = plain?.set;
  if (!set) return;
  Object.defineProperty(prototype, name, {
    ...plain,
    set(value: unknown) {
      set.call(this, route(String(value)) ?? value);
    },
  });
}
