import { describe, expect, it, vi } from "vitest";
import { attendBeginnings, type Bundle } from "../src/webchat/engagement";

type Begin = Parameters<Parameters<Bundle["Actions"]["replaceAction"]>[1]>[1];
type Attend = Parameters<Bundle["Actions"]["replaceAction"]>[1];

/** A widget whose chats begin as told; answers its action, and what was done by it. */
function widget(form = true) {
  let attend: Attend | undefined;
  const invokeAction = vi.fn(async () => {});
  const showNotification = vi.fn();
  const bundle: Bundle = {
    renderWebChat: async () => {},
    Actions: {
      invokeAction,
      replaceAction: (_, act) => {
        attend = act;
      },
    },
    Notifications: { registerNotification: vi.fn(), showNotification },
  };
  attendBeginnings(bundle, form);
  const begin = async (question: string | undefined, original: Begin) =>
    attend?.({ formData: { question } }, original);
  return { begin, invokeAction, showNotification };
}

const begun = async () => "CH1";
const refused = (status?: number) => () =>
  Promise.reject(Object.assign(new Error("refused"), status && { response: { status } }));

describe("the beginning of a chat", () => {
  it.each([
    ["  Where is my parcel?\n", "Where is my parcel?"],
    ["<b>", "<b>"],
  ])("says the question %j in it", async (question, body) => {
    const { begin, invokeAction, showNotification } = widget();
    await begin(question, begun);
    expect(invokeAction).toHaveBeenCalledExactlyOnceWith("SendMessage", { channelSid: "CH1", body });
    expect(showNotification).not.toHaveBeenCalled();
  });

  it.each([[undefined], [""], ["  "]])("says nothing for the question %j", async (question) => {
    const { begin, invokeAction } = widget();
    await begin(question, begun);
    expect(invokeAction).not.toHaveBeenCalled();
  });

  it.each([
    [true, 429, "ParleyBusy"],
    [true, 403, "ParleyRefused"],
    [false, undefined, "ParleyRefused"],
  ])("is told to be refused (form: %s, status %s)", async (form, status, notice) => {
    const { begin, invokeAction, showNotification } = widget(form);
    await begin("Hello", refused(status));
    expect(invokeAction.mock.calls).toEqual(form ? [["RestartEngagement"]] : []);
    expect(showNotification).toHaveBeenCalledExactlyOnceWith(notice);
  });
});
