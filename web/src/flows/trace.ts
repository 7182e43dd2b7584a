import { ENDED, type Step } from "./model";

/** The way that an execution took, for the graph. */
export interface Trace {
  /** Names of the widgets that it reached. */
  visited: ReadonlySet<string>;
  /** Transitions that it took, by pathKey. */
  taken: ReadonlySet<string>;
  /** The widget that it is at; undefined where it has ended. */
  current: string | undefined;
}

/** The key of a transition in a Trace. */
export function pathKey(from: string, event: string, to: string): string {
  return JSON.stringify([from, event, to]);
}

/** The way of an execution by its steps, the oldest first. */
export function traceOf(steps: readonly Step[], active: boolean): Trace {
  const visited = new Set<string>();
  const taken = new Set<string>();
  // What a subflow does inside one widget is not on the graph of the flow.
  const own = steps.filter(({ parent_step_sid }) => !parent_step_sid);
  for (const { name, transitioned_from: from, transitioned_to: to } of own) {
    visited.add(from);
    if (to === ENDED) continue;
    visited.add(to);
    taken.add(pathKey(from, name, to));
  }
  const last = own.at(-1);
  const current = active && last && last.transitioned_to !== ENDED ? last.transitioned_to : undefined;
  return { visited, taken, current };
}
