import { Executions } from "./Executions";
import { Pills } from "./pills";
import type { Place } from "./place";
import { RevisionGraph } from "./RevisionGraph";
import { Revisions } from "./Revisions";
import { Loading } from "./states";
import { useApi } from "./useApi";
import { useLoad } from "./useLoad";
import { Link } from "./usePlace";

type FlowPlace = Extract<Place, { view: "flow" | "revisions" | "executions" }>;

/** One flow: its graph, its revisions, its executions. */
export function FlowView({ place }: { place: FlowPlace }) {
  const api = useApi();
  const sid = place.flow;
  const flow = useLoad(`flow ${sid}`, () => api.flow(sid), 15_000);
  const tabs: [FlowPlace["view"], string][] = [
    ["flow", "Graph"],
    ["executions", "Executions"],
    ["revisions", "Revisions"],
  ];
  return (
    <>
      <Trail />
      <Loading of={flow} what="The flow">
        {(found) => (
          <>
            <div className="title">
              <h1>{found.friendly_name}</h1>
              <Pills {...found} />
              <span className="row-fact">Revision {found.revision}</span>
            </div>
            <nav className="views" aria-label="Views of the flow">
              {tabs.map(([view, words]) => (
                <Link
                  key={view}
                  to={{ view, flow: sid } as Place}
                  aria-current={place.view === view ? "page" : undefined}
                >
                  {words}
                </Link>
              ))}
            </nav>
            {place.view === "flow" && <RevisionGraph flow={found} number={place.revision} />}
            {place.view === "executions" && <Executions flow={sid} />}
            {place.view === "revisions" && <Revisions flow={found} from={place.from} to={place.to} />}
          </>
        )}
      </Loading>
    </>
  );
}

/** The way back. */
export function Trail({ flow, name }: { flow?: string; name?: string }) {
  return (
    <nav className="trail" aria-label="Way back">
      <Link to={{ view: "flows" }}>Flows</Link>
      {flow && (
        <>
          <span aria-hidden="true">/</span>
          <Link to={{ view: "executions", flow }}>{name ?? flow}</Link>
        </>
      )}
    </nav>
  );
}
