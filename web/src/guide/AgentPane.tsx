import { useRef } from "react";
import { useLostFocus } from "../ui/useLostFocus";
import { DeskView } from "./DeskView";
import { Pane, type PaneProps } from "./Pane";

export function AgentPane({ guide, state, visible, live, engaged, ...frame }: PaneProps) {
  return (
    <Pane side="agent" label="Agent's side" visible={visible} {...frame}>
      {state.desk ? (
        <DeskView
          desk={state.desk}
          onSignOut={() => void guide.signOut()}
          visible={visible}
          live={live}
          engaged={engaged}
        />
      ) : (
        <SignIn engaged={engaged} onSignIn={() => guide.signIn()} />
      )}
    </Pane>
  );
}

function SignIn({ engaged, onSignIn }: { engaged: boolean; onSignIn: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useLostFocus(button, engaged);
  return (
    <div className="welcome">
      <span className="avatar large" aria-hidden="true">
        A
      </span>
      <h2>Agent’s side</h2>
      <p>You are the agent. Sign in as a worker, go available, and conversations are offered to you.</p>
      <button ref={button} type="button" className="button primary" onClick={onSignIn}>
        Sign in as the agent
      </button>
    </div>
  );
}
