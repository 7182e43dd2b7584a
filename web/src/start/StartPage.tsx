import { useEffect, useState } from "react";
import { type Credentials, demoMode, fetchCredentials } from "../lib/demo";
import { Icon } from "../ui/Icon";
import { Snippet } from "../ui/Snippet";
import { CredentialsCard } from "./CredentialsCard";
import { Health } from "./Health";
import { Scene } from "./Scene";
import { channelSnippet, sdkSnippet, tokenSnippet } from "./snippets";

export function StartPage() {
  const { credentials, problem } = useCredentials();
  const { origin } = location;

  return (
    <>
      <section className="hero">
        <Scene />
        <Health />
        <h1>Your chat app keeps running. On your own machine.</h1>
        <p>
          Parley is a self-hosted home for apps built on the guide “Integrate a Custom Chat Client with Flex”.
          It speaks the same protocols, so the open-source SDKs and your back end work unmodified: you change
          one URL.
        </p>
        <p className="actions">
          <a className="button primary" href="/webchat/">
            Open the widget
            <Icon name="arrow" />
          </a>
          <a className="button" href="/guide/">
            Open the guide
          </a>
          <a className="button" href="#connect">
            Connect your app
          </a>
        </p>
        <ol className="minute">
          <li>Open the widget and write as a customer. Nobody is there yet, and it waits.</li>
          <li>
            Open the <a href="/desktop/">agents’ desktop</a> beside it
            {demoMode ? ", sign in as the agent with one click," : ", sign in,"} and go available.
          </li>
          <li>
            Accept, and answer yourself. The guide has both sides on one page, and the{" "}
            <a href="/flows/">flows</a> show what a bot says before an agent does.
          </li>
        </ol>
      </section>

      <section id="connect" aria-labelledby="connect-title">
        <h2 id="connect-title">Change one URL</h2>
        <p className="lead">
          Point the SDKs here, make a conversation, mint a token. Nothing else in the app changes.
        </p>
        <ol className="steps">
          <li>
            <Snippet
              title="Point the SDKs here"
              note="twilio-chat 3.4 to 6.0 and twilio-taskrouter, from npm, unmodified"
              code={sdkSnippet(origin)}
            />
          </li>
          <li>
            <Snippet
              title="Make a conversation"
              note="From your server: any https://{product}.twilio.com/… is /{product}/… here"
              code={channelSnippet(origin, credentials)}
            />
          </li>
          <li>
            <Snippet
              title="Mint a token"
              note="Or go on with your token server: give it the API key below"
              code={tokenSnippet}
            />
          </li>
        </ol>
      </section>

      <CredentialsCard credentials={credentials} problem={problem} demo={demoMode} />
    </>
  );
}

function useCredentials() {
  const [credentials, setCredentials] = useState<Credentials | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    if (!demoMode) return;
    let gone = false;
    fetchCredentials().then(
      (found) => !gone && setCredentials(found),
      (error: Error) => !gone && setProblem(error.message),
    );
    return () => {
      gone = true;
    };
  }, []);

  return { credentials, problem };
}
