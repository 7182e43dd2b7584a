import { useEffect, useState } from "react";

type State = "unknown" | "ready" | "busy" | "away";

const words: Record<State, string> = {
  unknown: "Asking the server…",
  ready: "The server is ready",
  busy: "The server is up, but not ready",
  away: "The server does not answer",
};

const EVERY_MS = 10_000;

/** What /readyz says, asked again while the page is looked at. */
export function Health() {
  const [state, setState] = useState<State>("unknown");

  useEffect(() => {
    const abort = new AbortController();
    const ask = async () => {
      if (document.visibilityState === "hidden") return;
      const next = await fetch("/readyz", { cache: "no-store", signal: abort.signal }).then(
        (answer): State => (answer.ok ? "ready" : "busy"),
        (): State => "away",
      );
      if (!abort.signal.aborted) setState(next);
    };
    void ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, []);

  return (
    <p className={`health ${state}`} role="status">
      <span className="dot" aria-hidden="true" />
      {words[state]}
    </p>
  );
}
