// A sign-in ends at an address with the token in it. Flex UI takes it out, but only where the path is a view that the person has;
// elsewhere it would go on to the first view with the token still in the address bar and in the history.

const everybody = ["agent-desktop"];
const supervisors = ["teams", "queues-stats"];

/** Answers the address, without its origin, at which Flex UI may start. */
export function landing(pathname: string, search: string): string {
  const query = new URLSearchParams(search);
  const leads = query.getAll("Roles").some((role) => role === "supervisor" || role === "admin");
  const view = pathname.split("/")[1] ?? "";
  const known = everybody.includes(view) || (supervisors.includes(view) && (leads || !query.has("Token")));
  return (known ? pathname : "/agent-desktop") + search;
}
