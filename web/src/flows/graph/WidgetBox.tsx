import { type KeyboardEvent, memo, type Ref } from "react";
import { type Kind, kindOf, titleOf } from "../words";
import type { Box } from "./layout";
import { wrap } from "./wrap";

/** The width of an average character of a widget's name. */
const NAME_PX = 8.6;

/** What is to be seen of a widget beside what it is. */
export interface Marks {
  errors: number;
  warnings: number;
  /** An execution has been here. */
  visited: boolean;
  /** An execution is here. */
  current: boolean;
  change?: "added" | "removed" | "changed";
}

const icons: Record<Kind, string> = {
  start: "M8 5.500v13l10.500-6.500z",
  talk: "M5 5h14v10h-8l-4 4v-4H5z",
  decide: "M12 4v5m0 0-5 5v6m5-11 5 5v6",
  call: "M9 4 5 12l4 8m6-16 4 8-4 8",
  agent: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c.800-3.500 3.500-5 7-5s6.200 1.500 7 5",
  other: "M5 7h14M5 12h14M5 17h8",
};

interface Props {
  box: Box;
  marks: Marks;
  /** All that the drawing shows beside words, and words that did not fit. */
  description: string;
  selected: boolean;
  /** True for the one box that the Tab key goes to. */
  reachable: boolean;
  ref?: Ref<SVGGElement>;
  onSelect: () => void;
  onFocus: () => void;
  onKeyDown: (event: KeyboardEvent<SVGGElement>) => void;
}

/** One widget on the graph: what it is, its name, what it does, and its ways out. Its words are its accessible name, so blanks part them. */
export const WidgetBox = memo(function WidgetBox({
  box,
  marks,
  description,
  selected,
  reachable,
  ...on
}: Props) {
  const { widget, x, y, width, height, lines, outlets } = box;
  const kind = kindOf(widget.type);
  const classes = ["widget", kind];
  if (selected) classes.push("selected");
  if (marks.visited) classes.push("visited");
  if (marks.current) classes.push("current");
  if (marks.change) classes.push(marks.change);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button of HTML cannot stand in a drawing
    <g
      ref={on.ref}
      className={classes.join(" ")}
      transform={`translate(${x} ${y})`}
      role="button"
      aria-description={description}
      aria-pressed={selected}
      tabIndex={reachable ? 0 : -1}
      data-widget={widget.name}
      onClick={on.onSelect}
      onFocus={on.onFocus}
      onKeyDown={on.onKeyDown}
    >
      <rect className="box" width={width} height={height} rx="10" />
      <rect className="badge" x="12" y="13" width="34" height="34" rx="9" />
      <path className="glyph" d={icons[kind]} transform="translate(17 18)" />
      <text className="type" x="56" y="26">
        {titleOf(widget.type)}{" "}
      </text>
      <text className="name" x="56" y="45">
        {wrap(widget.name, (width - 66) / NAME_PX, 1)}{" "}
      </text>
      {lines.map((line, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
        <text key={n} className="doing" x="12" y={69 + n * 17}>
          {line}{" "}
        </text>
      ))}
      {outlets.map((outlet, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the order of ways out is part of the definition
        <g key={n} className={outlet.broken ? "outlet broken" : outlet.next ? "outlet" : "outlet ends"}>
          <path className="rule" d={`M${outlet.x} ${height - 28}v28`} />
          <text x={outlet.x + outlet.width / 2} y={height - 10}>
            {outlet.label}{" "}
          </text>
          <circle cx={outlet.x + outlet.width / 2} cy={height} r="4.500" />
        </g>
      ))}
      {outlets.length > 0 && <path className="rule" d={`M0 ${height - 28}H${width}`} />}
      <Tags width={width} {...marks} />
    </g>
  );
});

/** Numbers of faults, and the word for a change, on the upper right corner. */
function Tags({ width, errors, warnings, change, current }: Marks & { width: number }) {
  const tags: [string, string][] = [];
  if (errors > 0) tags.push(["error", count(errors, "fault")]);
  if (warnings > 0) tags.push(["warning", count(warnings, "warning")]);
  if (change) tags.push([change, change]);
  if (current) tags.push(["here", "here now"]);
  let right = width - 8;
  return tags.map(([kind, words]) => {
    const size = words.length * 6.5 + 16;
    right -= size;
    const x = right;
    right -= 6;
    return (
      <g key={kind} className={`tag ${kind}`} transform={`translate(${x} -11)`}>
        <rect width={size} height="22" rx="11" />
        <text x={size / 2} y="15">
          {words}{" "}
        </text>
      </g>
    );
  });
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
