import { useState } from "react";
import { EndDialog } from "./EndDialog";
import type { Watched } from "./model";
import { Empty, Loading, More } from "./states";
import { Ago } from "./times";
import { useApi } from "./useApi";
import { useLoad } from "./useLoad";
import { usePages } from "./usePages";
import { Link } from "./usePlace";

/** The executions that go on, of all flows: where each is, and why it waits. */
export function ActiveList() {
  const api = useApi();
  const active = usePages("active", (next) => api.active(next), 3_000);
  const flows = useLoad("names of flows", () => api.flows());
  const nameOf = (sid: string) => flows.data?.items.find((flow) => flow.sid === sid)?.friendly_name ?? sid;
  const [ending, setEnding] = useState<Watched | null>(null);
  const [ended, setEnded] = useState("");
  return (
    <>
      <p className="sr-only" role="status">
        {ended}
      </p>
      <Loading of={active} what="The active executions">
        {(items) =>
          items.length === 0 ? (
            <Empty title="Nothing is running">
              When a customer writes to a channel with a flow, the conversation is listed here, with what it
              waits for.
            </Empty>
          ) : (
            <>
              <ul className="rows active-rows card">
                {items.map((one) => (
                  <li key={one.sid}>
                    <span className="row-main">
                      <Link to={{ view: "execution", flow: one.flow_sid, execution: one.sid }}>
                        {one.contact_channel_address || one.sid}
                      </Link>
                      <span className="row-note">
                        in <Link to={{ view: "flow", flow: one.flow_sid }}>{nameOf(one.flow_sid)}</Link>,
                        begun <Ago at={one.date_created} />
                      </span>
                    </span>
                    <Why of={one} />
                    <button
                      type="button"
                      className="button"
                      aria-label={`End the execution of ${one.contact_channel_address || one.sid}`}
                      onClick={() => setEnding(one)}
                    >
                      End
                    </button>
                  </li>
                ))}
              </ul>
              <More rest={active.rest} />
            </>
          )
        }
      </Loading>
      {ending && (
        <EndDialog
          flow={ending.flow_sid}
          sid={ending.sid}
          who={ending.contact_channel_address}
          onClose={(done) => {
            setEnding(null);
            if (!done) return;
            setEnded(`The execution of ${ending.contact_channel_address} has ended.`);
            active.reload();
          }}
        />
      )}
    </>
  );
}

/** Why an execution waits, as the server says it, since when and until when. */
export function Why({ of: { waiting_for, date_updated, deadline } }: { of: Watched }) {
  return (
    <span className="why">
      <strong>{waiting_for}</strong>
      <span className="row-note">
        It came here <Ago at={date_updated} />
        {deadline && (
          <>
            ; the wait ends <Ago at={deadline} />
          </>
        )}
      </span>
    </span>
  );
}
