import { useEffect, useMemo, useState } from "react";
import { Why } from "./ActiveList";
import { ContextView } from "./ContextView";
import { EndDialog } from "./EndDialog";
import { Trail } from "./FlowView";
import { FlowGraph } from "./graph/FlowGraph";
import { type Warning, widgetsOf } from "./model";
import { StepList } from "./StepList";
import { Loading } from "./states";
import { Ago } from "./times";
import { traceOf } from "./trace";
import { useApi } from "./useApi";
import { useLoad } from "./useLoad";

/** One execution on the graph of its revision: the way it took, where it is, and what it knows. */
export function ExecutionView({ flow, sid }: { flow: string; sid: string }) {
  const api = useApi();
  const [over, setOver] = useState(false);
  const live = useLoad(
    `execution ${sid}`,
    async () => {
      const [execution, steps, warnings] = await Promise.all([
        api.execution(sid),
        api.steps(flow, sid),
        api.warnings(flow, sid),
      ]);
      return { execution, steps, warnings };
    },
    over ? 0 : 1_500,
  );
  const [ending, setEnding] = useState(false);
  const version = live.data?.execution.revision;
  const revision = useLoad(`revision ${flow} ${version}`, async () =>
    version === undefined ? null : api.revision(flow, version),
  );
  const widgets = useMemo(() => widgetsOf(revision.data?.definition), [revision.data?.definition]);
  const steps = live.data?.steps;
  const execution = live.data?.execution;
  const active = execution?.status === "active";
  const trace = useMemo(() => traceOf(steps ?? [], active), [steps, active]);
  const met = useMemo(() => countByWidget(live.data?.warnings ?? []), [live.data?.warnings]);
  const [selected, setSelected] = useState<string | null>(null);
  // What has ended does not change any more.
  useEffect(() => setOver(execution?.status === "ended"), [execution?.status]);

  return (
    <>
      <Trail flow={flow} {...(revision.data && { name: revision.data.friendly_name })} />
      <Loading of={live} what="The execution">
        {({ execution, steps, warnings }) => (
          <>
            <div className="title">
              <h1>{execution.contact_channel_address || sid}</h1>
              <span className={`pill ${execution.status}`}>{execution.status}</span>
              <span className="row-fact">
                Revision {execution.revision}, begun <Ago at={execution.date_created} />
                {!active && (
                  <>
                    , ended <Ago at={execution.date_updated} />
                    {execution.waiting_for && `: ${execution.waiting_for}`}
                  </>
                )}
              </span>
            </div>
            {active && (
              <div className="waiting card">
                <Why of={execution} />
                <button type="button" className="button" onClick={() => setEnding(true)}>
                  End
                </button>
              </div>
            )}
            <div className="beside">
              <Loading of={revision} what="The graph">
                {() => (
                  <FlowGraph
                    label="The way of this execution"
                    widgets={widgets}
                    trace={trace}
                    met={met}
                    selected={selected}
                    onSelect={setSelected}
                  />
                )}
              </Loading>
              <aside className="panel card" aria-label="Steps">
                {warnings.length > 0 && <Warnings of={warnings} onSelect={setSelected} />}
                <h2>
                  Steps <span className="count">{steps.length}</span>
                </h2>
                <StepList
                  steps={steps}
                  selected={selected}
                  onSelect={setSelected}
                  context={(step) => <ContextView flow={flow} execution={sid} step={step} />}
                />
                <section>
                  <h2>What it knows</h2>
                  <ContextView flow={flow} execution={sid} />
                </section>
              </aside>
            </div>
          </>
        )}
      </Loading>
      {ending && execution && (
        <EndDialog
          flow={flow}
          sid={sid}
          who={execution.contact_channel_address}
          onClose={(done) => {
            setEnding(false);
            if (done) live.reload();
          }}
        />
      )}
    </>
  );
}

function countByWidget(warnings: readonly Warning[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { widget } of warnings) if (widget) counts.set(widget, (counts.get(widget) ?? 0) + 1);
  return counts;
}

/** What went wrong on the way, with the code that says more. */
function Warnings({ of, onSelect }: { of: readonly Warning[]; onSelect: (widget: string) => void }) {
  return (
    <section>
      <h2>
        Warnings <span className="count">{of.length}</span>
      </h2>
      <ul className="faults">
        {of.map(({ code, widget, message, date_created }, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: warnings come in order and stay
          <li key={n} className="warning">
            {widget && (
              <button type="button" className="link" onClick={() => onSelect(widget)}>
                {widget}
              </button>
            )}
            <span>
              <a href={`/errors/${code}`}>{code}</a> {message}
            </span>
            <time dateTime={date_created}>{new Date(date_created).toLocaleTimeString()}</time>
          </li>
        ))}
      </ul>
    </section>
  );
}
