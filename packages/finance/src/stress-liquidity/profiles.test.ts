// R31 and R32: how fast positions can be cash and how soon investors could be out. Vectors done a second time by hand, and any fund held against sums in
// whole numbers and a simulation in floating point.
import { BUCKET_DAYS, BUCKETS } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { assetProfile } from "./asset-profile.ts";
import { investorProfile } from "./investor-profile.ts";
import { bucketOfDays } from "./profile-shapes.ts";
import { secClasses } from "./sec-classes.ts";

const inOrder = (named: Record<string, string> | null): string[] => BUCKETS.map((bucket) => named?.[bucket] ?? "-");
/** Shares printed with at most 18 decimals, as whole numbers of 10^-18. */
const atoms = (text: string): bigint => {
  const [whole = "0", part = ""] = text.split(".");
  return BigInt(whole + part.padEnd(18, "0"));
};
const sumOfAtoms = (named: Record<string, string>): bigint =>
  Object.values(named).reduce((sum, share) => sum + atoms(share), 0n);
const EG400 = expect.objectContaining({ code: "EG400" });

describe("R31 vectors", () => {
  it("spreads by shares, by days and by pace, and weighs by value", () => {
    const { positions, fund, total } = assetProfile({
      positions: [
        { id: "share", value: "60", toCash: { by: "pace", perDay: "1", settlementDays: 2 } },
        { id: "bill", value: "10", toCash: { by: "days", days: 1 } },
        { id: "loan", value: "30", toCash: { by: "shares", shares: { "30d": "0.5", "90d": "0.5" } } },
      ],
    });
    // the pace sells 1 a day, paid two days later: by day 7 it has paid 5, by day 30 28, by day 62 all 60
    expect(positions.map(({ id }) => id)).toEqual(["bill", "loan", "share"]);
    expect(inOrder(positions[2]!.amounts)).toEqual(["0", "5", "23", "32", "0", "0", "0"]);
    expect(inOrder(positions[1]!.amounts)).toEqual(["0", "0", "15", "15", "0", "0", "0"]);
    expect(inOrder(fund.amounts)).toEqual(["10", "5", "38", "47", "0", "0", "0"]);
    expect(inOrder(fund.shares)).toEqual(["0.1", "0.05", "0.38", "0.47", "0", "0", "0"]);
    expect(inOrder(fund.cumulative)).toEqual(["0.1", "0.15", "0.53", "1", "1", "1", "1"]);
    expect(total).toBe("100");
  });

  it.each([
    [0, "1d"],
    [1, "1d"],
    [2, "7d"],
    [7, "7d"],
    [8, "30d"],
    [90, "90d"],
    [91, "180d"],
    [365, "365d"],
    [366, "gt365d"],
  ])("%i days is the bucket %s", (days, bucket) => expect(bucketOfDays(days)).toBe(bucket));

  it("keeps what is never cash, or not within a year, in the last bucket", () => {
    const { fund } = assetProfile({
      positions: [
        { id: "a", value: "1", toCash: { by: "days", days: null } },
        { id: "b", value: "400", toCash: { by: "pace", perDay: "1" } },
      ],
    });
    expect(inOrder(fund.amounts)).toEqual(["1", "6", "23", "60", "90", "185", "36"]);
  });

  it("has no shares of nothing", () => {
    expect(assetProfile({ positions: [] }).fund.shares).toBeNull();
  });

  it.each([
    [{ id: "a", value: "1", toCash: { by: "shares", shares: { "1d": "0.5", "7d": "0.4" } } }],
    [{ id: "a", value: "-1", toCash: { by: "days", days: 1 } }],
    [{ id: "a", value: "1", toCash: { by: "days", days: -1 } }],
  ])("refuses %j", (position) => {
    expect(() => assetProfile({ positions: [position as never] })).toThrowError(EG400);
  });

  it("refuses an id that occurs twice", () => {
    const position = { id: "a", value: "1", toCash: { by: "days" as const, days: 1 } };
    expect(() => assetProfile({ positions: [position, position] })).toThrowError(EG400);
  });
});

