// Performance fee (R21), mark (R22) and hurdle (R23): the vectors derived apart, properties, and rules broken on purpose.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fraction } from "./fraction.ts";
import { highWaterMark } from "./high-water-mark.ts";
import { hurdleFee } from "./hurdle.ts";
import { performanceFee } from "./performance-fee.ts";
import { performanceTermsOf } from "./policy-terms.ts";

const coded = (code: string) => expect.objectContaining({ code });
const cents = (value: number): string => Fraction.of(BigInt(value), 100n).text(2);

describe("R21 by unit mint", () => {
  const vector = { currency: "USD", gnav: "110000.00", units: "1000", highWater: "100", rate: "0.2" };
  it("price 110, mark 100, a thousand units, 20 %: fee 2000, 18.5185 units, price 108", () => {
    expect(performanceFee(vector)).toEqual({
      gavPerUnit: "110.0000",
      fee: "2000",
      units: "18.5185",
      navPerUnit: "108.0000",
      highWater: "108",
    });
  });

  it("takes nothing at or below the mark, and leaves the mark", () => {
    for (const gnav of ["100000.00", "95000.00"]) {
      expect(performanceFee({ ...vector, gnav })).toMatchObject({ fee: "0", units: "0.0000", highWater: "100" });
    }
  });

  it("refuses a swung price beside unswung assets, and accepts the unswung one", () => {
    expect(performanceFee({ ...vector, gavPerUnit: "110.0000" }).fee).toBe("2000");
    // 110 swung by −0.8 %
    expect(() => performanceFee({ ...vector, gavPerUnit: "109.1200" })).toThrowError(coded("EG400"));
  });

  it.each([{ units: "0" }, { gnav: "0" }, { rate: "1", highWater: "0" }])("refuses %j", (change) => {
    expect(() => performanceFee({ ...vector, ...change })).toThrowError(coded("EG400"));
  });

  const worthTheFee = (implementation: typeof performanceFee) =>
    fc.property(
      fc.integer({ min: 10_000, max: 10 ** 9 }),
      fc.integer({ min: 1000, max: 10 ** 9 }),
      fc.integer({ min: 0, max: 40_000 }),
      fc.integer({ min: 0, max: 90 }),
      (assets, units, mark, percent) => {
        const held = Fraction.of(BigInt(units), 100n);
        const [gnav, highWater, rate] = [cents(assets), cents(mark), cents(percent)];
        const input = { currency: "USD", unitsDp: 4, priceDp: 12, gnav, units: held.text(2), highWater, rate };
        const fee = implementation(input);
        const assetsHeld = Fraction.of(gnav);
        const raw = assetsHeld
          .minus(held.times(Fraction.of(highWater)))
          .positive()
          .times(Fraction.of(rate));
        const manager = assetsHeld.times(Fraction.of(fee.units)).over(held.plus(Fraction.of(fee.units)));
        const oneUnit = assetsHeld.over(held).times(Fraction.of("0.0001"));
        expect(manager.lte(raw) && raw.minus(manager).lte(oneUnit)).toBe(true);
        expect(Fraction.of(fee.highWater).gte(Fraction.of(highWater))).toBe(true);
      },
    );

  it("mints units worth the fee: the holders have the assets less the fee, within a unit of the last place", () => {
    fc.assert(worthTheFee(performanceFee), { numRuns: 10_000 });
  });

  it.each<[string, typeof performanceFee]>([
    [
      "a fee on swung assets",
      (input) => performanceFee({ ...input, gnav: Fraction.of(input.gnav).times(Fraction.of("1.008")).text(2) }),
    ],
    [
      "units at the price before the fee",
      (input) => {
        const output = performanceFee(input);
        const price = Fraction.of(input.gnav).over(Fraction.of(input.units));
        return { ...output, units: Fraction.of(output.fee).over(price).text(4, "floor") };
      },
    ],
    ["a mark set to the price", (input) => ({ ...performanceFee(input), highWater: performanceFee(input).navPerUnit })],
  ])("notices %s", (_, mutant) => {
    expect(fc.check(worthTheFee(mutant), { numRuns: 1000 }).failed).toBe(true);
  });
});

