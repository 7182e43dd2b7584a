/**
 * Who is signed in on this server's pages. The desktop keeps it in the browser under the same name and in the same form (Flex UI), so one
 * sign-in, and one sign-out, is for all pages.
 */

const KEY = "TWILIO_FLEX_SSO";
/** By which the sign-in page hands a token to a page of this server (internal/signin/rest). */
const HANDED = "parley_signed_in";
/** A token that ends sooner is renewed before it is used. */
const RENEW_MS = 5 * 60_000;

export interface SignedIn {
  token: string;
  identity: string;
  /** ISO 8601. */
  expiration: string;
  roles: string[];
}

export class SignIn {
  readonly #accountSid: string;
  readonly #listeners = new Set<() => void>();
  #now: SignedIn | null;
  #renewing: Promise<void> | null = null;

  /** Takes over what the sign-in page handed on, and what another page kept. */
  constructor(accountSid: string) {
    this.#accountSid = accountSid;
    const handed = takeHanded();
    if (handed) localStorage.setItem(KEY, JSON.stringify(handed));
    this.#now = handed ?? kept();
    addEventListener("storage", ({ key }) => {
      if (key === KEY || key === null) this.#set(kept());
    });
  }

  readonly getSnapshot = (): SignedIn | null => this.#now;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The token to send, renewed where it is about to end; null where nobody is signed in. */
  async token(): Promise<string | null> {
    const left = this.#now ? Date.parse(this.#now.expiration) - Date.now() : 0;
    if (this.#now && left < RENEW_MS) {
      this.#renewing ??= this.#renew().finally(() => {
        this.#renewing = null;
      });
      await this.#renewing;
    }
    return this.#now?.token ?? null;
  }

  /** Goes to the sign-in page, which leads back to here. */
  async begin(): Promise<void> {
    const answer = await post(`/preview/iam/Accounts/${this.#accountSid}/authenticate`, {
      products: ["flex"],
      resource: location.href,
    });
    const { location: to, message } = await answer.json();
    if (!answer.ok) throw new Error(message ?? `The server answered ${answer.status}.`);
    location.assign(to);
  }

  /** Ends the session at the server, too. */
  async end(): Promise<void> {
    const { token } = this.#now ?? {};
    this.forget();
    if (token) await post(`/iam/v1/Accounts/${this.#accountSid}/Tokens/revoke`, { token }).catch(() => {});
  }

  /** Drops a sign-in that the server does not take any more. */
  forget(): void {
    localStorage.removeItem(KEY);
    this.#set(null);
  }

  async #renew(): Promise<void> {
    const before = this.#now;
    if (!before) return;
    const answer = await post(`/iam/v1/Accounts/${this.#accountSid}/Tokens/refresh`, {
      token: before.token,
    }).catch(() => null);
    if (this.#now !== before || !answer) return;
    if (answer.status === 401) return this.forget();
    const fresh = answer.ok ? signedIn(await answer.json().catch(() => null)) : null;
    if (!fresh) return; // the old one is good until it ends
    localStorage.setItem(KEY, JSON.stringify(fresh));
    this.#set(fresh);
  }

  #set(now: SignedIn | null): void {
    this.#now = now;
    for (const listener of this.#listeners) listener();
  }
}

function post(path: string, body: object): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

function kept(): SignedIn | null {
  return parse(localStorage.getItem(KEY));
}

/** Takes the token out of the cookie in which it came. */
function takeHanded(): SignedIn | null {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(`${HANDED}=`));
  if (!cookie) return null;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing on plain http
  document.cookie = `${HANDED}=; Path=${location.pathname}; Max-Age=0`;
  try {
    const bytes = Uint8Array.from(atob(cookie.slice(HANDED.length + 1)), (c) => c.charCodeAt(0));
    return parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function parse(json: string | null): SignedIn | null {
  try {
    return signedIn(JSON.parse(json ?? "null"));
  } catch {
    return null;
  }
}

function signedIn(value: unknown): SignedIn | null {
  const { token, identity, expiration, roles } = (value ?? {}) as Partial<SignedIn>;
  if (typeof token !== "string" || typeof expiration !== "string") return null;
  return { token, identity: identity ?? "", expiration, roles: Array.isArray(roles) ? roles : [] };
}
