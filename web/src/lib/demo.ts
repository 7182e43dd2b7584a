/** The demo endpoints of this server: what an app's own back end would do for its pages. */

/** False where the server runs without demo mode, so that no page asks in vain. */
export const demoMode = document.documentElement.dataset.demo !== "off";

export interface DemoToken {
  identity: string;
  token: string;
  chat_service_sid: string;
  flex_flow_sid: string;
  expires_at: string;
}

/** The keys of `parley credentials --json`. */
export type Credentials = Record<string, string>;

/** A refusal by the server, or status 0 where no answer came. */
export class DemoError extends Error {
  override name = "DemoError";
  constructor(
    message: string,
    readonly status: number,
    readonly code: number,
  ) {
    super(message);
  }
}

export async function fetchToken(identity: string, role?: "agent"): Promise<string> {
  const answer = await call<DemoToken>("POST", "/demo/token", role ? { identity, role } : { identity });
  return answer.token;
}

/** Makes the conversation by one request to flex-api/v1/Channels, which the server sends with its own key. */
export async function createChannel(identity: string, friendlyName: string): Promise<string> {
  const answer = await call<{ channel_sid: string }>("POST", "/demo/channel", {
    identity,
    friendly_name: friendlyName,
  });
  return answer.channel_sid;
}

export async function addAgent(channelSid: string): Promise<void> {
  await call("POST", `/demo/channel/${encodeURIComponent(channelSid)}/agent`, {});
}

export function fetchCredentials(): Promise<Credentials> {
  return call<Credentials>("GET", "/demo/credentials");
}

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const init: RequestInit = { method, headers: { Accept: "application/json" }, cache: "no-store" };
  if (body) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new DemoError("The server cannot be reached.", 0, 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    const message = answer?.message ?? `The server answered ${response.status}.`;
    throw new DemoError(message, response.status, answer?.code ?? 0);
  }
  return answer as T;
}
