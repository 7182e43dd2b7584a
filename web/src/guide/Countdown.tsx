import { useEffect, useState } from "react";
import { secondsLeft, type Work } from "../desk/model";
import { minutes } from "../lib/time";

/** A ring that empties while an offer stands, with the time in it. */
export function Countdown({ work }: { work: Work }) {
  const left = useSecondsLeft(work);
  const share = Math.min(1, (left * 1000) / work.offeredFor);
  return (
    <span className="countdown" role="timer" aria-label={`${left} seconds left`}>
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle className="countdown-track" cx="50" cy="50" r="45" />
        <circle
          className="countdown-rest"
          cx="50"
          cy="50"
          r="45"
          pathLength={1}
          strokeDasharray={1}
          strokeDashoffset={1 - share}
        />
      </svg>
      <span aria-hidden="true">{minutes(left)}</span>
    </span>
  );
}

/** The time alone. */
export function TimeLeft({ work }: { work: Work }) {
  return <>{minutes(useSecondsLeft(work))}</>;
}

function useSecondsLeft(work: Work): number {
  const [left, setLeft] = useState(() => secondsLeft(work, Date.now()));
  useEffect(() => {
    const tick = () => setLeft(secondsLeft(work, Date.now()));
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [work]);
  return left;
}
