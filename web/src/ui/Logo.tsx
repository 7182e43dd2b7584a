import { useId } from "react";

const front =
  "M8 3h10a6 6 0 0 1 6 6v4a6 6 0 0 1-6 6h-6l-5 4.6c-.6.6-1.6.1-1.6-.7v-4.5A6 6 0 0 1 2 13V9a6 6 0 0 1 6-6Z";
const back =
  "M17.5 11h7a5.5 5.5 0 0 1 5.5 5.5v3a5.5 5.5 0 0 1-2 4.2v4.4c0 .8-1 1.3-1.6.7L22.6 25h-5.1a5.5 5.5 0 0 1-5.5-5.5v-3a5.5 5.5 0 0 1 5.5-5.5Z";

/** Parley's mark: two bubbles, two sides of one conversation. public/favicon.svg is the same drawing. */
export function Logo({ size = 28 }: { size?: number }) {
  const gap = useId();
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <mask id={gap}>
        <path fill="#fff" d="M0 0h32v32H0z" />
        <path stroke="#000" strokeWidth="3.5" d={front} />
      </mask>
      <path className="logo-back" mask={`url(#${gap})`} d={back} />
      <path className="logo-front" d={front} />
      <path className="logo-lines" d="M7.5 9h11M7.5 13h6.5" />
    </svg>
  );
}