it("R31 for any fund: nothing is lost, shares add up to one, every position counts by its value", {
  timeout: LONG,
}, () => {
  const cuts = fc.array(fc.nat({ max: 1_000 }), { minLength: 6, maxLength: 6 });
  const position = fc.record({
    value: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 1_000_000 })),
    by: fc.constantFrom("shares", "days", "pace"),
    cuts,
    days: fc.option(fc.nat({ max: 800 }), { nil: null }),
    perDay: fc.nat({ max: 3_000 }),
    settlementDays: fc.nat({ max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 4 }), (rows) => {
      const expected = rows.map((row) => {
        // in thousandths of the money
        if (row.by === "days") {
          const at = row.days === null ? 6 : BUCKETS.findIndex((bucket) => (row.days ?? 0) <= BUCKET_DAYS[bucket]);
          return BUCKETS.map((_, k) => (k === at ? row.value * 1_000 : 0));
        }
        if (row.by === "shares") {
          const edges = [0, ...[...row.cuts].sort((a, b) => a - b), 1_000];
          return BUCKETS.map((_, k) => row.value * (edges[k + 1]! - edges[k]!));
        }
        // day by day: what is sold on day k is paid on day k + settlement
        const paid = BUCKETS.map(() => 0);
        let left = row.value;
        for (let sale = 1; sale + row.settlementDays <= 365 && left > 0; sale += 1) {
          const sold = Math.min(left, row.perDay);
          left -= sold;
          paid[BUCKETS.findIndex((bucket) => sale + row.settlementDays <= BUCKET_DAYS[bucket])]! += sold * 1_000;
        }
        paid[6]! += left * 1_000;
        return paid;
      });
      const { positions, fund } = assetProfile({
        positions: rows.map(({ value, by, days, perDay, settlementDays, cuts: points }, i) => {
          const edges = [0, ...[...points].sort((a, b) => a - b), 1_000];
          const shares = Object.fromEntries(
            BUCKETS.map((bucket, k) => [bucket, ((edges[k + 1]! - edges[k]!) / 1_000).toFixed(3)]),
          );
          const toCash =
            by === "shares"
              ? ({ by, shares } as const)
              : by === "days"
                ? ({ by, days } as const)
                : ({ by: "pace", perDay: String(perDay), settlementDays } as const);
          return { id: `p${i}`, value: String(value), toCash };
        }),
      });
      positions.forEach(({ amounts }, i) => {
        BUCKETS.forEach((bucket, k) => {
          must(Math.round(Number(amounts[bucket]) * 1_000) === expected[i]![k], `position ${i} in ${bucket}`);
        });
      });
      const total = rows.reduce((sum, { value }) => sum + value, 0);
      BUCKETS.forEach((bucket, k) => {
        const all = expected.reduce((sum, amounts) => sum + amounts[k]!, 0);
        must(Math.round(Number(fund.amounts[bucket]) * 1_000) === all, `the fund in ${bucket}`);
        if (total > 0) must(Math.abs(Number(fund.shares![bucket]) - all / total / 1_000) < 1e-12, `share in ${bucket}`);
      });
      must(total === 0 ? fund.shares === null : sumOfAtoms(fund.shares!) === 10n ** 18n, "shares add up to exactly 1");
    }),
    RUNS,
  );
});

describe("SEC classes", () => {
  const at = (
    businessDaysToCash: number | null,
    calendarDaysToCash: number | null,
    calendarDaysToSale: number | null,
  ) => ({
    businessDaysToCash,
    calendarDaysToCash,
    calendarDaysToSale,
  });
  it.each([
    [at(3, 5, 1), "HLI"],
    [at(4, 7, 3), "MLI"],
    [at(4, 8, 7), "LLI"],
    [at(null, null, 8), "ILI"],
    [at(null, null, null), "ILI"],
  ] as const)("%j is %s", (days, found) => {
    expect(secClasses({ netAssets: "1", positions: [{ id: "a", value: "1", ...days }] }).positions[0]!.class).toBe(
      found,
    );
  });

  it("holds at 15 % and not a unit above, compared exactly", () => {
    const answer = (illiquid: string) =>
      secClasses({ netAssets: "100", positions: [{ id: "a", value: illiquid, ...at(null, null, null) }] });
    expect(answer("15")).toMatchObject({ holds: true, illiquidShare: "0.15" });
    expect(answer("15.000000000000000001").holds).toBe(false);
    expect(secClasses({ netAssets: "0", positions: [] })).toMatchObject({ holds: true, illiquidShare: null });
  });
});

const lot = (id: string, investorId: string, value: string, more: object = {}) => ({
  id,
  investorId,
  classId: "A",
  value,
  ...more,
});
const quarters = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, q) => ({ day: 90 * (q + 1), askByDay: 90 * q, period: q, ...more }));

