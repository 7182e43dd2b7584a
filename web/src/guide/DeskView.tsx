import { useRef, useState } from "react";
import type { Desk } from "../desk/desk";
import type { WorkerSession } from "../desk/session";
import { useTalks, useWorker } from "../desk/useDesk";
import { useLostFocus } from "../ui/useLostFocus";
import { ActivityMenu } from "./ActivityMenu";
import { DeskNotices } from "./DeskNotices";
import { Offer } from "./Offer";
import { Opening } from "./Opening";
import { TaskView } from "./TaskView";
import { WorkList } from "./WorkList";

interface Props {
  desk: Desk;
  onSignOut: () => void;
  visible: boolean;
  live: boolean;
  engaged: boolean;
}

/** An agent's desk: what the agent does, what is offered, and the conversations. */
export function DeskView({ desk, onSignOut, ...pane }: Props) {
  const { worker } = desk;
  const state = useWorker(worker);
  const talks = useTalks(desk);
  const [chosen, setChosen] = useState<string | null>(null);
  const panel = useRef<HTMLElement>(null);

  // What was chosen, while it is there; a new offer does not come between.
  const shown = state.works.find(({ sid }) => sid === chosen) ?? state.works[0];
  useLostFocus(panel, pane.engaged, `${state.phase} ${state.activity?.sid} ${shown?.sid} ${shown?.status}`);

  if (state.phase !== "open") return <Opening problem={state.problem} onRetry={() => worker.open()} />;

  return (
    <div className="desk">
      <header className="with">
        <span className="avatar" aria-hidden="true">
          A
        </span>
        <span className="who">
          <h2>Agent</h2>
          <small>Agent’s side</small>
        </span>
        <ActivityMenu worker={worker} state={state} />
      </header>
      <DeskNotices worker={worker} state={state} />
      {state.works.length > 1 && (
        <WorkList works={state.works} talks={talks} shown={shown?.sid} onShow={setChosen} />
      )}
      <section ref={panel} className="desk-panel" tabIndex={-1} data-parked aria-label="What you work on">
        {!shown ? (
          <Idle worker={worker} available={state.activity?.available === true} onSignOut={onSignOut} />
        ) : shown.status === "pending" ? (
          <Offer key={shown.sid} worker={worker} work={shown} />
        ) : (
          <TaskView key={shown.sid} worker={worker} work={shown} talk={talks.get(shown.sid)} {...pane} />
        )}
      </section>
    </div>
  );
}

interface IdleProps {
  worker: WorkerSession;
  available: boolean;
  onSignOut: () => void;
}

function Idle({ worker, available, onSignOut }: IdleProps) {
  return (
    <div className="welcome">
      <h2>{available ? "No one is waiting" : "Nothing is offered to you now"}</h2>
      <p>
        {available
          ? "When a customer writes, the conversation is offered to you here."
          : "Go available, and the next customer who writes is offered to you."}
      </p>
      {!available && (
        <button type="button" className="button primary" onClick={() => worker.goAvailable()}>
          Go available
        </button>
      )}
      <button type="button" className="button quiet" onClick={onSignOut}>
        Sign out
      </button>
    </div>
  );
}
