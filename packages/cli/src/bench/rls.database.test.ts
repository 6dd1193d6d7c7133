// `bench rls --quick`: the reader under a policy and those with a filter see the same rows, by an index. No time is asserted.
import { beforeAll, describe, expect, it } from "vitest";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import { run } from "./rls.ts";

describe("bench rls --quick", () => {
  let report: Reported;
  beforeAll(async () => {
    report = reported(await run(quickOptions()));
  }, 120_000);

  it("checks rows, plan and control before any time counts", () => {
    expect(report.checks).toHaveLength(3);
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checks[1]?.seen).toContain("fund_flows_investor_id_requested_at_idx");
  });

  it("measures all readers in every round", () => {
    for (const list of Object.values(report.rounds))
      for (const { figures } of list) expect(Object.keys(figures).sort()).toEqual(["bare", "filter", "policy"]);
  });
});