describe("R22 high-water mark", () => {
  const annual = {
    policy: { frequency: "annual" as const, retail: true },
    highWater: "100",
    setOn: "2023-12-31",
    lastCrystallised: "2023-12-31",
    on: "2024-12-31",
    navPerUnit: "108",
  };
  it.each([
    ["the year is over and the price above", {}, ["108", "crystallised", "2025-12-31"]],
    ["the year is over and the price below", { navPerUnit: "99" }, ["100", "below_mark", "2024-12-31"]],
    ["the year is not over", { on: "2024-12-30" }, ["100", "not_yet", "2024-12-31"]],
    [
      "a distribution lowered the mark",
      { navPerUnit: "98", distributions: [{ exDate: "2024-06-01", perUnit: "3" }] },
      ["98", "crystallised", "2025-12-31"],
    ],
    [
      "distributions before the mark was set and after the day do not count",
      {
        navPerUnit: "98",
        distributions: [
          { exDate: "2023-12-31", perUnit: "3" },
          { exDate: "2025-01-01", perUnit: "3" },
        ],
      },
      ["100", "below_mark", "2024-12-31"],
    ],
    [
      "five years without a fee, and the policy resets",
      {
        policy: { frequency: "annual" as const, retail: true, resetAfterYears: 5 },
        on: "2028-12-31",
        navPerUnit: "80",
      },
      ["80", "reset", "2024-12-31"],
    ],
    [
      "a day short of five years",
      {
        policy: { frequency: "annual" as const, retail: true, resetAfterYears: 5 },
        on: "2028-12-30",
        navPerUnit: "80",
      },
      ["100", "below_mark", "2024-12-31"],
    ],
  ] as const)("%s", (_, change, [mark, reason, next]) => {
    const input = { ...annual, ...change, distributions: "distributions" in change ? [...change.distributions] : [] };
    expect(highWaterMark(input)).toMatchObject({ highWater: mark, reason, nextCrystallisation: next });
  });

  it("keeps the end of a month the end of a month", () => {
    const policy = { frequency: "monthly" as const, retail: false };
    const at = (lastCrystallised: string) =>
      highWaterMark({
        ...annual,
        policy,
        setOn: lastCrystallised,
        lastCrystallised,
        on: lastCrystallised,
        navPerUnit: "1",
      }).nextCrystallisation;
    expect([at("2024-01-31"), at("2024-02-29"), at("2024-01-30"), at("2023-12-15")]).toEqual([
      "2024-02-29",
      "2024-03-31",
      "2024-02-29",
      "2024-01-15",
    ]);
  });

  it("lets retail classes crystallise more often, or reset sooner, only with a disclosed exemption", () => {
    const often = { frequency: "quarterly" as const, retail: true };
    const soon = { frequency: "annual" as const, retail: true, resetAfterYears: 4 };
    for (const policy of [often, soon]) {
      expect(() => highWaterMark({ ...annual, policy })).toThrowError(coded("EG400"));
      const exempt = { ...policy, exemption: { disclosedIn: "Prospectus, section 12" } };
      expect(highWaterMark({ ...annual, policy: exempt }).crystallise).toBe(true);
      expect(highWaterMark({ ...annual, policy: { ...policy, retail: false } }).crystallise).toBe(true);
    }
  });

  it("refuses days out of order and distributions that leave no mark", () => {
    expect(() => highWaterMark({ ...annual, on: "2023-12-30" })).toThrowError(coded("EG400"));
    const distributions = [{ exDate: "2024-06-01", perUnit: "100" }];
    expect(() => highWaterMark({ ...annual, distributions })).toThrowError(coded("EG400"));
  });

  type Mark = typeof highWaterMark;
  const neverFalls = (implementation: Mark) =>
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 0, max: 40 })), { maxLength: 6 }),
      (years) => {
        let highWater = "100";
        years.forEach(([price, paid], n) => {
          const perUnit = cents(paid);
          const output = implementation({
            policy: annual.policy,
            highWater,
            setOn: `${2000 + n}-12-31`,
            lastCrystallised: `${2000 + n}-12-31`,
            on: `${2001 + n}-12-31`,
            navPerUnit: cents(price),
            distributions: [{ exDate: `${2001 + n}-06-30`, perUnit }],
          });
          const before = Fraction.of(highWater).minus(Fraction.of(perUnit));
          expect(Fraction.of(output.highWater).eq(Fraction.max(before, Fraction.of(cents(price))))).toBe(true);
          highWater = output.highWater;
        });
      },
    );

  it("is the highest price after fee, less what was distributed since, and never falls by itself", () => {
    fc.assert(neverFalls(highWaterMark), { numRuns: 10_000 });
  }, 60_000);

  it("notices a mark that follows the price down", () => {
    const mutant: Mark = (input) => ({ ...highWaterMark(input), highWater: input.navPerUnit });
    expect(fc.check(neverFalls(mutant), { numRuns: 500 }).failed).toBe(true);
  });
});

