// `bench sync --quick`: deltas beside eight writers have the content of a rebuild, and every side is measured. No time is asserted.
import { beforeAll, expect, it } from "vitest";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import { run } from "./sync.ts";

let report: Reported;
beforeAll(async () => {
  report = reported(await run(quickOptions()));
}, 240_000);

it("finds the content of a rebuild after deltas that others wrote beside", () => {
  expect(report.checks).toHaveLength(1);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
});

it("measures the large and the small table in every round", () => {
  for (const { figures } of report.rounds.deltas ?? [])
    expect(Object.keys(figures).sort()).toEqual(["delta", "delta, small table", "limit"]);
});
