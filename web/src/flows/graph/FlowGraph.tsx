import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { type Fault, faultsOf, type Widget } from "../model";
import { pathKey, type Trace } from "../trace";
import { doingOf, labelOf } from "../words";
import { type Box, draw } from "./layout";
import { type Direction, neighbour } from "./neighbour";
import { useView } from "./useView";
import { reveal } from "./view";
import { type Marks, WidgetBox } from "./WidgetBox";

/** What the server found wrong with a definition. */
export interface Faults {
  errors: readonly Fault[];
  warnings: readonly Fault[];
}

interface Props {
  label: string;
  widgets: readonly Widget[];
  faults?: Faults;
  /** How many warnings an execution left at a widget. */
  met?: ReadonlyMap<string, number>;
  trace?: Trace;
  changes?: ReadonlyMap<string, NonNullable<Marks["change"]>>;
  selected: string | null;
  onSelect: (name: string | null) => void;
}

const none = { errors: [], warnings: [] };

/** A flow as a graph. One widget is in the order of the Tab key; the arrow keys go on from it. */
export function FlowGraph({ label, widgets, faults = none, met, trace, changes, selected, onSelect }: Props) {
  const [tidy, setTidy] = useState(false);
  const drawing = useMemo(() => draw(widgets, tidy), [widgets, tidy]);
  const svg = useRef<SVGSVGElement>(null);
  const nodes = useRef(new Map<number, SVGGElement>());
  const { boxes } = drawing;
  const boxNamed = (name: string | null | undefined) => boxes.find((box) => box.widget.name === name);
  const current = boxNamed(trace?.current);
  const { view, size, setView, wasDragged, zoomBy, showAll } = useView(
    svg,
    drawing.bounds,
    current ?? boxes[0],
  );
  const [entry, setEntry] = useState<number | null>(null);
  const reachable = boxes[entry ?? -1] ?? boxNamed(selected) ?? current ?? boxes[0];

  // What is chosen elsewhere, and where an execution goes, is brought into sight.
  const chosen = boxNamed(selected);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks when it is another one, not whenever one moves the drawing
  useEffect(() => {
    if (chosen && size.width > 0) setView((now) => reveal(now, chosen, size));
  }, [chosen?.widget.name]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: likewise
  useEffect(() => {
    if (current && size.width > 0) setView((now) => reveal(now, current, size));
  }, [current?.widget.name]);

  const onKey = (box: Box) => (event: KeyboardEvent<SVGGElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") onSelect(box.widget.name);
    else if (event.key === "Escape") onSelect(null);
    else if (event.key === "+" || event.key === "=") zoomBy(1.25);
    else if (event.key === "-") zoomBy(0.8);
    else if (event.key === "0") showAll();
    else if (event.key.startsWith("Arrow")) {
      const next = neighbour(boxes, box, event.key as Direction);
      if (next) nodes.current.get(boxes.indexOf(next))?.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
  };

  return (
    <section className="graph" aria-label={label}>
      <div className="graph-tools" role="toolbar" aria-label="View">
        <button type="button" onClick={() => zoomBy(1.25)} aria-label="Zoom in" title="Zoom in (+)">
          +
        </button>
        <button type="button" onClick={() => zoomBy(0.8)} aria-label="Zoom out" title="Zoom out (−)">
          −
        </button>
        <button type="button" onClick={showAll} title="Show all (0)">
          Fit
        </button>
        {(drawing.asDrawn || tidy) && (
          <button
            type="button"
            aria-pressed={tidy}
            onClick={() => setTidy(!tidy)}
            title="Place the widgets anew"
          >
            Tidy
          </button>
        )}
      </div>
      {/* biome-ignore lint/a11y/noSvgWithoutTitle: the section has the name; a title would show under the pointer everywhere */}
      <svg ref={svg} className={trace ? "traced" : undefined}>
        <defs>
          {["plain", "taken"].map((kind) => (
            <marker
              key={kind}
              id={`arrow-${kind}`}
              className={`arrow ${kind}`}
              viewBox="0 0 10 10"
              refX="8"
              refY="5"
              markerWidth="7"
              markerHeight="7"
              orient="auto-start-reverse"
            >
              <path d="M0 0 10 5 0 10z" />
            </marker>
          ))}
        </defs>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the ground takes a click away from a widget; Escape does it too */}
        <rect className="ground" width="100%" height="100%" onClick={() => !wasDragged() && onSelect(null)} />
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          {drawing.wires.map(({ key, from, outlet, to, path }) => {
            const taken = trace?.taken.has(pathKey(from.widget.name, outlet.event, to.widget.name)) ?? false;
            const near = selected === from.widget.name || selected === to.widget.name;
            return (
              <path
                key={key}
                className={`wire${taken ? " taken" : ""}${near ? " near" : ""}`}
                d={path}
                markerEnd={`url(#arrow-${taken || near ? "taken" : "plain"})`}
              />
            );
          })}
          {boxes.map((box, n) => {
            const { widget } = box;
            const marks = {
              errors: faultsOf(faults.errors, widget).length,
              warnings: faultsOf(faults.warnings, widget).length + (met?.get(widget.name) ?? 0),
              visited: trace?.visited.has(widget.name) ?? false,
              current: box === current,
              ...withChange(changes?.get(widget.name)),
            };
            return (
              <WidgetBox
                key={widget.index}
                ref={(node) => {
                  if (node) nodes.current.set(n, node);
                  else nodes.current.delete(n);
                }}
                box={box}
                marks={marks}
                description={describe(widget, marks)}
                selected={selected === widget.name}
                reachable={box === reachable}
                onSelect={() => !wasDragged() && onSelect(widget.name)}
                onFocus={() => {
                  setEntry(n);
                  setView((now) => reveal(now, box, size));
                }}
                onKeyDown={onKey(box)}
              />
            );
          })}
        </g>
      </svg>
      <p className="graph-hint with-mouse">
        Drag to move. Zoom with Ctrl and the wheel. With the keyboard: arrows, Enter, + − 0.
      </p>
      <p className="graph-hint by-touch">Drag to move, zoom with two fingers, touch a widget to see more.</p>
    </section>
  );
}

function withChange(change: Marks["change"]): Pick<Marks, "change"> {
  return change ? { change } : {};
}

/** What a screen reader tells of a widget beside its words. */
function describe(widget: Widget, marks: Marks): string {
  const ways = widget.transitions
    .filter(({ next }) => next)
    .map((way) => `${labelOf(widget, way)}: ${way.next}`)
    .join(", ");
  return [
    doingOf(widget),
    ways ? `Leads on ${ways}` : "Ends here",
    marks.current && "The conversation is here now",
    marks.visited && !marks.current && "The conversation was here",
  ]
    .filter(Boolean)
    .join(". ");
}
