import type { Revision } from "./model";
import { useLoad } from "./useLoad";

/** Whether a revision is live, and whether it is without faults. */
export function Pills({ status, valid, errors }: Pick<Revision, "status" | "valid" | "errors">) {
  const count = errors?.length ?? 0;
  return (
    <span className="pills">
      <span className={`pill ${status}`}>{status}</span>
      {valid === false && (
        <span className="pill bad">
          {count > 0 ? `${count} fault${count === 1 ? "" : "s"}` : "not valid"}
        </span>
      )}
      {valid && <span className="pill">valid</span>}
    </span>
  );
}

/** The same for a revision of a list, which does not tell: only drafts may have faults, and they are asked one by one. */
export function ListedPills({ of, load }: { of: Revision; load: () => Promise<Revision> }) {
  return of.status === "draft" ? <Asked of={of} load={load} /> : <Pills {...of} valid />;
}

function Asked({ of, load }: { of: Revision; load: () => Promise<Revision> }) {
  const whole = useLoad(`valid ${of.sid} ${of.revision}`, load);
  return <Pills {...(whole.data ?? of)} />;
}
