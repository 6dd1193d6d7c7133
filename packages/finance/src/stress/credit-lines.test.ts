// Credit lines under a scenario, worked out by hand: what is due by when, and what can still be drawn. All figures synthetic.
import { expect, it } from "vitest";
import { resolved } from "../scenarios/test-scenario.ts";
import { concludeStress, shardsOf, valueShard } from "./index.ts";
import type { StressOutcome } from "./outcome.ts";
import { bookAsset, creditLine, ladderRow, testBook } from "./test-book.ts";

/** 100 in all, of which 5 are due within 30 days and 10 more within 90. */
const held = (change: Record<string, unknown>) =>
  testBook(
    [
      bookAsset("a", "cash", { bucket: "1d", value: "20.00" }),
      bookAsset("b", "equity", { bucket: "30d", value: "80.00" }),
    ],
    {
      ladder: [ladderRow("liability", "30d", "5"), ladderRow("liability", "90d", "10")],
      ...change,
    },
  );
const run = (book: ReturnType<typeof held>, given: object): StressOutcome => {
  const scenario = resolved(given);
  return concludeStress(
    book,
    scenario,
    shardsOf(book).map((shard) => valueShard(book, scenario, shard)),
  );
};

it("what is drawn is due when its line ends, in the line's own days when it is called; the rest can be drawn", () => {
  const creditLines = [
    creditLine("10", "4"), // 823 days to go, due in 10 days once called
    creditLine("6", "2", { line: "RCF-2", expiresOn: "2026-12-29" }), // 90 days to go
    creditLine("3", "1", { line: "RCF-3", expiresOn: "2026-09-29" }), // over
    creditLine("9", "9", { line: "RCF-4", currency: "EUR" }),
  ];
  const at = (factors: object, more: object = {}) => run(held({ creditLines }), { factors, ...more });
  const calm = at({ "equity.all.all": -0.1 });
  const due = ({ rcr }: StressOutcome) => rcr.map(({ liabilities }) => liabilities);
  // planned 0 0 5 10: 1 at once, 2 within 90 days, 4 beyond the year
  const planned = due(run(held({}), { factors: { "equity.all.all": -0.1 } }));
  const plus = (amounts: number[]) => planned.map((amount, h) => (Number(amount) + amounts[h]!).toFixed(2));
  expect(due(calm)).toEqual(plus([1, 1, 1, 3, 3, 3, 7]));
  expect(calm.rcrBefore.map(({ liabilities }) => liabilities)).toEqual(due(calm));
  expect(calm.creditLines).toEqual([
    { line: "RCF-1", undrawn: "6.00", expiresOn: "2028-12-31" },
    { line: "RCF-2", undrawn: "4.00", expiresOn: "2026-12-29" },
    { line: "RCF-3", undrawn: "0.00", expiresOn: "2026-09-29" },
  ]);
  expect(calm.notes).toContain("1 credit lines in another currency are not counted.");
  // withdrawn: all 7 due, 4 + 2 of it within 10 days, which is the bucket of 30
  const pulled = at({ "facility.available": 0 });
  expect(due(pulled)).toEqual(plus([1, 1, 7, 7, 7, 7, 7]));
  expect(pulled.creditLines?.map(({ undrawn }) => undrawn)).toEqual(["0.00", "0.00", "0.00"]);
  // half stands: 5 of 10 (4 drawn), 3 of 6 (2 drawn): nothing is called but what is over
  const half = at({ "facility.available": 0.5 });
  expect(due(half)).toEqual(due(calm));
  expect(half.creditLines?.map(({ undrawn }) => undrawn)).toEqual(["1.00", "1.00", "0.00"]);
  // after a quarter the second line is over too
  const later = at({ "equity.all.all": [-0.1, -0.1] }, { periods: { unit: "quarter", count: 2 } });
  expect(later.creditLines?.map(({ undrawn }) => undrawn)).toEqual(["6.00", "0.00", "0.00"]);
});
