import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { type Area, frame, pan, type Size, type View, zoom } from "./view";

/** A drag that is shorter is a click. */
const DRAG_PX = 4;

/** Pan and zoom of a drawing in an element: by pointer (one drags, two pinch), by wheel with Ctrl, and by what it returns. */
export function useView(element: RefObject<SVGSVGElement | null>, bounds: Area, focus: Area | undefined) {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const dragged = useRef(false);
  const started = useRef("");

  useLayoutEffect(() => {
    const svg = element.current;
    if (!svg) return;
    const measure = () => setSize({ width: svg.clientWidth, height: svg.clientHeight });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(svg);
    return () => watch.disconnect();
  }, [element]);

  // A drawing is shown whole when it comes, and when the window changes; not when a widget is only marked in another way.
  const key = `${size.width} ${size.height} ${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height}`;
  useLayoutEffect(() => {
    if (size.width === 0 || started.current === key) return;
    started.current = key;
    setView(frame(bounds, size, focus));
  }, [key, size, bounds, focus]);

  useEffect(() => {
    const svg = element.current;
    if (!svg) return;
    const pointers = new Map<number, { x: number; y: number }>();
    const local = (event: MouseEvent) => {
      const { left, top } = svg.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    const down = (event: PointerEvent) => {
      if (event.button !== 0) return;
      if (pointers.size === 0) dragged.current = false;
      pointers.set(event.pointerId, local(event));
    };
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = local(event);
      if (!dragged.current && Math.hypot(now.x - before.x, now.y - before.y) < DRAG_PX) return;
      dragged.current = true;
      if (!svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, now);
      setView((view) => {
        if (!other) return pan(view, now.x - before.x, now.y - before.y);
        const factor =
          Math.hypot(now.x - other.x, now.y - other.y) /
          (Math.hypot(before.x - other.x, before.y - other.y) || 1);
        const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
        return zoom(view, factor, middle);
      });
    };
    const up = (event: PointerEvent) => pointers.delete(event.pointerId);
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const at = local(event);
      setView((view) => zoom(view, Math.exp(-event.deltaY / 300), at));
    };
    svg.addEventListener("pointerdown", down);
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", up);
    svg.addEventListener("pointercancel", up);
    svg.addEventListener("wheel", wheel, { passive: false });
    return () => {
      svg.removeEventListener("pointerdown", down);
      svg.removeEventListener("pointermove", move);
      svg.removeEventListener("pointerup", up);
      svg.removeEventListener("pointercancel", up);
      svg.removeEventListener("wheel", wheel);
    };
  }, [element]);

  return {
    view,
    size,
    setView,
    /** True just after a drag, whose end is no click. */
    wasDragged: () => dragged.current,
    zoomBy: (factor: number) =>
      setView((view) => zoom(view, factor, { x: size.width / 2, y: size.height / 2 })),
    showAll: () => setView(frame(bounds, size)),
  };
}
