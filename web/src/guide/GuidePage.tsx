import { useCallback, useState, useSyncExternalStore } from "react";
import { demoMode } from "../lib/demo";
import { useMedia } from "../ui/useMedia";
import { AgentPane } from "./AgentPane";
import { CodePanel } from "./CodePanel";
import { CustomerPane } from "./CustomerPane";
import type { Guide } from "./guide";
import { Tabs } from "./Tabs";

export type Side = "customer" | "agent";

export function GuidePage({ guide }: { guide: Guide }) {
  const state = useSyncExternalStore(guide.subscribe, guide.getSnapshot);
  const narrow = useMedia("(max-width: 52rem)");
  const [shown, setShown] = useState<Side>("customer");
  // One of the two logs speaks to a screen reader, or it would hear everything twice.
  const [active, setActive] = useState<Side | null>(null);

  const reset = useCallback(() => {
    guide.reset();
    setShown("customer");
  }, [guide]);

  const customerShown = !narrow || shown === "customer";
  const agentShown = !narrow || shown === "agent";

  return (
    <>
      <div className="intro">
        <h1>A custom chat client, both ends</h1>
        <p>
          The app of the guide on the unmodified <code>twilio-chat</code> SDK, and an agent’s desk on{" "}
          <code>twilio-taskrouter</code>. Sign in as the agent, go available, and write as the customer.
        </p>
        {state.customer && (
          <button type="button" className="button" onClick={reset}>
            New conversation
          </button>
        )}
      </div>

      {demoMode ? (
        <>
          {narrow && <Tabs shown={shown} onShow={setShown} state={state} />}
          <div className="sides">
            <CustomerPane
              guide={guide}
              state={state}
              tab={narrow}
              visible={customerShown}
              live={active !== "agent"}
              engaged={active === "customer"}
              onActive={() => setActive("customer")}
            />
            <AgentPane
              guide={guide}
              state={state}
              tab={narrow}
              visible={agentShown}
              live={active === "agent"}
              engaged={active === "agent"}
              onActive={() => setActive("agent")}
            />
          </div>
        </>
      ) : (
        <div className="card off" role="note">
          <h2>Demo mode is off</h2>
          <p>
            This page signs people in through the demo endpoints, which this server does not offer. Start it
            with <code>--demo</code> on your own machine to try the guide.
          </p>
        </div>
      )}

      <CodePanel />
    </>
  );
}
