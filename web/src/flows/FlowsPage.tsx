import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { SignedIn, SignIn } from "../lib/signin";
import { ActiveList } from "./ActiveList";
import type { Api } from "./api";
import { ExecutionView } from "./ExecutionView";
import { FlowList } from "./FlowList";
import { FlowView } from "./FlowView";
import { Gate } from "./Gate";
import { ApiContext } from "./useApi";
import { Link, usePlace } from "./usePlace";

interface Props {
  signIn: Pick<SignIn, "getSnapshot" | "subscribe" | "begin" | "end" | "forget">;
  api: Api;
}

/** Who may look at flows; the server holds to it, and the page says it before it asks in vain. */
function leads({ roles }: SignedIn): boolean {
  return roles.includes("supervisor") || roles.includes("admin");
}

export function FlowsPage({ signIn, api }: Props) {
  const person = useSyncExternalStore(signIn.subscribe, signIn.getSnapshot);
  if (!person || !leads(person)) return <Gate person={person} onSignIn={() => signIn.begin()} />;
  return (
    <ApiContext value={api}>
      <div className="who-am-i">
        <span>
          Signed in as <strong>{person.identity}</strong>
        </span>
        <button type="button" className="button quiet" onClick={() => void signIn.end()}>
          Sign out
        </button>
      </div>
      <View />
    </ApiContext>
  );
}

function View() {
  const place = usePlace();
  const first = useRef(true);
  const [told, setTold] = useState("");

  // A new view is a new page to whoever listens.
  const key = JSON.stringify(place);
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each new place
  useEffect(() => {
    if (first.current) first.current = false;
    else setTold(document.querySelector("#main h1")?.textContent ?? "");
  }, [key]);

  return (
    <>
      <p className="sr-only" role="status">
        {told}
      </p>
      {place.view === "flows" || place.view === "active" ? (
        <>
          <h1>{place.view === "flows" ? "Flows" : "Active executions"}</h1>
          <nav className="views" aria-label="Views">
            <Link to={{ view: "flows" }} aria-current={place.view === "flows" ? "page" : undefined}>
              Flows
            </Link>
            <Link to={{ view: "active" }} aria-current={place.view === "active" ? "page" : undefined}>
              Active executions
            </Link>
          </nav>
          {place.view === "flows" ? <FlowList /> : <ActiveList />}
        </>
      ) : place.view === "execution" ? (
        <ExecutionView key={place.execution} flow={place.flow} sid={place.execution} />
      ) : (
        <FlowView key={place.flow} place={place} />
      )}
    </>
  );
}
