import { useState } from "react";
import { Snippet } from "../ui/Snippet";
import { Loading } from "./states";
import { useApi } from "./useApi";
import { useLoad } from "./useLoad";

interface Props {
  flow: string;
  execution: string;
  /** The step after which it was known; without one it is asked for on demand, as of now. */
  step?: string;
}

/** The variables of an execution. They may hold what a customer wrote, so nobody sees them without asking. */
export function ContextView({ flow, execution, step }: Props) {
  const [shown, setShown] = useState(step !== undefined);
  if (!shown)
    return (
      <button type="button" className="button" onClick={() => setShown(true)}>
        Show the context
      </button>
    );
  return <Fetched flow={flow} execution={execution} {...(step && { step })} />;
}

function Fetched({ flow, execution, step }: Props) {
  const api = useApi();
  const context = useLoad(`context ${execution} ${step}`, () => api.context(flow, execution, step));
  return (
    <Loading of={context} what="The context">
      {(value) => (
        <div className="context">
          <Snippet
            title={step ? "Context after this step" : "Context now"}
            code={JSON.stringify(value, null, 2)}
          />
          {!step && (
            <button type="button" className="button" disabled={context.loading} onClick={context.reload}>
              Renew
            </button>
          )}
        </div>
      )}
    </Loading>
  );
}
