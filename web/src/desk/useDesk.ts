import { useSyncExternalStore } from "react";
import type { Desk, Talks } from "./desk";
import type { WorkerSession, WorkerSnapshot } from "./session";

export function useWorker(worker: WorkerSession): WorkerSnapshot {
  return useSyncExternalStore(worker.subscribe, worker.getSnapshot);
}

export function useTalks(desk: Desk): Talks {
  return useSyncExternalStore(desk.subscribe, desk.getSnapshot);
}
