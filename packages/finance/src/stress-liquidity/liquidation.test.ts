// Selling assets against a demand, what many investors may take out, and the table of both sides. Vectors by hand; any case held against sums done one by one.
import { BUCKETS } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LADDER, STRESSED_LADDER } from "../calc/stress-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { Exact } from "../money.ts";
import { combinedLadder } from "./combined-ladder.ts";
import { liquidate } from "./liquidation.ts";
import { dueBy, redemptionCurves, redemptionWaterfall } from "./redemption-waterfall.ts";

const EG400 = expect.objectContaining({ code: "EG400" });
const POSITIONS = [
  { id: "cash", value: "10", shares: { "1d": "1" } },
  { id: "bond", value: "30", haircut: "0.02", shares: { "7d": "1" } },
  { id: "share", value: "20", haircut: "0.1", shares: { "7d": "0.5", "30d": "0.5" } },
  { id: "property", value: "40", haircut: "0.2", shares: { gt365d: "1" } },
];
const soldOf = (answer: ReturnType<typeof liquidate>) =>
  Object.fromEntries(answer.positions.map(({ id, sold }) => [id, sold]));

describe("waterfall vectors", () => {
  it("cash first, then the bucket of 7 days with the smallest haircut first; the last sale is a part", () => {
    // 10 cash + 30 · 0.98 = 39.4; 42.1 − 39.4 = 2.7 = 3 · 0.9
    const answer = liquidate({ method: "waterfall", demand: "42.1", positions: POSITIONS });
    expect(soldOf(answer)).toEqual({ bond: "30", cash: "10", property: "0", share: "3" });
    expect(answer).toMatchObject({ raised: "42.1", cost: "0.9", shortfall: "0", slice: null });
    // 57 left: 17 of shares, 40 of property; weights 0.1, 0.3, 0.4, 0.2 became 0, 0, 40/57, 17/57
    expect(answer.after.total).toBe("57");
    expect(answer.after.buckets).toMatchObject({ "1d": "0", "7d": "7", "30d": "10", gt365d: "40" });
    expect(Number(answer.distortion)).toBeCloseTo(40 / 57 - 0.4 + (17 / 57 - 0.2), 15);
  });

  it("sells nothing beyond the horizon and says what is short", () => {
    const answer = liquidate({ method: "waterfall", demand: "60", positions: POSITIONS, horizon: "7d" });
    // 10 + 29.4 + 10 · 0.9
    expect(answer).toMatchObject({ raised: "48.4", shortfall: "11.6", cost: "1.6" });
  });
});

describe("slice vectors", () => {
  it("sells the same share of everything: demand over the proceeds of all, 44.7 of 10 + 29.4 + 18 + 32 = 89.4", () => {
    const answer = liquidate({ method: "slice", demand: "44.7", positions: POSITIONS });
    expect(answer).toMatchObject({ slice: "0.5", raised: "44.7", shortfall: "0", distortion: "0" });
    expect(soldOf(answer)).toEqual({ bond: "15", cash: "5", property: "20", share: "10" });
    expect(answer.positions.map(({ limited }) => limited)).toEqual([false, false, false, false]);
  });

  it("takes more of the rest where the horizon leaves less: property none, shares at most half", () => {
    // x of 10 + 29.4 and 9 from the shares: 39.4 · x + 9 = 40.52, x = 0.8
    const answer = liquidate({ method: "slice", demand: "40.52", positions: POSITIONS, horizon: "7d" });
    expect(answer).toMatchObject({ slice: "0.8", raised: "40.52" });
    expect(soldOf(answer)).toEqual({ bond: "24", cash: "8", property: "0", share: "10" });
    expect(answer.positions.map(({ limited }) => limited)).toEqual([false, false, true, true]);
  });

  it("sells all that can be sold when that is not enough", () => {
    const answer = liquidate({ method: "slice", demand: "60", positions: POSITIONS, horizon: "7d" });
    expect(answer).toMatchObject({ slice: "1", raised: "48.4", shortfall: "11.6" });
  });

  it("raises nothing from nothing", () => {
    expect(liquidate({ method: "slice", demand: "1", positions: [] })).toMatchObject({
      raised: "0",
      shortfall: "1",
      distortion: null,
    });
    expect(liquidate({ method: "slice", demand: "0", positions: POSITIONS })).toMatchObject({
      raised: "0",
      slice: "0",
    });
  });

  it.each([
    [{ id: "a", value: "1", shares: { "1d": "0.9" } }],
    [{ id: "a", value: "1", haircut: "1.1", shares: { "1d": "1" } }],
  ])("refuses %j", (position) => {
    expect(() => liquidate({ method: "slice", demand: "1", positions: [position] })).toThrowError(EG400);
  });
});

