import type { Box } from "./layout";

export type Direction = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

/** The nearest box in a direction, for the arrow keys; undefined at the edge. What lies straight ahead counts as nearer. */
export function neighbour(boxes: readonly Box[], from: Box, direction: Direction): Box | undefined {
  let best: Box | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const box of boxes) {
    if (box === from) continue;
    const dx = box.x + box.width / 2 - (from.x + from.width / 2);
    const dy = box.y + box.height / 2 - (from.y + from.height / 2);
    const [ahead, aside] = {
      ArrowUp: [-dy, dx],
      ArrowDown: [dy, dx],
      ArrowLeft: [-dx, dy],
      ArrowRight: [dx, dy],
    }[direction] as [number, number];
    if (ahead <= 0 || Math.abs(aside) > ahead * 2) continue;
    const cost = ahead + Math.abs(aside) * 2;
    if (cost < least) {
      least = cost;
      best = box;
    }
  }
  return best;
}
