import { useState } from "react";
import type { Page } from "./api";
import { type Loaded, useLoad } from "./useLoad";

/** What is left of a list; null where all of it is there. */
export type Rest = { busy: boolean; problem: Error | null; fetch: () => void } | null;

/** A list of several pages: the first is kept fresh, further ones come when they are asked for. */
export function usePages<T extends { sid: string }>(
  key: string,
  load: (next?: string | null) => Promise<Page<T>>,
  every = 0,
): Loaded<T[]> & { rest: Rest } {
  const first = useLoad(key, () => load(), every);
  const [more, setMore] = useState<{ key: string; items: T[]; next: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Error | null>(null);
  const further = more?.key === key ? more : null;
  const next = further ? further.next : first.data?.next;

  const items = first.data && [...first.data.items];
  if (items && further) {
    const known = new Set(items.map(({ sid }) => sid));
    items.push(...further.items.filter(({ sid }) => !known.has(sid)));
  }

  const fetch = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const page = await load(next);
      setMore({ key, items: [...(further?.items ?? []), ...page.items], next: page.next });
    } catch (error) {
      setProblem(error as Error);
    }
    setBusy(false);
  };

  return { ...first, data: items, rest: next ? { busy, problem, fetch: () => void fetch() } : null };
}
