// The closing line of `npm test`: nothing that failed may be left out of it, and nothing skipped may hide.
import { describe, expect, it } from "vitest";
import { closingLine, skippedLines, tally, tallyOfVitest } from "../../../scripts/test-report.mjs";

const file = (name: string, statuses: string[], status = statuses.includes("failed") ? "failed" : "passed") => ({
  name,
  status,
  assertionResults: statuses.map((one, index) => ({
    status: one,
    title: `case ${index}`,
    ancestorTitles: ["a real filing (skipped: no file)"],
  })),
});
const report = (...files: object[]): string => JSON.stringify({ testResults: files });

describe("what vitest reports", () => {
  it("counts cases", () => {
    const result = tallyOfVitest(report(file("a", ["passed", "failed"]), file("b", ["passed", "pending"])), 1);
    expect(result).toMatchObject({ passed: 2, failed: 1 });
    expect(result.skipped).toHaveLength(1);
  });

  it("counts a file that could not be loaded as a failure", () => {
    expect(tallyOfVitest(report(file("a", ["passed"]), file("broken", [], "failed")), 1)).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  it("is a failure when vitest failed and named no test, or wrote no report", () => {
    expect(tallyOfVitest(report(file("a", ["passed"])), 1).failed).toBe(1);
    expect(tallyOfVitest("", 137).failed).toBe(1);
    expect(tallyOfVitest(report(file("a", ["passed"])), 0).failed).toBe(0);
  });
});

describe("the closing line", () => {
  const program = (passed: number, failed: number) => ({ name: "types", passed, failed, skipped: [] });

  it("sums programs and tests, and names what was skipped", () => {
    const tests = tallyOfVitest(report(file("a", ["passed", "pending", "pending"])), 0);
    expect(closingLine(tally([program(1, 0), program(0, 1), tests]))).toBe("2 passed, 1 failed, 2 skipped");
    expect(skippedLines(tests.skipped)).toEqual(["  skipped 2 tests: a: a real filing (skipped: no file)"]);
  });

  it("leaves the skipped out when there are none", () => {
    expect(closingLine(tally([program(1, 0)]))).toBe("1 passed, 0 failed");
  });
});
