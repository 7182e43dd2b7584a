import { socketBase } from "../desktop/redirect";

export interface WidgetOptions {
  /** Origin of the Parley server. */
  base: string;
  accountSid: string;
  /** A Flex Flow of ChannelType web. */
  flexFlowSid: string;
  /** Ask for name and question first. */
  form: boolean;
  attachments: boolean;
}

const preEngagementConfig = {
  description: "Tell us who you are, and how we can help.",
  fields: [
    {
      label: "Your name",
      type: "InputItem",
      attributes: { name: "friendlyName", type: "text", placeholder: "Name", required: true, value: "" },
    },
    {
      label: "Your question",
      type: "TextareaItem",
      attributes: {
        name: "question",
        type: "text",
        placeholder: "How can we help?",
        required: false,
        rows: 4,
      },
    },
  ],
  submitLabel: "Start chat",
};

/** The widget's configuration for a Parley server. */
export function widgetConfig({ base, accountSid, flexFlowSid, form, attachments }: WidgetOptions) {
  return {
    accountSid,
    flexFlowSid,
    tokenServerUrl: `${base}/iam/v1/Accounts/{accountSid}/Tokens`,
    flexWebChannelsUrl: `${base}/flex-api/v1/WebChannels`,
    sdkOptions: { chat: { twilsock: { uri: `${socketBase(base)}/tsock/v3/wsconnect` } } },
    fileAttachment: { enabled: attachments },
    ...(form ? { startEngagementOnInit: false, preEngagementConfig } : {}),
  };
}
