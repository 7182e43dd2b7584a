/** The demo endpoints of this server, which do what an app's own back end would do for its pages, and the one call beside the SDKs. */

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

/** Asks Flex for a place in the channel of an accepted task, as the desktop does (flex-ui-protocol §5.5). */
export async function joinChannel(channelSid: string, identity: string, token: string): Promise<void> {
  const path = `/flex-api/v1/Channels/${encodeURIComponent(channelSid)}/Roles/agent/Users`;
  try {
    await request(path, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`token:${token}`)}` },
      body: new URLSearchParams({ Identity: identity }),
    });
  } catch (error) {
    const member = error instanceof DemoError && error.status === 409; // already in it, as after a reload
    if (!member) throw error;
  }
}

export function fetchCredentials(): Promise<Credentials> {
  return call<Credentials>("GET", "/demo/credentials");
}

function call<T>(method: string, path: string, body?: object): Promise<T> {
  if (!body) return request(path, { method });
  return request(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { cache: "no-store", ...init });
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
