/** The line of a transition: from an outlet at the lower edge of one box to the upper edge of another. */

interface Point {
  x: number;
  y: number;
}

interface Rect extends Point {
  width: number;
  height: number;
}

export interface Line {
  start: Point;
  end: Point;
  from: Rect;
  to: Rect;
}

const STUB = 22;
const LANE = 26;
const ROUND = 12;

/** The line as an SVG path, and how far to a side it reaches. */
export function wirePath({ start, end, from, to }: Line): { d: string; reach: number } {
  const down = end.y - start.y;
  if (down >= STUB) {
    const bend = Math.max(STUB, Math.min(down * 0.55, 120));
    return {
      d: `M${at(start)}C${start.x} ${start.y + bend} ${end.x} ${end.y - bend} ${at(end)}`,
      reach: start.x,
    };
  }
  // Backwards: down, to the side of both boxes, up, and in from above.
  const right = Math.max(from.x + from.width, to.x + to.width) + LANE;
  const left = Math.min(from.x, to.x) - LANE;
  const lane =
    Math.abs(right - start.x) + Math.abs(right - end.x) <= Math.abs(start.x - left) + Math.abs(end.x - left)
      ? right
      : left;
  return {
    d: rounded([
      start,
      { x: start.x, y: start.y + STUB },
      { x: lane, y: start.y + STUB },
      { x: lane, y: end.y - STUB },
      { x: end.x, y: end.y - STUB },
      end,
    ]),
    reach: lane,
  };
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

/** A line through points whose corners are rounded. */
function rounded(points: Point[]): string {
  const [first, ...rest] = points as [Point, ...Point[]];
  let d = `M${at(first)}`;
  let before = first;
  for (const [n, corner] of rest.entries()) {
    const after = rest[n + 1];
    if (after) {
      const r = Math.min(ROUND, distance(before, corner) / 2, distance(corner, after) / 2);
      d += `L${at(towards(corner, before, r))}Q${at(corner)} ${at(towards(corner, after, r))}`;
    } else d += `L${at(corner)}`;
    before = corner;
  }
  return d;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** The point that lies r away from a, on the way to b. */
function towards(a: Point, b: Point, r: number): Point {
  const part = r / (distance(a, b) || 1);
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}
