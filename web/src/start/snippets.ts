import type { Credentials } from "../lib/demo";

/** What stands in a snippet where the page does not know the value. */
const unknown = {
  account_sid: "$ACCOUNT_SID",
  auth_token: "$AUTH_TOKEN",
  flex_flow_sid: "$FLEX_FLOW_SID",
};

/** The socket's address on this origin. */
export function socketUrl(origin: string): string {
  return `${origin.replace(/^http/, "ws")}/tsock/v3/wsconnect`;
}

/** The event bridge's address on this origin: for requests, and with "ws" for its socket. */
export function bridgeUrl(origin: string, scheme: "http" | "ws" = "http"): string {
  return `${origin.replace(/^http/, scheme)}/event-bridge/v1/wschannels`;
}

export function sdkSnippet(origin: string): string {
  return `import { Client } from "twilio-chat";

const client = await Client.create(token, {
  Twilsock: { uri: "${socketUrl(origin)}" },
});

// For agents:
import { Worker } from "twilio-taskrouter";

const worker = new Worker(workerToken, {
  ebServer: "${bridgeUrl(origin)}",
  wsServer: "${bridgeUrl(origin, "ws")}",
});`;
}

export function channelSnippet(origin: string, known: Credentials | null): string {
  const value = { ...unknown, ...known };
  return `curl -X POST "${origin}/flex-api/v1/Channels" \\
  -u "${value.account_sid}:${value.auth_token}" \\
  --data-urlencode "FlexFlowSid=${value.flex_flow_sid}" \\
  --data-urlencode "Identity=alice" \\
  --data-urlencode "ChatUserFriendlyName=Alice" \\
  --data-urlencode "ChatFriendlyName=Chat with Alice"`;
}

export const tokenSnippet = "bin/parley token --identity alice --data ./data";
