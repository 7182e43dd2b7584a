/** What Studio's REST API tells of flows and executions (taskrouter-studio §B.1), and the parts of a definition that are drawn. */

export interface Fault {
  message: string;
  /** Where in the definition, as #/states/3/properties/workflow. */
  property_path: string;
}

export interface Revision {
  sid: string;
  friendly_name: string;
  /** Whole in a flow and a revision that is fetched; null in lists. */
  definition: unknown;
  status: "draft" | "published";
  revision: number;
  commit_message: string | null;
  /** null in lists, as are the faults. */
  valid: boolean | null;
  errors: Fault[] | null;
  date_created: string;
  date_updated: string;
}

export interface Flow extends Revision {
  warnings: Fault[] | null;
}

export interface Execution {
  sid: string;
  flow_sid: string;
  contact_channel_address: string;
  status: "active" | "ended";
  date_created: string;
  /** Of an active one: since when it waits where it is. */
  date_updated: string;
}

/** An execution with what it waits for, which is Parley's own (docs/studio.md). */
export interface Watched extends Execution {
  revision: number;
  /** The widget where an active one is. */
  widget: string | null;
  /** What an active one waits for, in words; why an ended one ended. */
  waiting_for: string;
  /** When the wait ends by itself; null for never. */
  deadline: string | null;
}

/** Something that an execution met and went on from. */
export interface Warning {
  code: number;
  widget: string | null;
  message: string;
  more_info: string;
  date_created: string;
}

export interface Step {
  sid: string;
  /** The event that led on. */
  name: string;
  transitioned_from: string;
  /** The widget that the step led to, or ENDED. */
  transitioned_to: string;
  parent_step_sid: string | null;
  date_created: string;
}

/** What a step leads to when it is the last one. */
export const ENDED = "Ended";

export interface Condition {
  friendly_name?: string;
  type?: string;
  value?: string;
  arguments?: string[];
}

export interface Transition {
  event: string;
  /** The widget that follows; "" where the branch ends. */
  next: string;
  conditions: Condition[];
}

export interface Widget {
  /** Its place in the definition's states, which is what faults name. */
  index: number;
  name: string;
  type: string;
  properties: Record<string, unknown>;
  transitions: Transition[];
}

/** The widgets of a definition. A draft may hold anything; what is no widget is passed over, for the server has told of it. */
export function widgetsOf(definition: unknown): Widget[] {
  const states = list(record(definition).states);
  return states.flatMap((state, index) => {
    const { name, type, properties, transitions } = record(state);
    if (typeof name !== "string") return [];
    return [
      {
        index,
        name,
        type: text(type),
        properties: record(properties),
        transitions: list(transitions).map(transitionOf),
      },
    ];
  });
}

function transitionOf(value: unknown): Transition {
  const { event, next, conditions } = record(value);
  return { event: text(event), next: text(next), conditions: list(conditions).map(record) };
}

/** The faults of one widget: those whose path is its state, or lies in it. */
export function faultsOf(faults: readonly Fault[], widget: Widget): Fault[] {
  const path = `#/states/${widget.index}`;
  return faults.filter(({ property_path: at }) => at === path || at.startsWith(`${path}/`));
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text as it is, a number or a boolean in words; "" for anything else. */
export function text(value: unknown): string {
  return typeof value === "string"
    ? value
    : ["number", "boolean"].includes(typeof value)
      ? String(value)
      : "";
}
