// The share of scenarios that still pay their gate, where some last to the horizon and some know no gate.
import { expect, it } from "vitest";
import { survivalCurve } from "./survival.ts";

const of = (survival: string | null) => ({
  scenario_id: `s${survival}`,
  title: "synthetic",
  survival,
  frontier: [],
  largest_redemption: null,
  smallest_haircut: null,
});

it("falls from all to those that last", () => {
  const curve = survivalCurve([of("0"), of("2"), of(">=3"), of(null)]);
  expect(curve.map(({ quarter, holding, of: all }) => [quarter, holding, all])).toEqual([
    [0, 3, 3],
    [1, 2, 3],
    [2, 2, 3],
    [3, 1, 3],
  ]);
  expect(curve[1]?.share).toBe("0.666667");
});

it("is not drawn where no scenario has a gate", () => expect(survivalCurve([of(null)])).toEqual([]));
