import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";
import { addressOf, type Place, placeOf } from "./place";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("popstate", listener);
  };
}

/** The address of the page, which changes without loading it anew. */
export function usePlace(): Place {
  return placeOf(useSyncExternalStore(subscribe, () => location.search));
}

export function go(place: Place): void {
  history.pushState(null, "", addressOf(place));
  scrollTo({ top: 0 });
  for (const listener of [...listeners]) listener();
}

interface Props extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: Place;
}

/** A link to another view of the page; with a modifier key it is any other link. */
export function Link({ to, ...rest }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return <a href={addressOf(to)} onClick={follow} {...rest} />;
}
