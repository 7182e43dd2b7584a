import { bridgeUrl, channelSnippet, socketUrl } from "../start/snippets";
import { Snippet } from "../ui/Snippet";

/** The few lines of the customer's side that an app has to have. */
function customerCode(origin: string): string {
  return `import { Client } from "twilio-chat";

// Your back end: one request makes the channel, then an access token.
const { channel_sid } = await post("/demo/channel", { identity, friendly_name });
const { token } = await post("/demo/token", { identity });

// The one URL to change.
const client = new Client(token, {
  Twilsock: { uri: "${socketUrl(origin)}" },
});

client.on("stateChanged", async (state) => {
  if (state !== "initialized") return;
  const channel = await client.getChannelBySid(channel_sid);
  channel.on("messageAdded", (message) => show(message));
  await channel.sendMessage("Hello!");
});

client.on("tokenAboutToExpire", async () => {
  const { token } = await post("/demo/token", { identity });
  await client.updateToken(token);
});`;
}

/** The same of the agent's side. */
function agentCode(origin: string): string {
  return `import { Worker } from "twilio-taskrouter";

// One token for the worker and for the chat.
const { token } = await post("/demo/token", { identity: "agent", role: "agent" });

// The two URLs to change.
const worker = new Worker(token, {
  ebServer: "${bridgeUrl(origin)}",
  wsServer: "${bridgeUrl(origin, "ws")}",
});

worker.on("ready", () => {
  const activities = [...worker.activities.values()];
  activities.find(({ available }) => available).setAsCurrent();
});

worker.on("reservationCreated", async (reservation) => {
  const { name, channelSid } = reservation.task.attributes;
  show(name, reservation.task.queueName, reservation.timeout);

  reservation.on("accepted", async () => {
    // A place in the channel; then twilio-chat goes on as on the left.
    await fetch(\`${origin}/flex-api/v1/Channels/\${channelSid}/Roles/agent/Users\`, {
      method: "POST",
      headers: { Authorization: "Basic " + btoa("token:" + token) },
      body: new URLSearchParams({ Identity: "agent" }),
    });
  });

  await reservation.accept(); // or reject()
  // …
  await reservation.wrap(); // the customer's chat ends
  await reservation.complete();
});

worker.on("tokenExpired", async () => {
  const { token } = await post("/demo/token", { identity: "agent", role: "agent" });
  worker.updateToken(token);
});`;
}

export function CodePanel() {
  const { origin } = location;
  return (
    <section className="code" aria-labelledby="code-title">
      <h2 id="code-title">The lines that matter</h2>
      <p>Everything above rests on these. Copy them into your own app.</p>
      <div className="code-grid">
        <div>
          <Snippet
            title="The customer’s side"
            note="twilio-chat 6.0.0 from npm"
            code={customerCode(origin)}
          />
          <Snippet
            title="On your server"
            note="What the demo endpoint does for this page"
            code={channelSnippet(origin, null)}
          />
        </div>
        <Snippet title="The agent’s side" note="twilio-taskrouter 2.1.1 from npm" code={agentCode(origin)} />
      </div>
    </section>
  );
}
