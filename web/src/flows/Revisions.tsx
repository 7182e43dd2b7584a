import { useMemo, useState } from "react";
import type { Change } from "./api";
import { FlowGraph } from "./graph/FlowGraph";
import { type Flow, type Revision, widgetsOf } from "./model";
import { ListedPills } from "./pills";
import { Empty, Loading } from "./states";
import { Ago } from "./times";
import { useApi } from "./useApi";
import { useLoad } from "./useLoad";
import { go, Link } from "./usePlace";

interface Props {
  flow: Flow;
  from: number | undefined;
  to: number | undefined;
}

/** The revisions of a flow, and what changed between two of them. */
export function Revisions({ flow, from, to }: Props) {
  const api = useApi();
  const revisions = useLoad(`revisions ${flow.sid} ${flow.revision}`, () => api.revisions(flow.sid));
  return (
    <Loading of={revisions} what="The revisions">
      {({ items }) => (
        <>
          {items.length > 1 && <Compare flow={flow} items={items} from={from} to={to} />}
          {from && to ? (
            <Difference flow={flow.sid} from={from} to={to} />
          ) : (
            <ol className="rows revision-rows card">
              {items.map((one) => (
                <li key={one.revision}>
                  <span className="row-main">
                    <Link to={{ view: "flow", flow: flow.sid, revision: one.revision }}>
                      Revision {one.revision}
                    </Link>
                    <span className="row-note">{one.commit_message || "without a message"}</span>
                  </span>
                  <ListedPills of={one} load={() => api.revision(flow.sid, one.revision)} />
                  <span className="row-fact">
                    <Ago at={one.date_created} />
                  </span>
                </li>
              ))}
            </ol>
          )}
        </>
      )}
    </Loading>
  );
}

function Compare({ flow, items, from, to }: Props & { items: readonly Revision[] }) {
  const [older, setOlder] = useState(from ?? items[1]?.revision);
  const [newer, setNewer] = useState(to ?? items[0]?.revision);
  const choices = items.map(({ revision }) => (
    <option key={revision} value={revision}>
      Revision {revision}
    </option>
  ));
  return (
    <form
      className="compare"
      onSubmit={(event) => {
        event.preventDefault();
        go({ view: "revisions", flow: flow.sid, ...(older && { from: older }), ...(newer && { to: newer }) });
      }}
    >
      <label>
        From
        <select value={older} onChange={({ target }) => setOlder(Number(target.value))}>
          {choices}
        </select>
      </label>
      <label>
        to
        <select value={newer} onChange={({ target }) => setNewer(Number(target.value))}>
          {choices}
        </select>
      </label>
      <button type="submit" className="button">
        Compare
      </button>
      {from && to && <Link to={{ view: "revisions", flow: flow.sid }}>All revisions</Link>}
    </form>
  );
}

function Difference({ flow, from, to }: { flow: string; from: number; to: number }) {
  const api = useApi();
  const both = useLoad(`diff ${flow} ${from} ${to}`, async () => {
    const [changes, before, after] = await Promise.all([
      api.diff(flow, from, to),
      api.revision(flow, from),
      api.revision(flow, to),
    ]);
    return { changes, before, after };
  });
  return (
    <Loading of={both} what="The difference">
      {({ changes, before, after }) =>
        changes.length === 0 ? (
          <Empty title="Nothing changed">
            The revisions {from} and {to} do the same. Where the widgets stand does not count.
          </Empty>
        ) : (
          <DrawnDifference changes={changes} before={before} after={after} />
        )
      }
    </Loading>
  );
}

type Kind = Change["kind"];

function DrawnDifference({
  changes,
  before,
  after,
}: {
  changes: Change[];
  before: Revision;
  after: Revision;
}) {
  const [selected, setSelected] = useState<string | null>(null);
  const kinds = useMemo(() => kindsOf(changes), [changes]);
  // What was removed is drawn beside what is there now.
  const widgets = useMemo(() => {
    const now = widgetsOf(after.definition);
    const gone = widgetsOf(before.definition).filter(({ name }) => kinds.get(name) === "removed");
    return [...now, ...gone].map((widget, index) => ({ ...widget, index }));
  }, [before, after, kinds]);
  const groups = useMemo(() => groupsOf(changes), [changes]);
  return (
    <div className="beside">
      <FlowGraph
        label={`What changed from revision ${before.revision} to ${after.revision}`}
        widgets={widgets}
        changes={kinds}
        selected={selected}
        onSelect={setSelected}
      />
      <aside className="panel card" aria-label="Changes">
        <h2>
          Changes <span className="count">{changes.length}</span>
        </h2>
        <ul className="changes">
          {groups.map(([state, all]) => (
            <li key={state} className={selected !== null && selected === state ? "selected" : undefined}>
              {state ? (
                <button type="button" className="link" onClick={() => setSelected(state)}>
                  {state}
                </button>
              ) : (
                <strong>The flow itself</strong>
              )}{" "}
              {kinds.get(state) !== "changed" && (
                <span className={`pill ${kinds.get(state)}`}>{kinds.get(state)}</span>
              )}
              <ul>
                {all
                  .filter(({ what }) => what)
                  .map((change) => (
                    <li key={`${change.what} ${change.kind}`}>
                      <code className="what">{change.what}</code>{" "}
                      <span className="sr-only">{change.kind}</span>
                      {change.from !== undefined && change.from !== "" && <del>{change.from}</del>}
                      {change.to !== undefined && change.to !== "" && <ins>{change.to}</ins>}
                    </li>
                  ))}
              </ul>
            </li>
          ))}
        </ul>
      </aside>
    </div>
  );
}

/** What became of each widget; "" is the flow itself. */
function kindsOf(changes: readonly Change[]): Map<string, Kind> {
  return new Map(changes.map(({ state = "", kind, what }) => [state, what ? "changed" : kind]));
}

function groupsOf(changes: readonly Change[]): [string, Change[]][] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const state = change.state ?? "";
    groups.set(state, [...(groups.get(state) ?? []), change]);
  }
  return [...groups];
}