it("any liquidation: what is raised and short is the demand, nothing less liquid is sold before its turn, a slice is one share", {
  timeout: LONG,
}, () => {
  const position = fc.record({
    value: fc.nat({ max: 1_000 }),
    haircut: fc.nat({ max: 100 }),
    first: fc.nat({ max: 10 }),
    at: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(
      fc.array(position, { maxLength: 5 }),
      fc.nat({ max: 3_000 }),
      fc.nat({ max: 6 }),
      fc.constantFrom("waterfall", "slice"),
      (rows, demand, last, method) => {
        const answer = liquidate({
          method,
          demand: String(demand),
          horizon: BUCKETS[last]!,
          positions: rows.map(({ value, haircut, first, at }, i) => ({
            id: `p${i}`,
            value: String(value),
            haircut: (haircut / 100).toFixed(2),
            shares: { [BUCKETS[at]!]: (first / 10).toFixed(1), gt365d: (1 - first / 10).toFixed(1) },
          })),
        });
        const near = (a: number, b: number) => Math.abs(a - b) < 1e-9;
        const sellable = rows.map(({ value, first, at }) =>
          last === 6 ? value : at <= last ? (value * first) / 10 : 0,
        );
        const most = rows.reduce((sum, { haircut }, i) => sum + sellable[i]! * (1 - haircut / 100), 0);
        must(near(Number(answer.raised), Math.min(demand, most)), "all that is needed is raised, or all there is");
        must(near(Number(answer.raised) + Number(answer.shortfall), demand), "raised and short is the demand");
        const sold = answer.positions.map((row) => Number(row.sold));
        sold.forEach((amount, i) => {
          must(amount <= sellable[i]! + 1e-9, "no more than can be sold by the horizon");
          must(
            near(amount - Number(answer.positions[i]!.cost), amount * (1 - rows[i]!.haircut / 100)),
            "cost is the haircut",
          );
        });
        const [before, after] = [Number(answer.before.total), Number(answer.after.total)];
        must(
          near(
            before - after,
            sold.reduce((sum, amount) => sum + amount, 0),
          ),
          "what is sold is gone",
        );
        const buckets = BUCKETS.reduce((sum, bucket) => sum + Number(answer.after.buckets[bucket]), 0);
        must(near(buckets, after), "buckets add up");
        if (method === "slice") {
          const slice = Number(answer.slice);
          sold.forEach((amount, i) => {
            must(near(amount, Math.min(slice * rows[i]!.value, sellable[i]!)), "one share of every position");
          });
          return;
        }
        /** What is left of the earliest bucket that brings anything, and what was sold of later ones. */
        rows.forEach((row, i) => {
          const early = (row.value * row.first) / 10;
          if (row.haircut === 100 || row.at > last || sold[i]! >= early - 1e-9) return;
          must(near(Number(answer.shortfall), 0), "something liquid is left only when the demand is met");
          rows.forEach((other, k) => {
            const turn = other.at > row.at || (other.at === row.at && other.haircut > row.haircut);
            if (turn) must(near(sold[k]!, 0), "nothing later is sold while something earlier is left");
            else must(sold[k]! <= (other.value * other.first) / 10 + 1e-9, "and nothing of the last bucket");
          });
        });
      },
    ),
    RUNS,
  );
});

describe("redemption waterfall", () => {
  it("two investors by hand: half of 60 and 40, of which 30 and 10 can be out by day 90", () => {
    // share 0.5: by 30 d min(30, 30) = 30; by 90 d 30 + min(20, 10) = 40. Assets 10, then 35.
    const { scenarios } = redemptionWaterfall({
      investors: [
        { id: "a", holding: "60", reachable: { "30d": "30", "90d": "30" } },
        { id: "b", holding: "40", reachable: { "90d": "10" } },
      ],
      scenarios: [{ id: "half", redemption: "0.5", assets: { "1d": "10", "90d": "25" } }],
    });
    const [, , month, quarter] = scenarios[0]!.rungs;
    expect(month).toEqual({ bucket: "30d", due: "30", paid: "10", owed: "20", ratio: "0.333333333333333333" });
    expect(quarter).toMatchObject({ due: "40", paid: "35", owed: "5", ratio: "0.875" });
    expect(scenarios[0]!.firstOwed).toBe("30d");
    expect(scenarios[0]!.rungs[0]).toMatchObject({ due: "0", ratio: null });
  });

  it("refuses more out than is held, and a scenario twice", () => {
    const investors = [{ id: "a", holding: "1", reachable: { "1d": "1", "7d": "0.1" } }];
    expect(() => redemptionWaterfall({ investors, scenarios: [] })).toThrowError(EG400);
    const scenario = { id: "s", redemption: "0", assets: {} };
    expect(() => redemptionWaterfall({ investors: [], scenarios: [scenario, scenario] })).toThrowError(EG400);
  });

  it("any investors: the curve gives what adding them up one by one gives, to the last digit", {
    timeout: LONG,
  }, () => {
    const investor = fc.tuple(fc.bigInt(0n, 10n ** 24n), fc.bigInt(0n, 1_000n));
    fc.assert(
      fc.property(fc.array(investor, { maxLength: 12 }), fc.bigInt(0n, 1_000n), (rows, thousandths) => {
        const share = thousandths * 10n ** 15n;
        const holdings = rows.map(([holding]) => holding);
        const reachable = rows.map(([holding, part]) => (holding * part) / 1_000n);
        const [curve] = redemptionCurves({ holdings, reachable: [reachable] });
        const naive = holdings.reduce((sum, holding, i) => {
          const [wanted, most] = [holding * share, reachable[i]! * 10n ** 18n];
          return sum + (wanted < most ? wanted : most);
        }, 0n);
        must(dueBy(curve!, share) === naive, "Σ min(share · holding, reachable)");
      }),
      RUNS,
    );
  });
});

describe("combined ladder", () => {
  it("R33 plain against stressed: 4.0, 1.667, 1.0, 0.8 become 1.727, 0.877, 0.544, 0.388", () => {
    const { rows, worst, turnedRed } = combinedLadder({ before: LADDER, after: STRESSED_LADDER });
    const shown = (side: "before" | "after") => rows.slice(2, 6).map((row) => Number(row[side].rcr).toFixed(3));
    expect(shown("before")).toEqual(["4.000", "1.667", "1.000", "0.800"]);
    expect(shown("after")).toEqual(["1.727", "0.877", "0.544", "0.388"]);
    expect(rows[3]!.after).toMatchObject({
      incoming: "6.79",
      redemptions: "15",
      calls: "0",
      assets: "19.74",
      liabilities: "22.5",
    });
    expect(rows[3]!.change).toEqual({ assets: "-5.26", liabilities: "7.5", gap: "-12.76" });
    expect(worst).toEqual({ bucket: "365d", rcr: rows[5]!.after.rcr });
    // red before already by 365 d; the last one has 85.89 against 150
    expect(turnedRed).toEqual(["90d", "180d", "gt365d"]);
    // what slips out of 365 d, 8.8, and 48 that was there; 50 · 1.5 falls due
    expect(rows[6]!.after).toMatchObject({ incoming: "56.8", redemptions: "75" });
  });

  it("the kinds add up to what is due, and what comes in to the assets", () => {
    const { rows } = combinedLadder({
      before: { ...LADDER, liabilities: { calls: { "7d": "1" }, debt: { "7d": "2" }, margin: { "1d": "3" } } },
      after: { ...STRESSED_LADDER, liabilities: { redemptions: { "7d": "0.1" }, calls: { "30d": "4" } } },
    });
    for (const side of ["before", "after"] as const) {
      let [assets, due] = [new Exact(0), new Exact(0)];
      for (const row of rows) {
        const { incoming, redemptions, calls, debt, margin } = row[side];
        assets = assets.plus(incoming);
        due = due.plus(redemptions).plus(calls).plus(debt).plus(margin);
        expect(row[side]).toMatchObject({ assets: assets.toFixed(), liabilities: due.toFixed() });
      }
    }
  });

  it("has no worst where nothing is due", () => {
    expect(
      combinedLadder({ before: { ...LADDER, liabilities: {} }, after: { ...LADDER, liabilities: {} } }).worst,
    ).toBeNull();
  });
});
