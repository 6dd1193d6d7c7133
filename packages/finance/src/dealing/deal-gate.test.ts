// Gates compared over one book are the gates of as many whole days.
import fc from "fast-check";
import { expect, it } from "vitest";
import { arbitraryDeal, LONG, must, RUNS } from "./arbitrary-day.ts";
import { deal } from "./deal.ts";
import { readDay } from "./deal-book.ts";
import { compareGates } from "./deal-gate.ts";

const BASES = ["gross", "net"] as const;
const CARRIES = ["auto_pari_passu", "priority_by_vintage"] as const;

it("each comparison says what the day would have said", { timeout: LONG }, () => {
  let compared = 0;
  fc.assert(
    fc.property(arbitraryDeal, fc.integer({ min: 1, max: 30 }), (input, percent) => {
      const { gate } = input.lmt;
      if (gate === undefined) return;
      const tried = BASES.flatMap((basis) =>
        CARRIES.map((carry) => ({ gate: { ...gate, basis, share: String(percent / 100) }, carry })),
      );
      const whole = tried.map((way) => deal({ ...input, lmt: { ...input.lmt, ...way } }).gate);
      must(JSON.stringify(compareGates(readDay(input), tried)) === JSON.stringify(whole), "the gate of the day");
      compared += whole.length;
    }),
    { numRuns: RUNS.numRuns / 4 },
  );
  expect(compared).toBeGreaterThan(RUNS.numRuns / 4);
});
