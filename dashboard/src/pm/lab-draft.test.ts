// The form of the laboratory without a browser: what is not touched keeps its hash, what is wrong is said at its row with what may stand there.
import type { Scenario } from "@evergreen-fund/domain/scenarios/index.ts";
import { resolveScenario } from "@evergreen-fund/finance/scenarios/index.ts";
import { expect, it } from "vitest";
import { checked, draftOf, isUntouched, labIdOf } from "./lab-draft.ts";

const base = resolveScenario(
  {
    id: "shock",
    title: "A synthetic shock",
    version: 3,
    about: "Rates and redemptions, for this test.",
    sources: [{ words: "Synthetic.", evidence: "practice" }],
    periods: { unit: "month", count: 3 },
    factors: { "rates.parallel.all": ["100", "150", "200"], "redemptions.times": "1.5" },
    tests: [],
    reports: ["rcr"],
  } as Scenario,
  { ids: [], get: () => undefined },
);
const withValue = (at: number, value: string) => {
  const draft = draftOf(base);
  return { ...draft, rows: draft.rows.map((row, i) => (i === at ? { ...row, value } : row)) };
};

it("comes to the same hash when nothing is changed", () => {
  expect(isUntouched(draftOf(base))).toBe(true);
  expect(checked(draftOf(base), base.id, base.version).resolved?.hash).toBe(base.hash);
});

it("comes to another one when a number is", () => {
  const draft = withValue(0, "100, 150, 300");
  expect(isUntouched(draft)).toBe(false);
  const { resolved, others } = checked(draft, "lab_shock", 1);
  expect(others).toEqual([]);
  expect(resolved?.factors["rates.parallel.all"]).toEqual(["100", "150", "300"]);
  expect(resolved?.hash).not.toBe(base.hash);
});

it.each([
  ["no number", "much", /expected a number/],
  ["more than the factor takes", "100, 150, 90000", /^value 3: rates\.parallel takes -2000 to 5000/],
  ["too many values", "1, 2, 3, 4", /3/],
])("says %s at its row", (_what, value, words) => {
  const { resolved, ofRow } = checked(withValue(0, value), "lab_shock", 1);
  expect(resolved).toBeNull();
  expect(ofRow.get(0)?.join(" ")).toMatch(words);
});

it("says which factors there are", () => {
  const draft = draftOf(base);
  const { ofRow } = checked({ ...draft, rows: [...draft.rows, { key: 9, address: "tide.high", value: "1" }] }, "x", 1);
  expect(ofRow.get(9)?.[0]).toContain("the factors are rates.parallel, rates.key");
});

it("makes an id of a title", () => {
  expect(labIdOf("Rates +300 bp!")).toBe("lab_rates_300_bp");
});
