import { type KeyboardEvent, useRef } from "react";
import type { ChatSession } from "../chat/session";
import { useSession } from "../chat/useSession";
import type { Desk } from "../desk/desk";
import { useTalks, useWorker } from "../desk/useDesk";
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
          {side === "customer" && state.customer && <CustomerBadge session={state.customer} />}
          {side === "agent" && state.desk && <AgentBadge desk={state.desk} />}
        </button>
      ))}
    </div>
  );
}

function CustomerBadge({ session }: { session: ChatSession }) {
  return <Badge count={useSession(session).unread} of="unread" />;
}

function AgentBadge({ desk }: { desk: Desk }) {
  const { works } = useWorker(desk.worker);
  const talks = useTalks(desk);
  const waiting = works.filter((work) => work.status === "pending").length;
  if (waiting > 0) return <Badge count={waiting} of="waiting" />;
  return <Badge count={[...talks.values()].reduce((sum, { unread }) => sum + unread, 0)} of="unread" />;
}

function Badge({ count, of }: { count: number; of: string }) {
  if (count === 0) return null;
  return (
    <span className="badge">
      {count}
      <span className="sr-only"> {of}</span>
    </span>
  );
}
