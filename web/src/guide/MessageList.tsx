import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { ChatSession, Snapshot } from "../chat/session";
import { dayLabel } from "../lib/time";
import { Icon } from "../ui/Icon";
import { MessageRow, OutgoingRow } from "./Bubble";
import { rowsOf } from "./rows";

/** Closer to an end than this counts as being there. */
const NEAR_PX = 80;

interface Props {
  session: ChatSession;
  state: Snapshot;
  nameOf: (identity: string) => string;
  visible: boolean;
  live: boolean;
}

/** The log: stays at the newest message unless the reader has scrolled away, and pages back at the top. */
export function MessageList({ session, state, nameOf, visible, live }: Props) {
  const { timeline, hasOlder, loadingOlder, olderFailed, readByOthers, unread, connection } = state;
  const rows = useMemo(() => rowsOf(timeline, readByOthers), [timeline, readByOthers]);
  const { scroller, atEnd, onScroll, toEnd } = useScroll(timeline, visible);

  useEffect(() => {
    const look = () => {
      const seen = visible && atEnd && document.visibilityState === "visible";
      if (seen && unread > 0 && connection === "connected") session.markRead();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [session, visible, atEnd, unread, connection]);

  return (
    <div className="log-frame">
      <div
        ref={scroller}
        className="log"
        role="log"
        aria-label="Messages"
        aria-live={live ? "polite" : "off"}
        aria-busy={loadingOlder}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take focus (WCAG 2.1.1)
        tabIndex={0}
        onScroll={() => {
          onScroll();
          const top = scroller.current?.scrollTop ?? 0;
          if (top < NEAR_PX && hasOlder && !olderFailed) void session.loadOlder();
        }}
      >
        {hasOlder && (
          <button
            type="button"
            className="button quiet older"
            aria-disabled={loadingOlder}
            onClick={() => session.loadOlder()}
          >
            {loadingOlder
              ? "Loading…"
              : olderFailed
                ? "That did not work. Try again"
                : "Show earlier messages"}
          </button>
        )}
        {rows.length === 0 && <p className="empty">No messages yet. Say hello.</p>}
        {rows.map((row) => {
          if (row.kind === "day")
            return (
              <p key={row.key} className="day">
                <time dateTime={row.at.toISOString()}>{dayLabel(row.at)}</time>
              </p>
            );
          if (row.kind === "message")
            return (
              <MessageRow
                key={row.key}
                message={row.message}
                name={nameOf(row.message.author)}
                first={row.first}
                state={row.state}
              />
            );
          return (
            <OutgoingRow
              key={row.key}
              outgoing={row.outgoing}
              first={row.first}
              onRetry={() => session.retry(row.outgoing.clientId)}
              onDiscard={() => session.discard(row.outgoing.clientId)}
            />
          );
        })}
      </div>
      {!atEnd && (
        <button type="button" className="button to-end" onClick={toEnd}>
          <Icon name="down" size={16} />
          {unread > 0 ? `${unread} new` : "Newest"}
        </button>
      )}
    </div>
  );
}

/** Where the log stands: kept at the end, or kept still while older messages come in above. */
function useScroll(timeline: Snapshot["timeline"], visible: boolean) {
  const scroller = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const stick = useRef(true);
  const before = useRef({ oldest: Infinity, sending: 0, height: 0, top: 0 });

  const toEnd = () => {
    const log = scroller.current;
    if (log) log.scrollTop = log.scrollHeight;
  };

  const onScroll = () => {
    const log = scroller.current;
    if (!log || log.clientHeight === 0) return; // hidden: not the reader's doing
    before.current.top = log.scrollTop;
    stick.current = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
    setAtEnd(stick.current);
  };

  const oldest = timeline.messages[0]?.index ?? Infinity;
  const sending = timeline.outbox.filter((o) => o.state === "sending").length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: every change of the timeline may change the height
  useLayoutEffect(() => {
    const log = scroller.current;
    if (!log || !visible) return;
    const was = before.current;
    if (stick.current || sending > was.sending) {
      log.scrollTop = log.scrollHeight;
    } else if (oldest < was.oldest) {
      log.scrollTop = was.top + log.scrollHeight - was.height;
    }
    before.current = { oldest, sending, height: log.scrollHeight, top: log.scrollTop };
  }, [timeline, oldest, sending, visible]);

  // The log itself changes its height: a growing text field, a keyboard, a turned phone.
  useEffect(() => {
    const log = scroller.current;
    if (!log) return;
    const observer = new ResizeObserver(() => {
      if (stick.current) log.scrollTop = log.scrollHeight;
    });
    observer.observe(log);
    return () => observer.disconnect();
  }, []);

  return { scroller, atEnd, onScroll, toEnd };
}
