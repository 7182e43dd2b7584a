import type { Execution, Flow, Revision, Step, Warning, Watched } from "./model";

/** One difference between two definitions. */
export interface Change {
  /** The widget's name; missing for the flow itself. */
  state?: string;
  kind: "added" | "removed" | "changed";
  /** What changed in it, as "properties.body"; missing for all of it. */
  what?: string;
  from?: string;
  to?: string;
}

/** A part of a list, and the address of the next. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

/** A refusal by the server, or status 0 where no answer came. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** What the page asks of Studio. */
export interface Api {
  flows(next?: string | null): Promise<Page<Flow>>;
  flow(sid: string): Promise<Flow>;
  revisions(sid: string): Promise<Page<Revision>>;
  revision(sid: string, number: number): Promise<Revision>;
  diff(sid: string, from: number, to: number): Promise<Change[]>;
  active(next?: string | null): Promise<Page<Watched>>;
  executions(flow: string, status: "active" | "ended", next?: string | null): Promise<Page<Execution>>;
  execution(sid: string): Promise<Watched>;
  /** All of them, the oldest first. */
  steps(flow: string, sid: string): Promise<Step[]>;
  warnings(flow: string, sid: string): Promise<Warning[]>;
  context(flow: string, sid: string, step?: string): Promise<unknown>;
  end(flow: string, sid: string): Promise<void>;
}

const PAGE = 50;
/** The steps of one execution: 1000 at most (taskrouter-studio §B.5). */
const STEPS = 1000;

/**
 * Studio's REST API with the token of somebody who is signed in.
 * @param token the token of the moment; null where nobody is signed in
 * @param refused told when the server does not take the token any more
 */
export function restApi(token: () => Promise<string | null>, refused: () => void): Api {
  async function call(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    const jwt = await token();
    let response: Response;
    try {
      response = await fetch(path, {
        cache: "no-store",
        ...init,
        headers: { Authorization: `Basic ${btoa(`token:${jwt}`)}` },
      });
    } catch {
      throw new ApiError("The server cannot be reached.", 0);
    }
    const answer = response.status === 204 ? {} : await response.json().catch(() => null);
    if (response.ok && answer) return answer;
    if (response.status === 401) refused();
    throw new ApiError(answer?.message ?? `The server answered ${response.status}.`, response.status);
  }

  async function page<T>(path: string, next?: string | null): Promise<Page<T>> {
    const answer = await call(next ? inside(next) : path);
    const meta = answer.meta as { key: string; next_page_url: string | null };
    return { items: answer[meta.key] as T[], next: meta.next_page_url };
  }

  const flows = "/studio/v2/Flows";
  const one = (flow: string, execution: string) => `${flows}/${flow}/Executions/${execution}`;

  return {
    flows: (next) => page(`${flows}?PageSize=${PAGE}`, next),
    flow: async (sid) => (await call(`${flows}/${sid}`)) as unknown as Flow,
    revisions: (sid) => page(`${flows}/${sid}/Revisions?PageSize=100`),
    revision: async (sid, number) =>
      (await call(`${flows}/${sid}/Revisions/${number}`)) as unknown as Revision,
    diff: async (sid, from, to) =>
      (await call(`${flows}/${sid}/Diff?From=${from}&To=${to}`)).changes as Change[],
    active: (next) => page(`/studio/v2/Executions?PageSize=${PAGE}`, next),
    executions: (flow, status, next) =>
      page(`${flows}/${flow}/Executions?Status=${status}&PageSize=${PAGE}`, next),
    execution: async (sid) => (await call(`/studio/v2/Executions/${sid}`)) as unknown as Watched,
    steps: async (flow, sid) => (await page<Step>(`${one(flow, sid)}/Steps?PageSize=${STEPS}`)).items,
    warnings: async (flow, sid) =>
      (await page<Warning>(`${one(flow, sid)}/Warnings?PageSize=${STEPS}`)).items,
    context: async (flow, sid, step) =>
      (await call(`${one(flow, sid)}${step ? `/Steps/${step}` : ""}/Context`)).context,
    end: async (flow, sid) => {
      await call(one(flow, sid), { method: "POST", body: new URLSearchParams({ Status: "ended" }) });
    },
  };
}

/** The address of a further page without its origin, which behind a proxy may be written in another way. */
function inside(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}
