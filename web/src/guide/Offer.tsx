import type { Work } from "../desk/model";
import type { WorkerSession } from "../desk/session";
import { Countdown } from "./Countdown";

/** Somebody who waits, and how long the worker has for an answer. */
export function Offer({ worker, work }: { worker: WorkerSession; work: Work }) {
  const { sid, name, queue, busy, problem } = work;
  return (
    <div className="welcome offer">
      <Countdown work={work} />
      <h2>{name}</h2>
      <p>is waiting in {queue}</p>
      {problem && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="choice">
        <button
          type="button"
          className="button primary"
          aria-disabled={busy}
          onClick={() => worker.accept(sid)}
        >
          Accept
        </button>
        <button type="button" className="button" aria-disabled={busy} onClick={() => worker.reject(sid)}>
          Reject
        </button>
      </div>
    </div>
  );
}
