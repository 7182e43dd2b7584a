// Hands a chat over to another agent or a queue. Flex UI 1.x has the directory and the worker SDK has the command, but its own action
// wants a telephone conference; this plugin puts the two together for chats.

import type {
  FlexManager,
  FlexTask,
  FlexTransfer,
  FlexUI,
  TaskProps,
  TransferPayload,
} from "../../src/desktop/flex";

const texts = {
  ParleyTransferOffered: "The chat is offered to {{name}}. It stays yours until somebody takes it.",
  ParleyTransferDone: "The chat was taken over.",
  ParleyTransferFailed: "Nobody took the chat over. It is still yours.",
  ParleyTransferRefused: "The chat cannot be handed over: {{reason}}",
};

class TransferPlugin {
  init(flex: FlexUI, manager: FlexManager): void {
    Object.assign(manager.strings, texts);
    registerNotices(flex);
    addButtons(flex);
    flex.Actions.replaceAction("TransferTask", (payload, original) =>
      flex.TaskHelper.isChatBasedTask(payload.task) ? transfer(flex, payload) : original(payload),
    );
    keepChatsOpen(flex);
  }
}

/** What the worker SDK rejects with; the server's own words are in it where it answered. */
interface SdkError {
  message: string;
  response?: { data?: { message?: string } };
}

/** Offers the task, tells how it went, and fails as the action would. */
async function transfer(flex: FlexUI, { task, targetSid }: TransferPayload): Promise<void> {
  const tell = (id: keyof typeof texts, context?: object) => flex.Notifications.showNotification(id, context);
  try {
    await task.source.transfer(targetSid, { mode: "COLD" }); // Flex UI's own way would look after a conference first
  } catch (error) {
    const { response, message } = error as SdkError;
    tell("ParleyTransferRefused", { reason: response?.data?.message ?? message });
    throw error;
  }
  // The answer has made the transfer's object. The event of its beginning may be told half a second later, when its end was told already.
  const { outgoing } = task.source.transfers;
  outgoing?.on("completed", () => tell("ParleyTransferDone"));
  outgoing?.on("failed", () => tell("ParleyTransferFailed"));
  tell("ParleyTransferOffered", { name: targetSid.startsWith("WQ") ? "the queue" : "the agent" });
}

function registerNotices(flex: FlexUI): void {
  const { success, information, warning, error } = flex.NotificationType;
  const kinds = {
    ParleyTransferOffered: information,
    ParleyTransferDone: success,
    ParleyTransferFailed: warning,
    ParleyTransferRefused: error,
  };
  for (const [id, type] of Object.entries(kinds))
    flex.Notifications.registerNotification({ id, content: id, type, timeout: 6000 });
}

/** In the header of an accepted chat: transfer, or while one is under way, take it back. */
function addButtons(flex: FlexUI): void {
  const react = window.React;
  if (!react) return;

  // The bundle's React is 16.5, which has no hooks.
  class Transfer extends react.Component<TaskProps> {
    #shown?: FlexTask["source"];
    readonly #update = () => this.forceUpdate();
    readonly #follow = (outgoing: FlexTransfer) => {
      for (const end of ["completed", "failed", "canceled"] as const) outgoing.on(end, this.#update);
      this.forceUpdate();
    };

    override componentDidMount() {
      this.#watch(this.props.task?.source);
    }

    override componentDidUpdate() {
      this.#watch(this.props.task?.source);
    }

    override componentWillUnmount() {
      this.#watch(undefined);
    }

    /** Another task may be shown in the same place. */
    #watch(source?: FlexTask["source"]) {
      if (source === this.#shown) return;
      this.#shown?.removeListener("transferInitiated", this.#follow);
      this.#shown = source;
      source?.on("transferInitiated", this.#follow);
      if (source?.transfers.outgoing) this.#follow(source.transfers.outgoing);
    }

    override render() {
      const { task } = this.props;
      if (!task) return null;
      const { outgoing } = task.source.transfers;
      const underWay = outgoing?.status === "initiated";
      const onClick = () => {
        const done = underWay ? outgoing.cancel() : flex.Actions.invokeAction("ShowDirectory", { task });
        done.catch(() => {}); // a transfer that cannot be taken back has just ended, and that is told
      };
      const name = underWay ? "Cancel transfer" : "Transfer";
      return react?.createElement(
        flex.Button,
        { roundCorners: true, className: "Parley-Transfer", onClick },
        name,
      );
    }
  }

  const mine = ({ task }: TaskProps) =>
    task !== undefined && task.status === "accepted" && flex.TaskHelper.isChatBasedTask(task);
  flex.TaskCanvasHeader.Content.add(react.createElement(Transfer, { key: "parley-transfer" }), {
    sortOrder: 1,
    if: mine,
  });
}

/**
 * Flex UI closes a chat when a reservation of it is completed. After a transfer the chat goes on with somebody else: then its task is
 * still assigned, and the agent only leaves.
 */
function keepChatsOpen(flex: FlexUI): void {
  const others = (task: FlexTask) => task.taskStatus === "assigned" || task.taskStatus === "reserved";
  flex.ChatOrchestrator.setOrchestrations("completed", (task) =>
    others(task) ? ["LeaveChatChannel"] : ["DeactivateChatChannel", "LeaveChatChannel"],
  );
}

window.Twilio?.Flex?.Plugins.init(TransferPlugin);
