import type { Missed } from "../desk/model";
import type { WorkerSession, WorkerSnapshot } from "../desk/session";

const words: Record<Missed, (name: string) => string> = {
  timeout: (name) => `You missed ${name}, who goes on waiting for an agent.`,
  canceled: (name) => `${name} is not waiting any more.`,
  rescinded: (name) => `Another agent has taken ${name}.`,
  lost: (name) => `The offer of ${name} ended while the connection was lost.`,
};

/** What the worker should know: a lost connection, a missed offer, a refused change; and for the ear alone, who waits. */
export function DeskNotices({ worker, state }: { worker: WorkerSession; state: WorkerSnapshot }) {
  const { connected, notice, problem, activity } = state;
  const waiting = state.works.filter((work) => work.status === "pending");
  return (
    <>
      <div role="status">
        {!connected && (
          <p className="banner">
            <span className="spinner small" aria-hidden="true" />
            The connection was lost. Reconnecting…
          </p>
        )}
        {problem && <p className="banner">{problem}</p>}
        {notice && (
          <div className="banner">
            <p>
              {words[notice.why](notice.name)}
              {activity && !activity.available && ` You are ${activity.name} now.`}
            </p>
            {activity?.available ? (
              <button type="button" className="button" onClick={() => worker.dismissNotice()}>
                Dismiss
              </button>
            ) : (
              <button type="button" className="button" onClick={() => worker.goAvailable()}>
                Go available
              </button>
            )}
          </div>
        )}
      </div>
      <p className="sr-only" role="status">
        {waiting.map(({ name, queue }) => `${name} is waiting in ${queue}.`).join(" ")}
      </p>
    </>
  );
}
