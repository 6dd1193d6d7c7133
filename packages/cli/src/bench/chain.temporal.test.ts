// `bench chain --quick`: every chain and every order has its effects once, on the platform's side and on the plain one. No time is asserted.
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "./chain.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";

describe("bench chain --quick", () => {
  let report: Reported;
  beforeAll(async () => {
    report = reported(await run(quickOptions()));
  }, 180_000);

  it("runs five steps per event, in one process and split, and remembers each run once", () => {
    expect(Object.keys(report.rounds)).toEqual(["one process", "routine", "split"]);
    expect(report.checks).toHaveLength(3);
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.ok).toBe(true);
  });
});
