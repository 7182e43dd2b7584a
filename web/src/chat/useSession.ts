import { useSyncExternalStore } from "react";
import type { ChatSession, Snapshot } from "./session";

export function useSession(session: ChatSession): Snapshot {
  return useSyncExternalStore(session.subscribe, session.getSnapshot);
}
