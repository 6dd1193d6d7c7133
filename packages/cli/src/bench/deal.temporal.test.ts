// `bench deal --quick`: days are taken by the platform's own run, and every order has its fill, its cash and its statement. No time is asserted.
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "./deal.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";

describe("bench deal --quick", () => {
  let report: Reported;
  beforeAll(async () => {
    report = reported(await run(quickOptions()));
  }, 240_000);

  it("deals every order of every day before a time counts", () => {
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    // a warm day, a day, a larger one, and the allocation
    expect(report.checks).toHaveLength(4);
    expect(report.ok).toBe(true);
  });

  it("measures days, allocation and engine in every round", () => {
    for (const { figures } of report.rounds.deal ?? [])
      expect(Object.keys(figures).sort()).toEqual(["allocation", "day", "deal", "large day", "limit", "linear", "one"]);
    expect(report.findings).toHaveLength(4);
  });

  it("says when each step was reached", () => {
    const { days } = report.details as { days: { steps: { status: string }[] }[] };
    for (const { steps } of days) expect(new Set(steps.map(({ status }) => status))).toContain("allocated");
  });
});
