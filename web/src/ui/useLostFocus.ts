import { type RefObject, useEffect } from "react";

/** Marks an element that holds the focus only until something better is there. */
export const PARKED = "data-parked";

/**
 * Takes the focus when it was lost with the control that had it, so that a
 * keyboard goes on from there; never from where a person has put it.
 * @param engaged whether that person was last at work in this part of the page
 * @param step what it stands for; a new one is a new reason to look
 */
export function useLostFocus(ref: RefObject<HTMLElement | null>, engaged: boolean, step?: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks at each step, not whenever the pane is entered
  useEffect(() => {
    const now = document.activeElement;
    const lost = !now || now === document.body || now.hasAttribute(PARKED);
    if (engaged && lost) ref.current?.focus({ preventScroll: true });
  }, [step]);
}