describe("R32 vectors", () => {
  it("gives the regulator's example 30/30/0/24/16/0/0 from the terms of four investors", () => {
    const { fund } = investorProfile({
      dealings: [
        { day: 0, askByDay: 0, settlementDays: 1, period: 0, classes: ["daily"] },
        { day: 5, askByDay: 0, settlementDays: 2, period: 0, classes: ["weekly"] },
        { day: 60, askByDay: 30, settlementDays: 20, period: 0, classes: ["quarterly"] },
        { day: 150, askByDay: 60, settlementDays: 20, period: 1, classes: ["half-yearly"] },
      ],
      lots: [
        lot("1", "a", "30", { classId: "daily" }),
        lot("2", "b", "30", { classId: "weekly" }),
        lot("3", "c", "24", { classId: "quarterly" }),
        lot("4", "d", "16", { classId: "half-yearly" }),
      ],
    });
    expect(inOrder(fund.shares)).toEqual(["0.3", "0.3", "0", "0.24", "0.16", "0", "0"]);
  });

  it("pays 5 % of what is left per quarter when everybody asks: 5, 4.75, 4.5125, 4.286875", () => {
    const { fund } = investorProfile({
      dealings: quarters(4),
      gate: { share: "0.05" },
      lots: [lot("1", "a", "60"), lot("2", "b", "40")],
    });
    // days 90, 180, then 270 and 360 in one bucket: 4.5125 + 4.286875
    expect(inOrder(fund.amounts)).toEqual(["0", "0", "0", "5", "4.75", "8.799375", "81.450625"]);
  });

  it("lets those who are free share the gate, whatever is locked", () => {
    const { investors } = investorProfile({
      dealings: quarters(2),
      gate: { share: "0.1" },
      lots: [lot("1", "a", "10"), lot("2", "b", "30"), lot("3", "c", "60", { freeOnDay: 400 })],
    });
    // 10 of 100 over 40 that are free: a quarter of each; then 9 of 90 over 30 that are left
    expect(investors.map(({ amounts }) => inOrder(amounts).slice(3))).toEqual([
      ["2.5", "2.25", "0", "5.25"],
      ["7.5", "6.75", "0", "15.75"],
      ["0", "0", "0", "60"],
    ]);
  });

  it("stacks the investor gate: a quarter, a third of the rest, half, all", () => {
    const { fund } = investorProfile({
      dealings: quarters(4),
      investorSteps: ["0.25", "1/3", "0.5", "1"],
      lots: [lot("1", "a", "80"), lot("2", "a", "20")],
    });
    expect(inOrder(fund.amounts)).toEqual(["0", "0", "0", "25", "25", "50", "0"]);
  });

  it("holds a period's cap over its dealing days: 2 % a month, 5 % a quarter", () => {
    const { fund } = investorProfile({
      dealings: [1, 2, 3].map((month) => ({ day: 30 * month, askByDay: 0, period: 0 })),
      gate: { share: "0.02", periodShare: "0.05" },
      lots: [lot("1", "a", "100")],
    });
    // 2, then 1.96 of 98, then 1.04 that the quarter has left
    expect(inOrder(fund.amounts)).toEqual(["0", "0", "2", "3", "0", "0", "95"]);
  });

  it("misses a dealing day whose notice is over, and is out at once when nothing holds", () => {
    const missed = investorProfile({ dealings: [{ day: 10, askByDay: -1, period: 0 }], lots: [lot("1", "a", "1")] });
    expect(inOrder(missed.fund.shares).at(-1)).toBe("1");
    const free = investorProfile({ dealings: [{ day: 0, askByDay: 0, period: 0 }], lots: [lot("1", "a", "1")] });
    expect(inOrder(free.fund.shares)[0]).toBe("1");
  });

  it("refuses periods that run backwards, and a lot twice", () => {
    const dealings = [
      { day: 1, askByDay: 0, period: 2 },
      { day: 2, askByDay: 0, period: 1 },
    ];
    expect(() => investorProfile({ dealings, lots: [] })).toThrowError(EG400);
    expect(() => investorProfile({ dealings: [], lots: [lot("1", "a", "1"), lot("1", "a", "1")] })).toThrowError(EG400);
  });
});

