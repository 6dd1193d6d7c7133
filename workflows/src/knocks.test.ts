// Knocks inside a real workflow context: none is slept through, and an old one wakes nobody.
import { describe, expect, it } from "vitest";
import { inWorkflow } from "./test-workflow.ts";

const { countKnocks } = await import("./knocks.ts");

/** Whether a wait for a knock beyond `heard` is over. */
function waiting(beyond: (heard: number, timeoutMs: number) => Promise<void>, heard: number): () => boolean {
  let over = false;
  void beyond(heard, 60_000).then(() => {
    over = true;
  });
  return () => over;
}

describe("waiting for a knock", () => {
  it("ends with a knock that came since the count was taken, also before the wait began", () =>
    inWorkflow(async ({ signal, commands }) => {
      const { heard, beyond } = countKnocks();
      const before = heard();
      await signal("knock"); // while the row is being read
      const over = waiting(beyond, before);
      await new Promise((turn) => setImmediate(turn));
      expect(over()).toBe(true);
      // the timer is not left behind
      expect(commands().map((command) => Object.keys(command)[0])).toEqual(["startTimer", "cancelTimer"]);
    }));

  it("goes on for knocks that were heard before, and ends with the next", () =>
    inWorkflow(async ({ signal, commands }) => {
      const { heard, beyond } = countKnocks();
      await signal("knock");
      const over = waiting(beyond, heard());
      await new Promise((turn) => setImmediate(turn));
      expect(over()).toBe(false);
      expect(commands().map(({ startTimer }) => Number(startTimer?.startToFireTimeout?.seconds))).toEqual([60]);
      await signal("knock");
      expect(over()).toBe(true);
    }));
});
