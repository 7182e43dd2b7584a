import { channelSnippet, socketUrl } from "../start/snippets";
import { Snippet } from "../ui/Snippet";

/** The few lines of this page that an app has to have. */
function browserCode(origin: string): string {
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

export function CodePanel() {
  const { origin } = location;
  return (
    <section className="code" aria-labelledby="code-title">
      <h2 id="code-title">The lines that matter</h2>
      <p>Everything above rests on these. Copy them into your own app.</p>
      <div className="code-grid">
        <Snippet title="In the browser" note="twilio-chat 6.0.0 from npm" code={browserCode(origin)} />
        <Snippet
          title="On your server"
          note="What the demo endpoint does for this page"
          code={channelSnippet(origin, null)}
        />
      </div>
    </section>
  );
}
