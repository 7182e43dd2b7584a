/** What the page shows, as its address says it. */

export type Place =
  | { view: "flows" }
  | { view: "active" }
  | { view: "flow"; flow: string; revision?: number }
  | { view: "revisions"; flow: string; from?: number; to?: number }
  | { view: "executions"; flow: string }
  | { view: "execution"; flow: string; execution: string };

export const HOME = "/flows/";

export function placeOf(search: string): Place {
  const query = new URLSearchParams(search);
  const flow = sid(query.get("flow"), "FW");
  const execution = sid(query.get("execution"), "FN");
  const view = query.get("view");
  if (!flow) return { view: view === "active" ? "active" : "flows" };
  if (execution) return { view: "execution", flow, execution };
  if (view === "executions") return { view, flow };
  if (view === "revisions") return { view, flow, ...numbers(query, "from", "to") };
  return { view: "flow", flow, ...numbers(query, "revision") };
}

export function addressOf(place: Place): string {
  const { view, ...rest } = place;
  const query = new URLSearchParams();
  if (view === "active" || view === "executions" || view === "revisions") query.set("view", view);
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) query.set(name, String(value));
  return query.size > 0 ? `${HOME}?${query}` : HOME;
}

/** A SID of that kind, or nothing: what a person typed does not become part of a request. */
function sid(value: string | null, prefix: string): string | undefined {
  return value && new RegExp(`^${prefix}[0-9a-f]{32}$`).test(value) ? value : undefined;
}

function numbers<Name extends string>(query: URLSearchParams, ...names: Name[]): { [N in Name]?: number } {
  const found: { [N in Name]?: number } = {};
  for (const name of names) {
    const n = Number(query.get(name));
    if (Number.isSafeInteger(n) && n > 0) found[name] = n;
  }
  return found;
}
