import { useState } from "react";
import type { SignedIn } from "../lib/signin";

interface Props {
  person: SignedIn | null;
  onSignIn: () => Promise<void>;
}

/** What those see who are not signed in, or may not look at flows. */
export function Gate({ person, onSignIn }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const begin = () => {
    setBusy(true);
    setProblem(null);
    onSignIn().catch((error: Error) => {
      setBusy(false);
      setProblem(error.message);
    });
  };
  return (
    <div className="gate card">
      <h1>Flows</h1>
      {person ? (
        <p>
          You are signed in as <strong>{person.identity}</strong>, who is no supervisor. Flows show what
          customers write, so they are for supervisors and admins.
        </p>
      ) : (
        <p>
          See what the flows of this server do, as graphs, and follow the conversations that run through them.
          It is for supervisors and admins; the sign-in is the one of the desktop.
        </p>
      )}
      {problem && (
        <p className="notice" role="alert">
          The sign-in could not begin. {problem}
        </p>
      )}
      <p className="actions">
        <button type="button" className="button primary" disabled={busy} onClick={begin}>
          {person ? "Sign in as somebody else" : "Sign in"}
        </button>
      </p>
    </div>
  );
}
