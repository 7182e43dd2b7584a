import { useState } from "react";
import { Empty, Loading, More } from "./states";
import { Ago } from "./times";
import { useApi } from "./useApi";
import { usePages } from "./usePages";
import { Link } from "./usePlace";

const kinds = { active: "Active", ended: "Ended" };

/** The executions of one flow. */
export function Executions({ flow }: { flow: string }) {
  const api = useApi();
  const [status, setStatus] = useState<keyof typeof kinds>("active");
  const list = usePages(`${status} ${flow}`, (next) => api.executions(flow, status, next), 5_000);
  return (
    <>
      <fieldset className="choice">
        <legend className="sr-only">Which executions</legend>
        {(Object.keys(kinds) as (keyof typeof kinds)[]).map((kind) => (
          <label key={kind}>
            <input type="radio" name="status" checked={status === kind} onChange={() => setStatus(kind)} />
            {kinds[kind]}
          </label>
        ))}
      </fieldset>
      <Loading of={list} what="The executions">
        {(items) =>
          items.length === 0 ? (
            <Empty title={status === "active" ? "Nothing is running" : "None has ended"}>
              {status === "active"
                ? "When a customer writes to a channel with this flow, the conversation is listed here."
                : "What this flow has done for customers stays listed here."}
            </Empty>
          ) : (
            <>
              <ul className="rows execution-rows card">
                {items.map((one) => (
                  <li key={one.sid}>
                    <span className="row-main">
                      <Link to={{ view: "execution", flow, execution: one.sid }}>
                        {one.contact_channel_address || one.sid}
                      </Link>
                      <code>{one.sid}</code>
                    </span>
                    <span className={`pill ${one.status}`}>{one.status}</span>
                    <span className="row-fact">
                      <Ago at={one.date_created} />
                    </span>
                  </li>
                ))}
              </ul>
              <More rest={list.rest} />
            </>
          )
        }
      </Loading>
    </>
  );
}