it("R32 for any fund: nobody gets more than the holding, no day pays more than the gate, and a simulation agrees", {
  timeout: LONG,
}, () => {
  const days = fc.uniqueArray(fc.nat({ max: 420 }), { minLength: 1, maxLength: 5 });
  const lots = fc.array(fc.record({ value: fc.nat({ max: 9_999 }), freeOnDay: fc.integer({ min: -5, max: 300 }) }), {
    minLength: 1,
    maxLength: 4,
  });
  const share = fc.constantFrom(undefined, "0", "0.02", "0.25", "1");
  const steps = fc.constantFrom<string[]>([], ["0.25"], ["0.25", "0.5", "1"]);
  fc.assert(
    fc.property(days, lots, share, share, steps, fc.nat({ max: 30 }), (dates, held, gate, quarter, investor, wait) => {
      const sorted = [...dates].sort((a, b) => a - b);
      const input: Parameters<typeof investorProfile>[0] = {
        dealings: sorted.map((day) => ({
          day,
          askByDay: day - wait,
          settlementDays: 5,
          period: Math.floor(day / 90),
        })),
        gate: {
          ...(gate === undefined ? {} : { share: gate }),
          ...(quarter === undefined ? {} : { periodShare: quarter }),
        },
        investorSteps: investor,
        lots: held.map(({ value, freeOnDay }, i) => lot(`${i}`, `lp${i}`, String(value), { freeOnDay })),
      };
      const { investors, fund } = investorProfile(input);
      const simulated = simulate(sorted, held, gate, quarter, investor, wait);
      investors.forEach(({ amounts }, i) => {
        BUCKETS.forEach((bucket, k) => {
          must(Math.abs(Number(amounts[bucket]) - simulated[i]![k]!) < 1e-6, `investor ${i} in ${bucket}`);
        });
        const sum = Object.values(amounts).reduce((left, amount) => left + atoms(amount), 0n);
        must(sum === BigInt(held[i]!.value) * 10n ** 18n, "what an investor gets is the holding");
      });
      if (fund.shares !== null) must(sumOfAtoms(fund.shares) === 10n ** 18n, "shares add up to exactly 1");
    }),
    RUNS,
  );
});

/** One lot per investor, in floating point, dealing day by dealing day. */
function simulate(
  days: readonly number[],
  held: readonly { value: number; freeOnDay: number }[],
  gate: string | undefined,
  quarter: string | undefined,
  steps: readonly string[],
  wait: number,
): number[][] {
  const left = held.map(({ value }) => value);
  const out = held.map(() => BUCKETS.map(() => 0));
  const asked = held.map(() => new Map<number, { base: number; paid: number; step: number }>());
  const opening = new Map<number, { nav: number; paid: number }>();
  for (const day of days) {
    const period = Math.floor(day / 90);
    const nav = left.reduce((sum, value) => sum + value, 0);
    const quarterly = opening.get(period) ?? { nav, paid: 0 };
    opening.set(period, quarterly);
    if (day - wait < 0) continue;
    const wanted = held.map(({ freeOnDay }, i) => {
      if (freeOnDay > day || left[i]! <= 1e-12) return 0;
      if (steps.length === 0) return left[i]!;
      const mine = asked[i]!.get(period) ?? { base: left[i]!, paid: 0, step: asked[i]!.size };
      asked[i]!.set(period, mine);
      return Math.min(
        left[i]!,
        Math.max(0, mine.base * Number(steps[Math.min(mine.step, steps.length - 1)]) - mine.paid),
      );
    });
    const demand = wanted.reduce((sum, amount) => sum + amount, 0);
    const caps = [
      ...(gate === undefined ? [] : [nav * Number(gate)]),
      ...(quarter === undefined ? [] : [quarterly.nav * Number(quarter) - quarterly.paid]),
    ];
    const pay = Math.max(0, Math.min(demand, ...caps));
    const ratio = demand === 0 ? 0 : pay / demand;
    quarterly.paid += pay;
    const at = BUCKETS.findIndex((bucket) => day + 5 <= BUCKET_DAYS[bucket]);
    wanted.forEach((amount, i) => {
      const mine = asked[i]!.get(period);
      if (mine !== undefined) mine.paid += amount * ratio;
      left[i]! -= amount * ratio;
      out[i]![at]! += amount * ratio;
    });
  }
  left.forEach((rest, i) => {
    out[i]![6]! += rest;
  });
  return out;
}
