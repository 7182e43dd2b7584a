import type { Talk } from "../desk/desk";
import type { Work } from "../desk/model";
import type { WorkerSession } from "../desk/session";
import { initial } from "../lib/text";
import { Conversation } from "./Conversation";

interface Props {
  worker: WorkerSession;
  work: Work;
  /** Nothing where the task is about no channel. */
  talk: Talk | undefined;
  visible: boolean;
  live: boolean;
  engaged: boolean;
}

/** A task that the worker has taken: with whom, what is next, and the conversation. */
export function TaskView({ worker, work, talk, ...pane }: Props) {
  const { sid, name, known, queue, status, busy, problem } = work;
  const wrapping = status === "wrapping";
  return (
    <>
      <header className="with task">
        <span className="avatar" aria-hidden="true">
          {initial(name)}
        </span>
        <span className="who">
          <h2>{name}</h2>
          <small>{wrapping ? "Wrapping up" : queue}</small>
        </span>
        <button
          type="button"
          className={wrapping ? "button primary" : "button"}
          aria-disabled={busy}
          onClick={() => (wrapping ? worker.complete(sid) : worker.wrapUp(sid))}
        >
          {wrapping ? "Complete" : "Wrap up"}
        </button>
      </header>
      {known.length > 0 && (
        <dl className="known">
          {known.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd title={value}>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {problem && (
        <p className="banner" role="alert">
          {problem}
        </p>
      )}
      {talk ? (
        <Conversation
          session={talk.session}
          placeholder="Write to the customer"
          over={<p className="over">The chat has ended. Complete the task when you are done.</p>}
          {...pane}
        />
      ) : (
        <div className="welcome">
          <p>This task has no conversation.</p>
        </div>
      )}
    </>
  );
}
