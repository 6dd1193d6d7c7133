// `bench token --quick`: what it settles is on the chain, and the checks of answers can fail. No time is asserted.
import { describe, expect, it } from "vitest";
import { quickOptions, reported } from "./frame/test-options.ts";
import { allSettled, balanced, breakFound, openAllocatedDay, run } from "./token.ts";

describe("bench token --quick", () => {
  it("settles, reconciles, and batches cost less gas", async () => {
    const answer = await run(quickOptions());
    expect(reported(answer).checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(reported(answer).checks).toHaveLength(3);
    const [gas] = (answer.json as { findings: { what: string; ratio: { median: number } }[] }).findings;
    expect(gas?.what).toContain("gas");
    expect(gas?.ratio.median).toBeGreaterThan(1);
  });
  it("its checks fail when they should", async () => {
    const day = await openAllocatedDay(2);
    expect(await day.isSettled()).toBe(false);
    await day.settle(2);
    expect(await day.isSettled()).toBe(true);
    expect(allSettled([true, false]).ok).toBe(false);
    expect(allSettled([]).ok).toBe(false);
    expect(balanced({ balanced: false, breaks: [1] }).ok).toBe(false);
    expect(breakFound(10, 10_000_000n).ok).toBe(false);
  });
});
