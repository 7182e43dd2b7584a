/** An error of the worker SDK in words for people: the server's own where it gave some. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const said = message.replace(/^(?:Request failed|Server responded) with status code \d+\. /, "");
  if (/^Network error/.test(said)) return "The server cannot be reached.";
  return said && said !== "undefined" ? said : "Something went wrong.";
}
