import { type KeyboardEvent, useRef } from "react";
import type { ChatSession } from "../chat/session";
import { useSession } from "../chat/useSession";
import type { Side } from "./GuidePage";
import type { GuideSnapshot } from "./guide";

interface Props {
  shown: Side;
  onShow: (side: Side) => void;
  state: GuideSnapshot;
}

const sides: { side: Side; label: string }[] = [
  { side: "customer", label: "Customer" },
  { side: "agent", label: "Agent" },
];

/** The two sides as tabs, where the screen is too narrow for both (ARIA tabs, automatic activation). */
export function Tabs({ shown, onShow, state }: Props) {
  const list = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent) => {
    const at = sides.findIndex(({ side }) => side === shown);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: sides.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const side = sides.at(next % sides.length)?.side;
    if (!side) return;
    onShow(side);
    list.current?.querySelector<HTMLElement>(`#tab-${side}`)?.focus();
  };

  return (
    <div
      className="tabs"
      role="tablist"
      aria-label="Sides of the conversation"
      ref={list}
      onKeyDown={onKeyDown}
    >
      {sides.map(({ side, label }) => (
        <button
          key={side}
          type="button"
          role="tab"
          id={`tab-${side}`}
          aria-controls={`side-${side}`}
          aria-selected={shown === side}
          tabIndex={shown === side ? 0 : -1}
          className={side}
          onClick={() => onShow(side)}
        >
          {label}
          <Badge session={state[side]} waiting={side === "agent" && !!state.channelSid && !state.agent} />
        </button>
      ))}
    </div>
  );
}

function Badge({ session, waiting }: { session: ChatSession | null; waiting: boolean }) {
  if (session) return <Unread session={session} />;
  return waiting ? (
    <span className="badge">
      1<span className="sr-only"> waiting</span>
    </span>
  ) : null;
}

function Unread({ session }: { session: ChatSession }) {
  const { unread } = useSession(session);
  return unread > 0 ? (
    <span className="badge">
      {unread}
      <span className="sr-only"> unread</span>
    </span>
  ) : null;
}
