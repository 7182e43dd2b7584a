// Which of the hosted product's addresses become which of ours. Flex UI takes most of its addresses from its configuration; these it
// does not (docs/desktop.md lists them).

/** What the vendor's own file servers had: here it is ours, or empty (flags and countries are for dialling). */
const files: [RegExp, string][] = [
  [/^https:\/\/media\.twiliocdn\.com\/.*\/incoming\.(?:mp3|wav)/, "/desktop/incoming.wav"],
  [/^https:\/\/fonts\.googleapis\.com\/css\?family=Open\+Sans/, "/desktop/fonts.css"],
  [/^https:\/\/assets\.flex\.twilio\.com\/assets\/fonts\//, "/desktop/fonts.css"],
  [/^https:\/\/assets\.flex\.twilio\.com\/assets\/countries\.json/, "/desktop/countries.json"],
  [/^https:\/\/assets\.flex\.twilio\.com\/assets\/flagPositions\.json/, "/desktop/flags.json"],
  [/^https:\/\/status\.twilio\.com\//, "/desktop/status.json"],
];

/** https://{product}[.region].twilio.com/{path} is {base}/{product}/{path}; sockets likewise. */
const product = /^(https|wss):\/\/([a-z-]+)(?:\.[a-z0-9-]+)*\.twilio\.com(\/.*)?$/;

/** The chat SDK puts its media service's name, always with https, before the address that the server gave it. */
const media = /^https:\/\/mcs(?:\.[a-z0-9-]+)*\.twilio\.com@([^/]+)(\/.*)$/;

/** Answers where a request for media of the server goes instead: to the origin of the page's other requests, TLS or not. */
export function redirectMedia(url: string, base: string): string | undefined {
  const [, host, path] = media.exec(url) ?? [];
  return host && new URL(`https://${host}`).hostname === new URL(base).hostname ? base + path : undefined;
}

/**
 * Answers where a request goes instead, or undefined where it stays as it is.
 * @param base origin of the Parley server, without a slash at its end
 */
export function redirect(url: string, base: string): string | undefined {
  const file = files.find(([pattern]) => pattern.test(url));
  if (file) return base + file[1];
  const parts = product.exec(url);
  if (!parts) return redirectMedia(url, base);
  const [, scheme, name, path = "/"] = parts;
  return `${scheme === "wss" ? socketBase(base) : base}/${name}${path}`;
}

/** The origin for sockets: ws: for http:, wss: for https:. */
export function socketBase(base: string): string {
  return base.replace(/^http/, "ws");
}
