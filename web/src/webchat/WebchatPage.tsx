import { demoMode } from "../lib/demo";
import { Icon } from "../ui/Icon";
import { Snippet } from "../ui/Snippet";

interface Props {
  account: string;
  flow: string;
}

export function WebchatPage({ account, flow }: Props) {
  const { origin } = location;
  return (
    <>
      <section className="intro">
        <h1>The chat widget</h1>
        <p>
          You are the visitor here. Open the chat at the bottom right, say who you are, and write: it becomes
          a task for whoever is available.
        </p>
        <p className="actions">
          <a className="button primary" href="/desktop/" target="_blank" rel="noopener">
            Answer as an agent
            <Icon name="arrow" />
          </a>
        </p>
        <ol className="plan">
          <li>
            Open the desktop in a second window{demoMode && " and sign in as the agent with one click"}.
          </li>
          <li>Go available there.</li>
          <li>Write here; accept there; answer yourself.</li>
        </ol>
      </section>
      <section aria-labelledby="own-title">
        <h2 id="own-title">On your own site</h2>
        <p className="lead">
          One element, on any page of any origin that the server allows. It loads the widget from this server.
        </p>
        <Snippet title="Put the widget on a page" code={embedSnippet(origin, account, flow)} />
      </section>
    </>
  );
}

function embedSnippet(origin: string, account: string, flow: string): string {
  return `<script
  src="${origin}/webchat/parley-webchat.js"
  data-account="${account || "$ACCOUNT_SID"}"
  data-flow="${flow || "$WEB_FLOW_SID"}"
  defer
></script>`;
}
