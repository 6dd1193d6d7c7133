// Work that a process takes again and again for as long as it lives, and that ends at once when the process stops.
export interface Repeating {
  readonly done: Promise<void>;
  stop(): void;
}

/** Takes `turn` at once and then `everyMs` after each end. A turn says itself what went wrong: one that rejects ends the loop. */
export function repeating(turn: () => Promise<void>, everyMs: number): Repeating {
  let wake = (): void => {};
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await turn();
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    done: loop(),
    stop() {
      stopped = true;
      wake();
    },
  };
}
