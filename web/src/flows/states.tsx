import type { ReactNode } from "react";
import { Icon } from "../ui/Icon";
import type { Loaded } from "./useLoad";
import type { Rest } from "./usePages";

interface Props<T> {
  of: Loaded<T>;
  /** What is loaded, as "The flows". */
  what: string;
  children: (data: T) => ReactNode;
}

/** What is loaded, or a word about why it is not there yet. A failed renewal leaves what was there, and says so. */
export function Loading<T>({ of: { data, problem, loading, reload }, what, children }: Props<T>) {
  if (data === undefined && !problem)
    return (
      <p className="wait" role="status">
        <span className="spinner" aria-hidden="true" /> Loading …
      </p>
    );
  return (
    <>
      {problem && (
        <div className="notice fault" role="alert">
          <Icon name="alert" />
          <p>
            {what} could not be {data === undefined ? "loaded" : "renewed"}. {problem.message}
          </p>
          <button type="button" className="button" disabled={loading} onClick={reload}>
            Try again
          </button>
        </div>
      )}
      {data !== undefined && children(data)}
    </>
  );
}

/** What stands where a list has nothing. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty card">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

/** The button for what is left of a list. */
export function More({ rest }: { rest: Rest }) {
  if (!rest) return null;
  return (
    <p className="more">
      <button type="button" className="button" disabled={rest.busy} onClick={rest.fetch}>
        {rest.busy ? "Loading …" : "Show more"}
      </button>
      {rest.problem && <span role="alert">{rest.problem.message}</span>}
    </p>
  );
}
