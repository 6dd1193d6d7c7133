// Whether amounts are hidden, for who shows the screen to others. What is hidden is never written: not into the page, a title or what is copied.
import { useSyncExternalStore } from "react";

export const MASK = "•••";

let hidden = false;
const watchers = new Set<() => void>();

export const amountsAreHidden = (): boolean => hidden;

export function hideAmounts(next: boolean): void {
  hidden = next;
  for (const watcher of watchers) watcher();
}

/** Whoever writes figures calls it, so that it is written again when they are hidden or shown. */
export const useHiddenAmounts = (): boolean =>
  useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, amountsAreHidden);

/** A sentence of the server without the figures in it; dates, rules and codes of a letter and a number stay. */
export const wordsWithout = (text: string): string =>
  hidden ? text.replace(/(?<![\w.,-])[−+-]?\d[\d,]*(\.\d+)?(?![\w-])/g, MASK) : text;
