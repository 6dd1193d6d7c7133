// Domain rule R38 by rows: 30-day assets after the trades against 1.2 × stressed 30-day liabilities, compared exactly.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "./decide.ts";

const rung = (bucket: string, amount: string) => ({ bucket, amount });

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
    const verdict = judge({ assets: [rung("30d", assets)], liabilities: [rung("30d", liabilities)], changes: [] });
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
    expect(judge({ assets: [rung(bucket, "120")], liabilities: [rung("30d", "100")], changes: [] }).code).toBe(
      counts ? "covered" : "below_cover",
    );
    expect(
      judge({ assets: [rung("1d", "120")], liabilities: [rung("1d", "100"), rung(bucket, "1")], changes: [] }).code,
    ).toBe(counts ? "below_cover" : "covered");
    expect(
      judge({ assets: [rung("1d", "120")], liabilities: [rung("1d", "100")], changes: [rung(bucket, "-0.01")] }).code,
    ).toBe(counts ? "below_cover" : "covered");
  });
  it("is taken after the trades: a purchase of what is slow to sell drains it, a sale fills it", () => {
    const facts = { assets: [rung("1d", "130")], liabilities: [rung("30d", "100")] };
    expect(judge({ ...facts, changes: [rung("1d", "-11"), rung("365d", "11")] }).code).toBe("below_cover");
    expect(judge({ ...facts, changes: [rung("1d", "-11"), rung("7d", "11")] }).code).toBe("covered");
  });
});

it("does not depend on how an amount is spread over the near buckets, and more assets never break a cover", () => {
  const cents = fc.bigInt(0n, 10n ** 15n);
  const text = (value: bigint) => `${value / 100n}.${String(value % 100n).padStart(2, "0")}`;
  fc.assert(
    fc.property(cents, cents, cents, cents, (a, b, due, more) => {
      const together = judge({ assets: [rung("1d", text(a + b))], liabilities: [rung("7d", text(due))], changes: [] });
      const apart = judge({
        assets: [rung("1d", text(a)), rung("30d", text(b))],
        liabilities: [rung("7d", text(due))],
        changes: [],
      });
      expect(apart).toEqual(together);
      expect(together.code).toBe((a + b) * 10n >= due * 12n ? "covered" : "below_cover");
      const richer = judge({
        assets: [rung("1d", text(a + b + more))],
        liabilities: [rung("7d", text(due))],
        changes: [],
      });
      if (together.code === "covered") expect(richer.code).toBe("covered");
    }),
  );
});
