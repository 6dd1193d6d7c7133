// Which figure is explained at the moment, and by which others one came to it. One panel for the whole dashboard.
import type { FigureRef } from "@evergreen-fund/domain/figures.ts";
import { useSyncExternalStore } from "react";

export interface Opened extends FigureRef {
  /** The value of what the page itself computed, exactly; left out where the database says it. */
  shown?: string;
}

let path: readonly Opened[] = [];
const watchers = new Set<() => void>();

function go(next: readonly Opened[]): void {
  path = next;
  for (const watcher of watchers) watcher();
}

export const openFigure = (figure: Opened): void => go([figure]);
/** An input that is a figure of its own. */
export const openInput = (figure: Opened): void => go([...path, figure]);
export const backToFigure = (): void => go(path.slice(0, -1));
export const closeFigure = (): void => go([]);

export const useOpened = (): readonly Opened[] =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => path,
  );
