import assert from "node:assert/strict";
import { DesktopPage } from "../lib/desktop.mjs";
import { png } from "../lib/files.mjs";
import { Transport } from "../lib/transport.mjs";
import { eventually } from "../lib/visit.mjs";

const ours = "+14155550100";
const theirs = "+14155550123";
const photo = { name: "parcel.png", mimeType: "image/png", buffer: png(64, 48) };

/** The flow that answers texts to our number with a task, which an earlier run may have left. */
async function answerTexts(server) {
  const { flex_flows } = await server.rest("GET", "/flex-api/v1/FlexFlows");
  if (flex_flows.some(({ contact_identity }) => contact_identity === ours)) return;
  const { chat_service_sid, workspace_sid, workflow_sid } = await server.known();
  await server.rest("POST", "/flex-api/v1/FlexFlows", {
    FriendlyName: "Texts",
    ChatServiceSid: chat_service_sid,
    ChannelType: "sms",
    ContactIdentity: ours,
    Enabled: true,
    JanitorEnabled: true,
    IntegrationType: "task",
    "Integration.WorkspaceSid": workspace_sid,
    "Integration.WorkflowSid": workflow_sid,
    "Integration.Channel": "chat",
  });
}

/** For a server of its own, whose texts go out by server.options.transportPort. */
export const texts = {
  async "texts: somebody's text becomes a chat of the desktop, and the agent's answers go out as texts"(visit) {
    const { server } = visit;
    const transport = await Transport.listen(server.options.transportPort);
    try {
      await answerTexts(server);
      const desk = await new DesktopPage(visit).signIn();
      await desk.activity("Available");
      await transport.bring(server, theirs, ours, { text: "Where is my parcel?" });
      await desk.task(theirs).waitFor();
      await desk.accept();
      await desk.hears("Where is my parcel?");
      await desk.say("Let me look.");
      const answer = await transport.out(1);
      assert.deepEqual([answer.From, answer.To, answer.Body], [ours, theirs, "Let me look."]);

      await transport.bring(server, theirs, ours, { file: photo });
      await desk.receives(photo);
      await desk.attach(photo);
      const media = await transport.out(2);
      assert.equal(media.NumMedia, "1");
      const file = await fetch(media.MediaUrl0);
      assert.ok(photo.buffer.equals(Buffer.from(await file.arrayBuffer())), "the bytes of what the agent sent");

      const { proxy_service_sid } = await server.known();
      const states = async () => {
        const { sessions } = await server.rest("GET", `/proxy/v1/Services/${proxy_service_sid}/Sessions`);
        return sessions.map(({ status }) => status);
      };
      assert.deepEqual(await states(), ["in-progress"]);
      await desk.endChat();
      await desk.complete();
      await eventually(states, (all) => !all.includes("in-progress"), "the session's end");

      await transport.bring(server, theirs, ours, { text: "One more thing" });
      await desk.accept();
      await desk.hears("One more thing");
      assert.ok(!(await desk.texts()).includes("Let me look."), "the former chat is over");
      await desk.say("Yes?");
      assert.equal((await transport.out(3)).Body, "Yes?");
    } finally {
      await transport.close();
    }
  },
};
