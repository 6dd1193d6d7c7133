// Domain rule R38 by rows: 30-day assets after the trades against 1.2 × stressed 30-day liabilities, compared exactly.

import type { LiabilityRung } from "@evergreen-fund/finance/liquidity.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "./decide.ts";

const rung = (bucket: string, amount: string) => ({ bucket, amount });
const due = (bucket: string, capacity: string, utilization = "0", stressDelta = "0"): LiabilityRung => ({
  bucket: bucket as LiabilityRung["bucket"],
  capacity,
  utilization,
  stressDelta,
});

describe("the thirty-day cover", () => {
  it.each<[assets: string, liabilities: string, code: string, ratio: string | null]>([
    ["180000.00", "150000.00", "covered", "1.200000000000000000"],
    ["179999.99", "150000.00", "below_cover", "1.199999933333333333"],
    ["0.00", "0.00", "covered", null],
    ["0.00", "0.01", "below_cover", "0.000000000000000000"],
    ["-5.00", "0.00", "covered", null],
    ["-5.00", "10.00", "below_cover", "0.000000000000000000"],
    ["0.12", "0.10", "covered", "1.200000000000000000"],
  ])("of %s over %s is %s", (assets, liabilities, code, ratio) => {
    const verdict = judge({ assets: [rung("30d", assets)], liabilities: [due("30d", liabilities)], changes: [] });
    expect(verdict.code).toBe(code);
    expect(verdict.ratio === null ? null : Number(verdict.ratio).toFixed(12)).toBe(
      ratio === null ? null : Number(ratio).toFixed(12),
    );
  });
  it.each<[bucket: string, counts: boolean]>([
    ["1d", true],
    ["7d", true],
    ["30d", true],
    ["90d", false],
    ["180d", false],
    ["365d", false],
    ["gt365d", false],
  ])("counts bucket %s: %s", (bucket, counts) => {
    expect(judge({ assets: [rung(bucket, "120")], liabilities: [due("30d", "100")], changes: [] }).code).toBe(
      counts ? "covered" : "below_cover",
    );
    expect(
      judge({ assets: [rung("1d", "120")], liabilities: [due("1d", "100"), due(bucket, "1")], changes: [] }).code,
    ).toBe(counts ? "below_cover" : "covered");
    expect(
      judge({ assets: [rung("1d", "120")], liabilities: [due("1d", "100")], changes: [rung(bucket, "-0.01")] }).code,
    ).toBe(counts ? "below_cover" : "covered");
  });
  it("is taken after the trades: a purchase of what is slow to sell drains it, a sale fills it", () => {
    const facts = { assets: [rung("1d", "130")], liabilities: [due("30d", "100")] };
    expect(judge({ ...facts, changes: [rung("1d", "-11"), rung("365d", "11")] }).code).toBe("below_cover");
    expect(judge({ ...facts, changes: [rung("1d", "-11"), rung("7d", "11")] }).code).toBe("covered");
  });
});

describe("what falls due under stress (R33, R35)", () => {
  // by hand: planned 100,000, under stress 50,000 more; 30,000 of redemptions accepted, to be paid whatever comes.
  // L = 100,000 + 50,000 + 30,000 = 180,000; 1.2 × L = 216,000
  const planned = due("30d", "100000.00", "0", "50000.00");
  const accepted = due("30d", "100000.00", "30000.00", "50000.00");
  it.each<[assets: string, liability: LiabilityRung, code: string, ratio: string]>([
    ["180000.00", planned, "covered", "1.2"],
    ["180000.00", accepted, "below_cover", "1"],
    ["215999.99", accepted, "below_cover", "1.199999944444444444"],
    ["216000.00", accepted, "covered", "1.2"],
    // nothing planned at all: what was accepted is owed all the same
    ["35999.99", due("30d", "0", "30000.00"), "below_cover", "1.199999666666666667"],
    ["36000.00", due("30d", "0", "30000.00"), "covered", "1.2"],
    // more accepted than was planned for, even under stress: both are counted, 200,000 + 150,000 = 350,000
    ["420000.00", due("30d", "100000.00", "200000.00", "50000.00"), "covered", "1.2"],
    ["419999.99", due("30d", "100000.00", "200000.00", "50000.00"), "below_cover", "1.199999971428571429"],
  ])("assets of %s against %o: %s", (assets, liability, code, ratio) => {
    const verdict = judge({ assets: [rung("30d", assets)], liabilities: [liability], changes: [] });
    expect(verdict.code).toBe(code);
    expect(Number(verdict.ratio).toFixed(12)).toBe(Number(ratio).toFixed(12));
  });
  it("counts what was accepted in its own bucket only: beyond 30 days it is not due yet", () => {
    const facts = { assets: [rung("1d", "120")], changes: [] };
    expect(judge({ ...facts, liabilities: [due("30d", "100"), due("90d", "0", "1")] }).code).toBe("covered");
    expect(judge({ ...facts, liabilities: [due("30d", "100"), due("7d", "0", "1")] }).code).toBe("below_cover");
  });
});

it("does not depend on how an amount is spread over the near buckets, and more assets never break a cover", () => {
  const cents = fc.bigInt(0n, 10n ** 15n);
  const text = (value: bigint) => `${value / 100n}.${String(value % 100n).padStart(2, "0")}`;
  fc.assert(
    fc.property(cents, cents, cents, cents, (a, b, owed, more) => {
      const together = judge({ assets: [rung("1d", text(a + b))], liabilities: [due("7d", text(owed))], changes: [] });
      const apart = judge({
        assets: [rung("1d", text(a)), rung("30d", text(b))],
        liabilities: [due("7d", text(owed))],
        changes: [],
      });
      expect(apart).toEqual(together);
      expect(together.code).toBe((a + b) * 10n >= owed * 12n ? "covered" : "below_cover");
      const richer = judge({
        assets: [rung("1d", text(a + b + more))],
        liabilities: [due("7d", text(owed))],
        changes: [],
      });
      if (together.code === "covered") expect(richer.code).toBe("covered");
    }),
  );
});
