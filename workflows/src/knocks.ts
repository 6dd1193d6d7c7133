// The knocks a run has had. A knock only says "look again": whoever looks takes the count before the look and waits for one beyond it, so that
// a knock that comes while the row is being read is not slept through.
import { condition, setHandler } from "@temporalio/workflow";
import { knock } from "./signals.ts";

export interface Knocks {
  /** How many there were up to now. */
  heard(): number;
  /** Waits until there are more than `heard`, or the time is over. */
  beyond(heard: number, timeoutMs: number): Promise<void>;
}

/** Counts from now on; once per run, at its beginning. */
export function countKnocks(): Knocks {
  let count = 0;
  setHandler(knock, () => void count++);
  return {
    heard: () => count,
    beyond: async (heard, timeoutMs) => {
      await condition(() => count > heard, timeoutMs);
    },
  };
}
