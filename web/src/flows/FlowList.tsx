import { ListedPills } from "./pills";
import { Empty, Loading, More } from "./states";
import { Ago } from "./times";
import { useApi } from "./useApi";
import { usePages } from "./usePages";
import { Link } from "./usePlace";

/** All flows of the account. */
export function FlowList() {
  const api = useApi();
  const flows = usePages("flows", (next) => api.flows(next), 15_000);
  return (
    <Loading of={flows} what="The flows">
      {(items) =>
        items.length === 0 ? (
          <Empty title="There are no flows yet">
            Make one with <code>POST /studio/v2/Flows</code>, or import a folder of exported flows with{" "}
            <code>parley flow import</code>.
          </Empty>
        ) : (
          <>
            <ul className="rows flow-rows card">
              {items.map((flow) => (
                <li key={flow.sid}>
                  <span className="row-main">
                    <Link to={{ view: "flow", flow: flow.sid }}>{flow.friendly_name}</Link>
                    <code>{flow.sid}</code>
                  </span>
                  <ListedPills of={flow} load={() => api.flow(flow.sid)} />
                  <span className="row-fact">Revision {flow.revision}</span>
                  <span className="row-fact">
                    <Ago at={flow.date_updated} />
                  </span>
                </li>
              ))}
            </ul>
            <More rest={flows.rest} />
          </>
        )
      }
    </Loading>
  );
}