describe("R23 hurdle", () => {
  const soft = { kind: "soft" as const, rate: "0.125" };
  const half = { kind: "partial" as const, rate: "0.125", catchUp: "0.5" };
  const hard = { kind: "hard" as const, rate: "0.125" };
  const cliff = { kind: "cliff" as const, rate: "0.125" };
  it.each([
    [soft, "5.5", "0.5", "catch_up"],
    // the rule's vector is 5.7142857, cut off just below the point of 5 + 5/7 where the manager has caught up
    [soft, "5.7142857", "0.7142857", "catch_up"],
    [soft, "8", "1", "full_share"],
    [soft, "10", "1.25", "full_share"],
    [soft, "5", "0", "below_hurdle"],
    [soft, "-3", "0", "below_hurdle"],
    [half, "5.5", "0.25", "catch_up"],
    [half, "6.25", "0.625", "catch_up"],
    [half, "8", "1", "full_share"],
    [half, "20", "2.5", "full_share"],
    [hard, "8", "0.375", "full_share"],
    [hard, "5", "0", "below_hurdle"],
    [cliff, "5", "0", "below_hurdle"],
    [cliff, "5.000000000000000001", "0.625", "full_share"],
    [cliff, "8", "1", "full_share"],
    [{ kind: "none" as const, rate: "0.125" }, "4", "0.5", "full_share"],
  ])("%j on a profit of %s over a hurdle of 5 takes %s", (terms, profit, fee, stage) => {
    expect(hurdleFee({ terms, profit, hurdle: "5" })).toMatchObject({ fee, stage });
  });

  it.each([
    ["0.00", "1", { kind: "none", rate: "0.125" }],
    ["0.05", "1.0", { kind: "soft", rate: "0.125" }],
    ["0.05", "0.1250", { kind: "hard", rate: "0.125" }],
    ["0.05", "0.5", { kind: "partial", rate: "0.125", catchUp: "0.5" }],
    ["0.05", "cliff", { kind: "cliff", rate: "0.125" }],
  ])("reads a policy with hurdle %s and catch-up %s as %j", (hurdle, catchUp, terms) => {
    const read = performanceTermsOf({ rate: "0.125", hurdle, catchUp, method: "series" });
    expect(read.performance).toEqual(terms);
    expect(read.hurdle?.rate).toBe(terms.kind === "none" ? undefined : hurdle);
    expect(() => performanceTermsOf({ rate: "0.125", hurdle: "0.05", catchUp: "0.1", method: "series" })).toThrowError(
      coded("EG400"),
    );
  });

  it("makes the hurdle from a rate and days, simple or compounding", () => {
    const made = { base: "1000", rate: "0.05", from: "2021-01-01", to: "2023-01-01" };
    const of = (compounding: "simple" | "annual") =>
      hurdleFee({ terms: hard, profit: "0", hurdle: { ...made, compounding } }).hurdle;
    expect([of("simple"), of("annual")]).toEqual(["100", "102.5"]);
    // 1000 · (1.08^(366/365) − 1)
    const leap = { base: "1000", rate: "0.08", from: "2020-01-01", to: "2021-01-01" };
    expect(hurdleFee({ terms: hard, profit: "0", hurdle: leap }).hurdle.slice(0, 9)).toBe("80.227744");
  });

  it.each([
    [{ ...half, catchUp: "0.125" }, "5"],
    [{ ...half, catchUp: "0.1" }, "5"],
    [{ kind: "soft" as const, rate: "1" }, "5"],
    [hard, { base: "1", rate: "0.1", from: "2024-02-01", to: "2024-01-01" }],
    [hard, "-5"],
  ])("refuses %j over %j", (terms, hurdle) => {
    expect(() => hurdleFee({ terms, profit: "9", hurdle })).toThrowError(coded("EG400"));
  });

  it("never falls when the profit rises, never takes from below the hurdle, and ends at the rate on everything", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 41, max: 100 }),
        (hurdle, profit, more, rate, catchUp) => {
          const terms = { kind: "partial" as const, rate: cents(rate), catchUp: cents(catchUp) };
          const at = (amount: number) => {
            const output = hurdleFee({ terms, profit: cents(amount), hurdle: cents(hurdle) });
            return { ...output, fee: Fraction.of(output.fee) };
          };
          const [low, high] = [at(profit), at(profit + more)];
          const wiggle = Fraction.of("0.000000000000000001");
          expect(high.fee.gte(low.fee)).toBe(true);
          expect(low.fee.lte(Fraction.of(cents(Math.max(0, profit - hurdle))))).toBe(true);
          const everything = Fraction.of(cents(profit)).times(Fraction.of(cents(rate)));
          expect(low.fee.lte(everything.plus(wiggle))).toBe(true);
          if (low.stage === "full_share") expect(low.fee.minus(everything).magnitude().lte(wiggle)).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
