// What the widget itself leaves out when a visitor begins a chat: the question of its form is said in the chat, and where the server lets
// no chat begin, the visitor is told. The widget would keep the question to itself, and wait for ever.

/** The parts of the widget's bundle that are used here. */
export interface Bundle {
  renderWebChat(config: object): Promise<unknown>;
  Actions: {
    invokeAction(name: string, payload?: object): Promise<unknown>;
    replaceAction(name: string, act: (payload: Engagement, original: Begin) => Promise<void>): void;
  };
  Notifications: {
    registerNotification(notification: { id: string; content: string; type: string; timeout: number }): void;
    showNotification(id: string): void;
  };
}

/** What the form asked; undefined where there is none. */
interface Engagement {
  formData?: { question?: string };
}

/** Answers the SID of the chat's channel. */
type Begin = (payload: Engagement) => Promise<unknown>;

const notices = {
  ParleyBusy: "Too many chats are beginning at the moment. Please try again in a minute.",
  ParleyRefused: "The chat could not begin. Please try again in a moment.",
};

/** Looks after the beginning of each chat. `form` says whether the widget has a form to go back to. */
export function attendBeginnings({ Actions, Notifications }: Bundle, form: boolean): void {
  for (const [id, content] of Object.entries(notices))
    Notifications.registerNotification({ id, content, type: "error", timeout: 0 });
  Actions.replaceAction("StartEngagement", async (payload, original) => {
    let channelSid: unknown;
    try {
      channelSid = await original(payload);
    } catch (error) {
      const { response } = error as { response?: { status: number } };
      if (form) await Actions.invokeAction("RestartEngagement");
      Notifications.showNotification(response?.status === 429 ? "ParleyBusy" : "ParleyRefused");
      return;
    }
    const body = payload.formData?.question?.trim();
    // Where it cannot be sent, the widget puts it back into the field and says so.
    if (body) await Actions.invokeAction("SendMessage", { channelSid, body }).catch(console.error);
  });
}
