import { type ReactNode, useState } from "react";
import { ENDED, type Step } from "./model";

interface Props {
  steps: readonly Step[];
  /** A widget whose steps are marked. */
  selected: string | null;
  onSelect: (widget: string) => void;
  /** What was known after a step; asked for when somebody opens it. */
  context: (step: string) => ReactNode;
}

/** The way of an execution, step by step, the newest first. */
export function StepList({ steps, selected, onSelect, context }: Props) {
  const [open, setOpen] = useState<string | null>(null);
  if (steps.length === 0) return <p className="row-note">It has made no step yet.</p>;
  return (
    <ol className="steps-taken" reversed>
      {steps.toReversed().map((step) => {
        const marked = selected === step.transitioned_to || selected === step.transitioned_from;
        return (
          <li key={step.sid} className={`${marked ? "marked" : ""}${step.parent_step_sid ? " inner" : ""}`}>
            <span className="step-line">
              <Name of={step} name={step.transitioned_from} onSelect={onSelect} /> <em>{step.name}</em> →{" "}
              {step.transitioned_to === ENDED ? (
                <strong>the end{step.parent_step_sid && " of the subflow"}</strong>
              ) : (
                <Name of={step} name={step.transitioned_to} onSelect={onSelect} />
              )}
            </span>
            <span className="row-note">
              <time dateTime={step.date_created}>{new Date(step.date_created).toLocaleTimeString()}</time>{" "}
              <button
                type="button"
                className="link"
                aria-expanded={open === step.sid}
                onClick={() => setOpen(open === step.sid ? null : step.sid)}
              >
                Context
                <span className="sr-only">
                  {" "}
                  after {step.transitioned_from} {step.name}
                </span>
              </button>
            </span>
            {open === step.sid && context(step.sid)}
          </li>
        );
      })}
    </ol>
  );
}

/** A widget's name; one of this flow can be chosen, one of a subflow is not on the graph. */
function Name({ of, name, onSelect }: { of: Step; name: string; onSelect: (widget: string) => void }) {
  if (of.parent_step_sid) return <span title="In the subflow">{name}</span>;
  return (
    <button type="button" className="link" onClick={() => onSelect(name)}>
      {name}
    </button>
  );
}
