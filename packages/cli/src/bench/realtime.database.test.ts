// `bench realtime --quick`: every order is heard of by its investor and by nobody else, although half of the lines are cut. No time is asserted.
import { expect, it } from "vitest";
import { quickOptions, reported } from "./frame/test-options.ts";
import { run } from "./realtime.ts";

it("loses nothing when lines are cut, and tells nobody of a stranger's order", async () => {
  const report = reported(await run(quickOptions()));
  expect(report.checks).toHaveLength(2);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.checks[0]?.seen).toContain("10 lines cut, 10 of them back");
}, 180_000);
