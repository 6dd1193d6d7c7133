// R5: a stale mark rolled forward by an index, and the price breaker. Vectors derived with Python's fractions, apart from this code.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fraction } from "../fees/fraction.ts";
import { LONG, RUNS } from "./arbitrary-day.ts";
import { priceBreaker, rollForwardMark } from "./marks.ts";

describe("R5 vectors", () => {
  it("1,000,000 at 100, β 0.6, a call of 50,000 at 104, a distribution of 20,000 at 106, the index at 108, FX 0.92", () => {
    const flows = [
      { call: "50000", index: "104" },
      { distribution: "20000", index: "106" },
    ];
    const facts = {
      value: "1000000",
      beta: "0.6",
      indexAtMark: "100",
      indexNow: "108",
      ageDays: 91,
      flows,
      fx: "0.92",
      currency: "EUR",
    };
    expect(rollForwardMark(facts)).toEqual({
      value: "992613.24",
      localValue: "1078927.431059506531204644",
      beta: "0.6",
      indexReturn: "0.08",
      ageDays: 91,
    });
  });

  it.each([
    ["105", "accept", "500"],
    ["105.0001", "quarantine", "500.01"],
    ["95", "accept", "500"],
    ["94.9999", "quarantine", "500.01"],
    ["100", "accept", "0"],
  ])("500 bp around an anchor of 100: %s is to %s", (value, verdict, moveBps) => {
    expect(priceBreaker({ value, anchor: "100", maxBps: 500 })).toEqual({ verdict, moveBps, limitBps: "500" });
  });

  it.each([{ indexNow: "0" }, { indexAtMark: "0" }, { fx: "0" }, { ageDays: -1 }])("refuses %j", (change) => {
    const facts = { value: "1", beta: "1", indexAtMark: "1", indexNow: "1", ageDays: 0, currency: "EUR", ...change };
    expect(() => rollForwardMark(facts)).toThrow(expect.objectContaining({ code: "EG400" }));
  });
});

const amount = fc.bigInt(0n, 10n ** 14n).map((n) => Fraction.of(n, 100n));
const index = fc.bigInt(1n, 10n ** 7n).map((n) => Fraction.of(n, 1_000n));

it("R5 for any mark: exactly the formula in fractions, rounded once at the cent", { timeout: LONG }, () => {
  const flow = fc.record({ call: amount, distribution: amount, index });
  fc.assert(
    fc.property(
      amount,
      fc.bigInt(-300n, 300n),
      index,
      index,
      index,
      fc.array(flow, { maxLength: 4 }),
      (value, b, atMark, now, fx, flows) => {
        const beta = Fraction.of(b, 100n);
        const growth = (from: Fraction): Fraction => Fraction.ONE.plus(beta.times(now.over(from).minus(Fraction.ONE)));
        const moved = flows.map((f) => f.call.minus(f.distribution).times(growth(f.index)));
        const exact = value.times(growth(atMark)).plus(Fraction.sum(moved)).times(fx);
        const got = rollForwardMark({
          value: value.text(2),
          beta: beta.text(2),
          indexAtMark: atMark.text(3),
          indexNow: now.text(3),
          ageDays: 7,
          flows: flows.map((f) => ({
            call: f.call.text(2),
            distribution: f.distribution.text(2),
            index: f.index.text(3),
          })),
          fx: fx.text(3),
          currency: "USD",
        });
        // 60 digits inside: only a tie at the 50th could fall otherwise
        expect(got.value).toBe(exact.text(2));
      },
    ),
    RUNS,
  );
});

it("R5 breaker for any price: accepted inside the window, its border included, and nowhere else", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 10n),
      fc.bigInt(1n, 10n ** 10n),
      fc.nat({ max: 20_000 }),
      fc.boolean(),
      (value, anchor, bps, onBorder) => {
        const border = anchor + (anchor * BigInt(bps)) / 10_000n;
        const price = onBorder ? border : value;
        const gap = price > anchor ? price - anchor : anchor - price;
        const { verdict } = priceBreaker({ value: String(price), anchor: String(anchor), maxBps: bps });
        expect(verdict).toBe(gap * 10_000n <= anchor * BigInt(bps) ? "accept" : "quarantine");
      },
    ),
    RUNS,
  );
});
