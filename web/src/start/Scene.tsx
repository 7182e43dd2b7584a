/** A small drawing of a conversation, for the eye only. */
export function Scene() {
  return (
    <svg className="scene" viewBox="0 0 340 300" aria-hidden="true">
      <rect className="scene-card" x="10" y="10" width="320" height="280" rx="24" />
      <circle className="scene-dot" cx="46" cy="48" r="16" />
      <path className="scene-line" d="M76 42h86M76 56h52" />
      <path className="scene-rule" d="M10 82h320" />
      <path
        className="scene-in"
        d="M34 108h128a16 16 0 0 1 16 16v14a16 16 0 0 1-16 16H50a16 16 0 0 1-16-16Z"
      />
      <path className="scene-words" d="M52 125h104M52 138h66" />
      <path
        className="scene-out"
        d="M306 172H162a16 16 0 0 0-16 16v14a16 16 0 0 0 16 16h128a16 16 0 0 0 16-16Z"
      />
      <path className="scene-words light" d="M164 189h118M164 202h80" />
      <path className="scene-in" d="M34 236h52a14 14 0 0 1 14 14v2a14 14 0 0 1-14 14H48a14 14 0 0 1-14-14Z" />
      <g className="scene-typing">
        <circle cx="54" cy="251" r="3.5" />
        <circle cx="67" cy="251" r="3.5" />
        <circle cx="80" cy="251" r="3.5" />
      </g>
      <circle className="scene-amber" cx="300" cy="250" r="16" />
      <path className="scene-tick" d="m293 250 5 5 9-10" />
    </svg>
  );
}
