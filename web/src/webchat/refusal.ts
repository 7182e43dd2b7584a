// What the visitor is told when the server lets no chat begin. The widget itself would wait for ever.

/** The parts of the widget's bundle that are used here. */
export interface Bundle {
  renderWebChat(config: object): Promise<unknown>;
  Actions: {
    invokeAction(name: string): Promise<unknown>;
    replaceAction(name: string, act: (payload: unknown, original: Act) => Promise<void>): void;
  };
  Notifications: {
    registerNotification(notification: { id: string; content: string; type: string; timeout: number }): void;
    showNotification(id: string): void;
  };
}

type Act = (payload: unknown) => Promise<unknown>;

const notices = {
  ParleyBusy: "Too many chats are beginning at the moment. Please try again in a minute.",
  ParleyRefused: "The chat could not begin. Please try again in a moment.",
};

/** Has the widget tell why no chat began, and go back to its form where it has one. */
export function tellRefusals({ Actions, Notifications }: Bundle, form: boolean): void {
  for (const [id, content] of Object.entries(notices))
    Notifications.registerNotification({ id, content, type: "error", timeout: 0 });
  Actions.replaceAction("StartEngagement", async (payload, original) => {
    try {
      await original(payload);
    } catch (error) {
      const { response } = error as { response?: { status: number } };
      if (form) await Actions.invokeAction("RestartEngagement");
      Notifications.showNotification(response?.status === 429 ? "ParleyBusy" : "ParleyRefused");
    }
  });
}
