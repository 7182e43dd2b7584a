import { useCallback, useEffect, useRef, useState } from "react";

export interface Loaded<T> {
  /** The newest that came; what is asked for under another key is not shown for this one. */
  data: T | undefined;
  /** Why the last try failed; the data before it stays. */
  problem: Error | null;
  loading: boolean;
  reload: () => void;
}

/**
 * Loads something and keeps it fresh.
 * @param key what is loaded; another key is another thing
 * @param every how often it is asked for again while the page is in sight, in milliseconds; 0 for once
 */
export function useLoad<T>(key: string, load: () => Promise<T>, every = 0): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem: Error | null; loading: boolean }>({
    key,
    problem: null,
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn is another try
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      setState((before) => ({ ...(before.key === key ? before : { key, problem: null }), loading: true }));
      try {
        const data = await latest.current();
        if (!gone) setState({ key, data, problem: null, loading: false });
      } catch (error) {
        if (!gone) setState((before) => ({ ...before, problem: error as Error, loading: false }));
      }
      next();
    };
    const next = () => {
      clearTimeout(timer);
      if (!gone && every > 0 && document.visibilityState === "visible") timer = setTimeout(ask, every);
    };
    const seen = () => document.visibilityState === "visible" && every > 0 && void ask();
    document.addEventListener("visibilitychange", seen);
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key, every, turn]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    problem: current ? state.problem : null,
    loading: current ? state.loading : true,
    reload,
  };
}
