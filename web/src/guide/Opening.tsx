import { Icon } from "../ui/Icon";

/** A side that signs in, or could not. */
export function Opening({ problem, onRetry }: { problem: string | null; onRetry: () => void }) {
  if (!problem)
    return (
      <div className="welcome" role="status">
        <span className="spinner" aria-hidden="true" />
        <h2>Connecting…</h2>
      </div>
    );
  return (
    <div className="welcome" role="alert">
      <Icon name="alert" size={36} />
      <h2>That did not work</h2>
      <p>{problem}</p>
      <button type="button" className="button primary" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
