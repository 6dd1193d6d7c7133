// The ladder's published vectors, derived a second time here in whole numbers, and its limits.
import { BUCKETS } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./dealing/arbitrary-day.ts";
import {
  hqlaCoverage,
  type LadderInput,
  type LiabilityRung,
  liquidityCoverage,
  liquidityLadder,
  stressedDue,
} from "./liquidity.ts";

const VECTOR = {
  cash: "8",
  assets: { "7d": "5", "30d": "7", "90d": "5", "180d": "5", "365d": "10", gt365d: "60" },
  liabilities: { redemptions: { "30d": "5", "90d": "10", "180d": "15", "365d": "20", gt365d: "50" } },
  nav: "100",
} satisfies LadderInput;
const HAIRCUTS = { "7d": "0.01", "30d": "0.03", "90d": "0.05", "180d": "0.08", "365d": "0.12", gt365d: "0.2" };
const rcr = (input: LadderInput) => liquidityLadder(input).rungs.map((rung) => rung.rcr);

describe("R33, time to liquidation", () => {
  it("gives the plain vector: 30 d 4.0, 90 d 1.667, 180 d 1.0, 365 d 0.8", () => {
    expect(rcr(VECTOR)).toEqual([null, null, "4", "1.666666666666666667", "1", "0.8", "1"]);
    expect(liquidityLadder(VECTOR).rungs.map((rung) => rung.light)).toEqual([
      "green",
      "green",
      "green",
      "green",
      "amber",
      "red",
      "amber",
    ]);
  });

  it("gives the stressed vector: 1.727, 0.877, 0.544, 0.388", () => {
    const stressed = rcr({ ...VECTOR, haircuts: HAIRCUTS, slip: 1, liabilityFactor: "1.5" });
    expect(stressed.slice(2, 6).map((ratio) => Number(ratio).toFixed(3))).toEqual(["1.727", "0.877", "0.544", "0.388"]);
  });

  it("agrees with the same sums done in hundredths of a percent", () => {
    // cash 8 stays; 5, 7, 5, 5, 10 arrive one bucket later, after 1, 3, 5, 8, 12 %; the last two share the last bucket.
    const arriving = [800, 0, 495, 679, 475, 460, 880 + 4800];
    const due = [0, 0, 750, 1500, 2250, 3000, 7500];
    let assets = 0;
    let liabilities = 0;
    const expected = BUCKETS.map((_, k) => {
      assets += arriving[k]!;
      liabilities += due[k]!;
      return { assets: assets / 100, liabilities: liabilities / 100 };
    });
    const rungs = liquidityLadder({ ...VECTOR, haircuts: HAIRCUTS, slip: 1, liabilityFactor: "1.5" }).rungs;
    expect(rungs.map((rung) => ({ assets: Number(rung.assets), liabilities: Number(rung.liabilities) }))).toEqual(
      expected,
    );
  });

  it("reports gap and shortfall in money and share of NAV", () => {
    const year = liquidityLadder(VECTOR).rungs[5]!;
    expect(year).toMatchObject({ assets: "40", liabilities: "50", gap: "-10", shortfall: "0.1" });
    expect(liquidityLadder(VECTOR).rungs[2]).toMatchObject({ gap: "15", shortfall: "0" });
    expect(liquidityLadder({ ...VECTOR, nav: "0" }).rungs[5]!.shortfall).toBeNull();
  });

  it("takes the haircut of the bucket a position comes from, and lets the last bucket absorb", () => {
    const { rungs } = liquidityLadder({
      assets: { "180d": "100", gt365d: "100" },
      liabilities: {},
      nav: "200",
      haircuts: { "180d": "0.1", "365d": "0.5", gt365d: "0.2" },
      slip: 3,
    });
    expect(rungs.map((rung) => rung.assets)).toEqual(["0", "0", "0", "0", "0", "0", "170"]);
  });

  it("sums redemptions, calls, debt and margin, and sells only what can be sold", () => {
    const { rungs } = liquidityLadder({
      assets: { "1d": "10" },
      sellable: { "1d": "0.5" },
      liabilities: { redemptions: { "1d": "1" }, calls: { "1d": "2" }, debt: { "1d": "3" }, margin: { "7d": "4" } },
      nav: "10",
    });
    expect(rungs[0]).toMatchObject({ assets: "5", liabilities: "6" });
    expect(rungs[1]).toMatchObject({ assets: "5", liabilities: "10", rcr: "0.5", light: "red" });
  });

  it("never gets better when stress gets worse", () => {
    const amounts = fc.record(Object.fromEntries(BUCKETS.map((bucket) => [bucket, fc.nat({ max: 1000 }).map(String)])));
    fc.assert(
      fc.property(amounts, amounts, fc.nat({ max: 6 }), fc.nat({ max: 99 }), (assets, redemptions, slip, cut) => {
        const base: LadderInput = { cash: "10", assets, liabilities: { redemptions }, nav: "1000" };
        const haircut = (cut / 100).toFixed(2);
        const haircuts = Object.fromEntries(BUCKETS.map((bucket) => [bucket, haircut]));
        const plain = liquidityLadder(base).rungs;
        const worse = liquidityLadder({ ...base, slip, haircuts, liabilityFactor: "1.1" }).rungs;
        worse.forEach((rung, k) => {
          expect(Number(rung.gap)).toBeLessThanOrEqual(Number(plain[k]!.gap));
        });
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    { ...VECTOR, cash: "-1" },
    { ...VECTOR, slip: 7 },
    { ...VECTOR, haircuts: { "7d": "1.01" } },
    { ...VECTOR, assets: { "8d": "1" } },
  ])("refuses malformed input %#", (input) => {
    expect(() => liquidityLadder(input as LadderInput)).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

it("R33 for any ladder: both methods give what sums in whole numbers give", { timeout: LONG }, () => {
  const column = (max: number) => fc.array(fc.nat({ max }), { minLength: 7, maxLength: 7 });
  const ladder = fc.record({
    cash: fc.nat({ max: 500 }),
    assets: column(1_000),
    cuts: column(100),
    sellable: column(10),
    slip: fc.nat({ max: 6 }),
    due: fc.tuple(column(200), column(50), column(50), column(50)),
    factor: fc.nat({ max: 30 }),
  });
  const named = (values: readonly number[], text: (value: number) => string) =>
    Object.fromEntries(BUCKETS.map((bucket, k) => [bucket, text(values[k]!)]));
  const percent = (value: number) => (value / 100).toFixed(2);
  fc.assert(
    fc.property(ladder, ({ cash, assets, cuts, sellable, slip, due, factor }) => {
      const [redemptions, calls, debt, margin] = due.map((values) => named(values, String));
      const { rungs } = liquidityLadder({
        cash: String(cash),
        assets: named(assets, String),
        liabilities: { redemptions, calls, debt, margin },
        haircuts: named(cuts, percent),
        sellable: named(sellable, (tenths) => (tenths / 10).toFixed(1)),
        slip,
        liabilityFactor: (factor / 10).toFixed(1),
        nav: "500",
      });
      rungs.forEach((rung, h) => {
        // A in thousandths, L in tenths
        const a = assets.reduce(
          (sum, value, b) => (Math.min(b + slip, 6) <= h ? sum + value * (100 - cuts[b]!) * sellable[b]! : sum),
          cash * 1_000,
        );
        const l =
          due.reduce((sum, values) => sum + values.slice(0, h + 1).reduce((left, one) => left + one, 0), 0) * factor;
        must(Math.round(Number(rung.assets) * 1_000) === a, "A(h)");
        must(Math.round(Number(rung.liabilities) * 10) === l, "L(h)");
        must(Math.round(Number(rung.gap) * 1_000) === a - l * 100, "gap");
        must(Math.abs(Number(rung.shortfall) - Math.max(0, l * 100 - a) / 500_000) < 1e-12, "LS");
        must(l === 0 ? rung.rcr === null : Math.abs(Number(rung.rcr) / (a / l / 100) - 1) < 1e-12 || a === 0, "RCR");
        const light = l === 0 || a * 2 >= l * 300 ? "green" : a >= l * 100 ? "amber" : "red";
        must(rung.light === light, "the light");
      });
      const outflows = due[0].reduce((sum, one) => sum + one, 0);
      const positions = assets.map((value, k) => ({ id: `${k}`, value: String(value), weight: percent(cuts[k]!) }));
      const weighed = hqlaCoverage({ positions, outflows: String(outflows) });
      const a = assets.reduce((sum, value, k) => sum + value * cuts[k]!, 0);
      must(Math.round(Number(weighed.assets) * 100) === a, "Σ w·FV");
      must(Math.round(Number(weighed.gap) * 100) === a - outflows * 100, "gap by weights");
      must(
        outflows === 0 ? weighed.rcr === null : Math.abs(Number(weighed.rcr) - a / outflows / 100) < 1e-9,
        "RCR by weights",
      );
    }),
    RUNS,
  );
});

describe("R33, HQLA weights", () => {
  it("weighs each position", () => {
    const positions = [
      { id: "bill", value: "50", weight: "1" },
      { id: "bond", value: "40", weight: "0.85" },
      { id: "share", value: "30", weight: "0" },
    ];
    expect(hqlaCoverage({ positions, outflows: "60" })).toEqual({ assets: "84", rcr: "1.4", gap: "24" });
    expect(hqlaCoverage({ positions, outflows: "0" }).rcr).toBeNull();
  });
});

describe("R38, cover of 30 days", () => {
  it.each([
    ["120", "100", "covered", "1.2", "0"],
    ["119.9999", "100", "not_covered", "1.199999", "-0.0001"],
    ["0", "0", "covered", null, "0"],
    ["-5", "0", "not_covered", null, "-5"],
  ])("assets %s against %s: %s", (assets30d, stressedLiabilities30d, verdict, ratio, headroom) => {
    expect(liquidityCoverage({ assets30d, stressedLiabilities30d })).toMatchObject({ verdict, ratio, headroom });
  });

  it("does not round before the verdict", () => {
    // 3.6 / 3 is 1.2; one unit in the 18th decimal less is not.
    expect(liquidityCoverage({ assets30d: "3.6", stressedLiabilities30d: "3" }).verdict).toBe("covered");
    expect(liquidityCoverage({ assets30d: "3.599999999999999999", stressedLiabilities30d: "3" }).verdict).toBe(
      "not_covered",
    );
  });
});

it("R38 for any cover: covered exactly when ten times the assets are twelve times the liabilities", {
  timeout: LONG,
}, () => {
  // around the edge, where rounding would show
  const near = fc
    .tuple(fc.bigInt(0n, 10n ** 24n), fc.bigInt(-2n, 2n))
    .map(([l, by]) => [(l * 12n) / 10n + by, l] as const);
  const text = (value: bigint) => {
    const digits = (value < 0n ? -value : value).toString().padStart(19, "0");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`;
  };
  fc.assert(
    fc.property(fc.oneof(near, fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 24n), fc.bigInt(0n, 10n ** 24n))), ([a, l]) => {
      const { verdict, ratio } = liquidityCoverage({ assets30d: text(a), stressedLiabilities30d: text(l) });
      must((verdict === "covered") === a * 10n >= l * 12n, "the verdict");
      must((ratio === null) === (l === 0n), "a ratio where something is due");
    }),
    RUNS,
  );
});

describe("what a ladder may have to pay under stress (R33, R35, R38)", () => {
  const rung = (bucket: LiabilityRung["bucket"], capacity: string, stressDelta: string, utilization: string) => ({
    bucket,
    capacity,
    stressDelta,
    utilization,
  });
  const LADDER = [
    rung("gt365d", "1000.00", "0", "0"),
    rung("7d", "0.10", "0.20", "0"),
    rung("30d", "100.00", "50.00", "30.01"),
    rung("1d", "0", "0", "0.07"),
    rung("90d", "10.00", "5.00", "2.50"),
  ];
  // by hand: 0.07 · 0.07 + 0.30 = 0.37 · 0.37 + 180.01 = 180.38 · 180.38 + 17.50 = 197.88 · 197.88 + 1000 = 1197.88
  it.each([
    ["1d", "0.07"],
    ["7d", "0.37"],
    ["30d", "180.38"],
    ["90d", "197.88"],
    ["365d", "197.88"],
    ["gt365d", "1197.88"],
  ] as const)("within %s is %s, whatever the order of the rungs", (horizon, due) => {
    expect(stressedDue(LADDER, horizon).toFixed()).toBe(due);
    expect(stressedDue([...LADDER].reverse(), horizon).toFixed()).toBe(due);
  });
  it("of an empty ladder is nothing", () => expect(stressedDue([], "gt365d").toFixed()).toBe("0"));
  it("grows by exactly what is accepted: no factor, nothing taken out of the plan", () => {
    const cents = fc.bigInt(0n, 10n ** 15n);
    const text = (value: bigint) => `${value / 100n}.${String(value % 100n).padStart(2, "0")}`;
    fc.assert(
      fc.property(cents, cents, cents, (planned, stress, accepted) => {
        const before = stressedDue([rung("30d", text(planned), text(stress), "0")], "30d");
        const after = stressedDue([rung("30d", text(planned), text(stress), text(accepted))], "30d");
        expect(after.minus(before).eq(text(accepted))).toBe(true);
      }),
    );
  });
});
