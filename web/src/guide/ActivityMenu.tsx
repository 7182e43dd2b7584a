import { useId } from "react";
import type { WorkerSession, WorkerSnapshot } from "../desk/session";

/** What the worker does now, and may do instead. */
export function ActivityMenu({ worker, state }: { worker: WorkerSession; state: WorkerSnapshot }) {
  const id = useId();
  const { activities, activity, changing } = state;
  return (
    <span className={activity?.available ? "activity available" : "activity"}>
      <span className="dot" aria-hidden="true" />
      <label className="sr-only" htmlFor={id}>
        Activity
      </label>
      <select
        id={id}
        value={activity?.sid ?? ""}
        aria-busy={changing}
        onChange={(event) => void worker.setActivity(event.target.value)}
      >
        {activities.map(({ sid, name }) => (
          <option key={sid} value={sid}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
