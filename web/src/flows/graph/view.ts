/** Which part of a drawing is seen, and how large. Screen = drawing × scale + offset. */

export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Area extends Size {
  x: number;
  y: number;
}

const MIN = 0.12;
const MAX = 2;
/** Below this, words cannot be read; a flow that does not fit is then shown from its beginning. */
const LEGIBLE = 0.55;
const MARGIN = 24;

/** Shows all of a drawing, or where that would be too small to read, the part around `focus` (its middle above). */
export function frame(bounds: Area, size: Size, focus?: Area): View {
  const whole = Math.min(
    (size.width - 2 * MARGIN) / bounds.width,
    (size.height - 2 * MARGIN) / bounds.height,
    1,
  );
  if (!Number.isFinite(whole) || whole <= 0) return { x: MARGIN, y: MARGIN, scale: 1 };
  if (whole >= LEGIBLE || !focus) {
    const scale = Math.max(whole, MIN);
    return {
      scale,
      x: (size.width - bounds.width * scale) / 2 - bounds.x * scale,
      y: (size.height - bounds.height * scale) / 2 - bounds.y * scale,
    };
  }
  const scale = Math.min(0.8, Math.max(LEGIBLE, (size.width - 2 * MARGIN) / focus.width));
  return {
    scale,
    x: size.width / 2 - (focus.x + focus.width / 2) * scale,
    y: Math.min(MARGIN - bounds.y * scale, size.height / 3 - focus.y * scale),
  };
}

/** Zooms by a factor about a point of the screen, which stays where it is. */
export function zoom(view: View, factor: number, at: { x: number; y: number }): View {
  const scale = Math.min(MAX, Math.max(MIN, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
}

export function pan(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

/** Moves a view as little as shows an area whole, or the middle of its upper edge where it does not fit. */
export function reveal(view: View, area: Area, size: Size): View {
  const left = area.x * view.scale + view.x;
  const top = area.y * view.scale + view.y;
  const dx = shift(left, left + area.width * view.scale, size.width);
  const dy = shift(top, top + area.height * view.scale, size.height);
  return dx || dy ? pan(view, dx, dy) : view;
}

function shift(from: number, to: number, size: number): number {
  if (to - from > size - 2 * MARGIN) return from < MARGIN || from > size / 2 ? MARGIN - from : 0;
  if (from < MARGIN) return MARGIN - from;
  if (to > size - MARGIN) return size - MARGIN - to;
  return 0;
}
