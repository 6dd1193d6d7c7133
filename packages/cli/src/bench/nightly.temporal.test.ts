// `bench nightly --quick`: two funds through real workers, every scenario done and one of each run computed twice. No time is asserted.
import { expect, it } from "vitest";
import { quickOptions, reported } from "./frame/test-options.ts";
import { run } from "./nightly.ts";

it("takes the nights of several funds to their reports", async () => {
  const report = reported(await run(quickOptions()));
  expect(report.checks).toHaveLength(3);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.rounds.nightly).toHaveLength(1);
});
