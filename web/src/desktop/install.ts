// Leads a page's requests to the vendor's addresses to a Parley server instead. The bundle stays as published: only what it calls in the
// browser is wrapped, so this has to run before the bundle does.

import { redirect } from "./redirect";

/** The server that this page's requests go to; a page has one. */
let target: string | undefined;

/** Wraps, once, what Flex UI makes requests with; a later call only changes the server. */
export function install(base: string): void {
  const installed = target !== undefined;
  target = base;
  if (installed) return;
  const to = (url: string | URL): string => redirect(String(url), target ?? base) ?? String(url);

  const plainFetch = window.fetch;
  window.fetch = (input, init) =>
    input instanceof Request
      ? plainFetch(redirect(input.url, target ?? base) ? new Request(to(input.url), input) : input, init)
      : plainFetch(to(input), init);

  const plainOpen = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, method: string, url: string | URL, ...rest: unknown[]) {
    return Reflect.apply(plainOpen, this, [method, to(url), ...rest]);
  };

  // A Proxy keeps the constants, the prototype and instanceof as they are.
  const firstUrl = <T extends new (...args: never[]) => object>(plain: T): T =>
    new Proxy(plain, {
      construct: (made, args: unknown[], as) =>
        Reflect.construct(made, args.length > 0 ? [to(String(args[0])), ...args.slice(1)] : args, as),
    });
  window.WebSocket = firstUrl(WebSocket);
  window.Audio = firstUrl(Audio);

  wrapSetter(HTMLMediaElement.prototype, "src", to);
  wrapSetter(HTMLLinkElement.prototype, "href", to);
}

function wrapSetter<T extends object>(prototype: T, name: keyof T & string, to: (url: string) => string): void {
  const plain = Object.getOwnPropertyDescriptor(prototype, name);
  if (!plain?.set) return;
  const { set } = plain;
  Object.defineProperty(prototype, name, {
    ...plain,
    set(value: unknown) {
      set.call(this, to(String(value)));
    },
  });
}
