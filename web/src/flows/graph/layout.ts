/** Where the widgets of a flow stand. Pure: the same definition gives the same picture. */

import { Graph, layout } from "@dagrejs/dagre";
import { record, type Widget } from "../model";
import { doingOf, labelOf } from "../words";
import { type Line, wirePath } from "./wire";
import { wrap } from "./wrap";

/** A way out of a widget, drawn at its lower edge. */
export interface Outlet {
  /** As much of it as fits. */
  label: string;
  event: string;
  next: string;
  /** From the left edge of the box. */
  x: number;
  width: number;
  /** It names a widget that is not there. */
  broken: boolean;
}

export interface Box {
  widget: Widget;
  x: number;
  y: number;
  width: number;
  height: number;
  /** What it does, in lines that fit. */
  lines: string[];
  outlets: Outlet[];
}

/** A transition between two boxes. */
export interface Wire {
  key: string;
  from: Box;
  outlet: Outlet;
  to: Box;
  path: string;
}

export interface Drawing {
  boxes: Box[];
  wires: Wire[];
  /** The smallest rectangle around all. */
  bounds: { x: number; y: number; width: number; height: number };
  /** True where the places are the author's own, false where they were computed. */
  asDrawn: boolean;
}

const MIN_WIDTH = 248;
const OUTLET_WIDTH = 92;
const HEAD = 62; // type, name and the space around them
const LINE = 17;
const OUTLETS = 30;
const PAD = 12;
const TEXT_PX = 6.7; // of an average character at the size of the sentence
const LABEL_PX = 6.4;
/** Between boxes, so that lines and their arrows have room. */
const GAP = { across: 40, down: 64 };

/** Draws a flow at its author's places, or tidily where those are missing, overlap, or are not wanted. */
export function draw(widgets: readonly Widget[], tidy = false): Drawing {
  const boxes = widgets.map(boxOf);
  const asDrawn = !tidy && placeAsDrawn(boxes);
  if (!asDrawn) placeTidily(boxes);
  const bounds = boundsOf(boxes);
  return { boxes, wires: wiresOf(boxes, bounds), bounds, asDrawn };
}

function boxOf(widget: Widget): Box {
  // Triggers have a way out for every kind of start; only those that lead somewhere say anything.
  const ways = widget.transitions.filter(({ next }) => next || widget.type !== "trigger");
  const width = Math.max(MIN_WIDTH, ways.length * OUTLET_WIDTH);
  const lines = wrap(doingOf(widget), (width - 2 * PAD) / TEXT_PX, 2);
  const each = width / Math.max(1, ways.length);
  const outlets = ways.map((way, n) => {
    const [label = ""] = wrap(labelOf(widget, way), (each - 6) / LABEL_PX, 1);
    return { label, event: way.event, next: way.next, x: n * each, width: each, broken: false };
  });
  const height = HEAD + lines.length * LINE + (outlets.length > 0 ? OUTLETS : 4);
  return { widget, x: 0, y: 0, width, height, lines, outlets };
}

/** Takes the author's places; false where one is missing or boxes would cover each other. */
function placeAsDrawn(boxes: Box[]): boolean {
  for (const box of boxes) {
    const { x, y } = record(box.widget.properties.offset);
    if (typeof x !== "number" || typeof y !== "number" || !Number.isFinite(x + y)) return false;
    box.x = x;
    box.y = y;
  }
  return !boxes.some((a, n) => boxes.slice(n + 1).some((b) => overlap(a, b)));
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function placeTidily(boxes: Box[]): void {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: GAP.across, ranksep: GAP.down });
  graph.setDefaultEdgeLabel(() => ({}));
  const byName = namesOf(boxes);
  for (const [n, box] of boxes.entries()) graph.setNode(String(n), { width: box.width, height: box.height });
  for (const [n, box] of boxes.entries())
    for (const [m, { next }] of box.outlets.entries()) {
      const to = byName.get(next);
      if (to && to !== box) graph.setEdge(String(n), String(boxes.indexOf(to)), {}, String(m));
    }
  layout(graph);
  for (const [n, box] of boxes.entries()) {
    const { x, y } = graph.node(String(n));
    box.x = (x ?? 0) - box.width / 2;
    box.y = (y ?? 0) - box.height / 2;
  }
}

function namesOf(boxes: Box[]): Map<string, Box> {
  // The first of a name is the one that the server goes to; it has told of the others.
  return new Map(boxes.toReversed().map((box) => [box.widget.name, box]));
}

function wiresOf(boxes: Box[], bounds: Drawing["bounds"]): Wire[] {
  const byName = namesOf(boxes);
  const wires: Wire[] = [];
  for (const from of boxes)
    for (const [n, outlet] of from.outlets.entries()) {
      if (!outlet.next) continue;
      const to = byName.get(outlet.next);
      outlet.broken = !to;
      if (!to) continue;
      const line: Line = {
        start: { x: from.x + outlet.x + outlet.width / 2, y: from.y + from.height },
        end: { x: to.x + to.width / 2, y: to.y },
        from,
        to,
      };
      const path = wirePath(line);
      grow(bounds, path.reach);
      wires.push({ key: `${from.widget.index}.${n}`, from, outlet, to, path: path.d });
    }
  return wires;
}

function boundsOf(boxes: Box[]): Drawing["bounds"] {
  if (boxes.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** Takes in a line that runs beside all boxes. */
function grow(bounds: Drawing["bounds"], x: number): void {
  const right = bounds.x + bounds.width;
  if (x < bounds.x) {
    bounds.x = x;
    bounds.width = right - x;
  } else if (x > right) bounds.width = x - bounds.x;
}
