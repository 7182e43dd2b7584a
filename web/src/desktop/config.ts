import { socketBase } from "./redirect";

export interface DesktopOptions {
  /** Origin of the Parley server, as https://parley.example.com. */
  base: string;
  /** Without it, Flex UI asks the person for the runtime domain. */
  accountSid?: string;
}

/** Flex UI's configuration for a Parley server: every address that can be configured. */
export function desktopConfig({ base, accountSid }: DesktopOptions) {
  const socket = socketBase(base);
  const twilsock = { twilsock: { uri: `${socket}/tsock/v3/wsconnect` } };
  return {
    sso: {
      ...(accountSid && { accountSid }),
      loginPopup: false,
      loginUrl: `${base}/preview/iam/Accounts/{accountSid}/authenticate`,
    },
    flexServiceUrl: `${base}/preview/Flex`,
    chatOrchestrationServiceUrl: `${base}/flex-api/v1/Channels`,
    taskRouterUrl: `${base}/taskrouter`,
    twilioDebuggerUrl: `${base}/flex/logs/batch`,
    pluginService: { enabled: true, url: `${base}/flex/plugins` },
    disableBrowserVoice: true, // Parley routes chats; without this, Flex UI looks for a telephone
    disableTelemetry: true,
    warmTransfers: { enabled: false }, // a chat is handed over; two agents in one is a conference call's idea
    sdkOptions: {
      worker: {
        ebServer: `${base}/event-bridge/v1/wschannels`,
        wsServer: `${socket}/event-bridge/v1/wschannels`,
      },
      chat: twilsock,
      insights: twilsock,
    },
  };
}

export type DesktopConfig = ReturnType<typeof desktopConfig>;
