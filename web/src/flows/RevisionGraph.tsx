import { useMemo, useState } from "react";
import { type Faults, FlowGraph } from "./graph/FlowGraph";
import { type Fault, type Flow, faultsOf, type Revision, type Widget, widgetsOf } from "./model";
import { Loading } from "./states";
import { useApi } from "./useApi";
import { useLoad } from "./useLoad";
import { Link } from "./usePlace";
import { WidgetDetails } from "./WidgetDetails";

/** The graph of a flow's newest revision, or of the one with that number. */
export function RevisionGraph({ flow, number }: { flow: Flow; number: number | undefined }) {
  const api = useApi();
  const older = number !== undefined && number !== flow.revision;
  const revision = useLoad(`revision ${flow.sid} ${older ? number : flow.revision}`, () =>
    older ? api.revision(flow.sid, number) : Promise.resolve(flow),
  );
  return (
    <Loading of={revision} what="The revision">
      {(shown) => (
        <>
          {older && (
            <p className="notice calm">
              This is revision {shown.revision} of {flow.revision}.{" "}
              <Link to={{ view: "flow", flow: flow.sid }}>Show the newest</Link>
            </p>
          )}
          <Drawn revision={shown} warnings={(older ? null : flow.warnings) ?? []} />
        </>
      )}
    </Loading>
  );
}

function Drawn({ revision, warnings }: { revision: Revision; warnings: readonly Fault[] }) {
  const widgets = useMemo(() => widgetsOf(revision.definition), [revision.definition]);
  const faults = useMemo(() => ({ errors: revision.errors ?? [], warnings }), [revision.errors, warnings]);
  const [selected, setSelected] = useState<string | null>(null);
  const widget = widgets.find(({ name }) => name === selected);
  if (widgets.length === 0)
    return (
      <>
        <p className="notice calm">There is no widget to draw in this revision.</p>
        <Overview widgets={widgets} faults={faults} onSelect={setSelected} />
      </>
    );
  return (
    <div className="beside">
      <FlowGraph
        label={`Graph of ${revision.friendly_name}`}
        widgets={widgets}
        faults={faults}
        selected={selected}
        onSelect={setSelected}
      />
      <aside className="panel card" aria-label={widget ? "The chosen widget" : "About this flow"}>
        {widget ? (
          <WidgetDetails
            widget={widget}
            errors={faultsOf(faults.errors, widget)}
            warnings={faultsOf(faults.warnings, widget)}
            onSelect={setSelected}
          />
        ) : (
          <Overview widgets={widgets} faults={faults} onSelect={setSelected} />
        )}
      </aside>
    </div>
  );
}

interface OverviewProps {
  widgets: readonly Widget[];
  faults: Faults;
  onSelect: (name: string) => void;
}

/** What is wrong with a flow, and what it is made of, as lists. */
function Overview({ widgets, faults, onSelect }: OverviewProps) {
  const lists: ["error" | "warning", string, readonly Fault[]][] = [
    ["error", "Faults", faults.errors],
    ["warning", "Warnings", faults.warnings],
  ];
  return (
    <>
      {lists.map(
        ([kind, title, all]) =>
          all.length > 0 && (
            <section key={kind}>
              <h2>
                {title} <span className="count">{all.length}</span>
              </h2>
              <ul className="faults">
                {all.map((fault) => {
                  const widget = widgets.find((one) => faultsOf([fault], one).length > 0);
                  return (
                    <li key={fault.property_path + fault.message} className={kind}>
                      {widget && (
                        <button type="button" className="link" onClick={() => onSelect(widget.name)}>
                          {widget.name}
                        </button>
                      )}
                      <span>{fault.message}</span>
                      <code>{fault.property_path}</code>
                    </li>
                  );
                })}
              </ul>
            </section>
          ),
      )}
      {widgets.length > 0 && (
        <section>
          <h2>
            Widgets <span className="count">{widgets.length}</span>
          </h2>
          <ul className="names">
            {widgets.map(({ index, name }) => (
              <li key={index}>
                <button type="button" className="link" onClick={() => onSelect(name)}>
                  {name}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
