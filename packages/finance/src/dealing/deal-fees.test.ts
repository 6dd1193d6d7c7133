// A dealing day of a class under equalisation deals every subscription and every redemption as R24 books them, to the last digit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalisation } from "../fees/equalisation.ts";
import { decimal } from "../money.ts";
import { deal } from "./deal.ts";

const TERMS = {
  frequency: "monthly" as const,
  on: { dayOfMonth: "last" as const },
  calendar: "none",
  timeZone: "UTC",
  cutOff: "12:00",
  notice: { subscription: { n: 0, basis: "calendar" as const }, redemption: { n: 0, basis: "calendar" as const } },
  pricing: "forward" as const,
  lockUp: { hardMonths: 0, softFees: [] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  settlementDays: 2,
};
const termsOf = (rate: string) => ({
  ...TERMS,
  fees: {
    management: { rate: "0", basis: "act/365" as const },
    performance: { rate, hurdle: "0", catchUp: "1", method: "equalisation" as const },
  },
});
const NO_TOOLS = { pack: "none", regime: "other" as const, tools: [], carry: "auto_pari_passu" as const };
const DATE = "2026-03-31";

interface State {
  rate: string;
  highWater: string;
  assets: string;
  lots: { id: string; units: string; reference: string; credit: string }[];
}

/** The same subscription, or the same redemption of a lot, by the rule and by the engine. */
function both(state: State, order: { amount: string } | { lot: string; units: string }) {
  const currency = "USD";
  const { rate, highWater, assets, lots } = state;
  const books = { highWater, assets, lots };
  const now = equalisation({ currency, rate, state: books, events: [] });
  const event =
    "amount" in order
      ? { kind: "subscribe" as const, date: DATE, lot: "new", amount: order.amount }
      : { kind: "redeem" as const, date: DATE, lot: order.lot, units: order.units };
  const ruled = equalisation({ currency, rate, state: books, events: [event] });
  const { units } = now;
  const dealt = deal({
    dealingDate: DATE,
    currency,
    fund: { nav: assets },
    classes: [
      {
        id: "A",
        navPerUnit: now.navPerUnit,
        dealing: termsOf(rate),
        beforeFee: { value: assets, units, mark: highWater },
      },
    ],
    lmt: NO_TOOLS,
    orders: [
      {
        id: "1",
        classId: "A",
        investorId: "LP",
        vintage: DATE,
        ...("amount" in order
          ? { direction: "subscription", amount: order.amount }
          : { direction: "redemption", units: order.units, electedLots: [order.lot] }),
      },
    ],
    lots: lots.map((lot) => ({ ...lot, classId: "A", investorId: "LP", openedOn: "2025-01-01" })),
  });
  return { ruled, posting: ruled.postings[0]!, order: dealt.orders[0]! };
}

describe("R24 by its vectors, rate 20 % and mark 100", () => {
  const at = (gav: string, lot: { reference: string; credit: string }): State => ({
    rate: "0.2",
    highWater: "100",
    assets: `${Number(gav) * 1000}.00`,
    lots: [
      { id: "old", units: "900", reference: "100", credit: "0" },
      { id: "mine", units: "100", ...lot },
    ],
  });
  it("enters above the mark at the price before fee, with a credit", () => {
    expect(both(at("110", { reference: "100", credit: "0" }), { amount: "11000.00" }).order).toMatchObject({
      price: "110.0000",
      filled: "100.0000",
      reference: "110.0000",
      equalisationCredit: "200",
    });
  });
  it.each([
    ["120", "11800.00", "200.00"],
    ["110", "11000.00", "0.00"],
    ["105", "10500.00", "0.00"],
    ["95", "9500.00", "0.00"],
  ])("at %s a lot that entered at 110 leaves with %s", (gav, amount, performanceFee) => {
    const { order } = both(at(gav, { reference: "110", credit: "200" }), { lot: "mine", units: "100" });
    expect(order).toMatchObject({ amount, performanceFee });
  });
  it.each([
    ["95", "9400.00", "100.00"],
    ["100", "9800.00", "200.00"],
    ["110", "10600.00", "400.00"],
  ])("at %s a lot that entered at 90 leaves with %s", (gav, amount, performanceFee) => {
    const { order } = both(at(gav, { reference: "90", credit: "0" }), { lot: "mine", units: "100" });
    expect(order).toMatchObject({ amount, performanceFee });
  });
});

it("for any books, a subscription and a redemption are what R24 posts", { timeout: 180_000 }, () => {
  const decimals = (digits: number, min: bigint, max: bigint) =>
    fc.bigInt(min, max).map((value) => {
      const text = String(value).padStart(digits + 1, "0");
      return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
    });
  const price = decimals(4, 500_000n, 2_000_000n);
  const lot = fc.record({ units: decimals(4, 1n, 10n ** 9n), reference: price, credit: decimals(4, 0n, 10n ** 7n) });
  const state = fc.record({
    rate: fc.constantFrom("0.1", "0.125", "0.2"),
    highWater: price,
    gav: fc.bigInt(5_000n, 20_000n),
    lots: fc.array(lot, { minLength: 1, maxLength: 4 }),
    amount: decimals(2, 10n ** 5n, 10n ** 9n),
    which: fc.nat(),
    part: fc.bigInt(1n, 1_000n),
  });
  fc.assert(
    fc.property(state, ({ gav, lots: given, amount, which, part, ...rest }) => {
      const lots = given.map((one, i) => ({ id: String(i), ...one }));
      const scaled = (units: string): bigint => BigInt(units.replace(".", ""));
      const minor = (lots.reduce((sum, { units }) => sum + scaled(units), 0n) * gav) / 10_000n;
      fc.pre(minor > 0n);
      const assets = `${minor / 100n}.${String(minor % 100n).padStart(2, "0")}`;
      const bought = both({ ...rest, assets, lots }, { amount });
      const same = (a: string | null, b: string): boolean => decimal(a ?? "").eq(decimal(b));
      expect(same(bought.order.filled, bought.posting.units) && same(bought.order.price, bought.posting.price)).toBe(
        true,
      );
      const made = bought.ruled.lots.find(({ id }) => id === "new")!;
      expect(bought.order.equalisationCredit).toBe(made.credit);
      expect(same(bought.order.reference, made.reference)).toBe(true);
      const mine = lots[which % lots.length]!;
      const taken = (scaled(mine.units) * part) / 1_000n;
      fc.pre(taken > 0n);
      const units = `${taken / 10_000n}.${String(taken % 10_000n).padStart(4, "0")}`;
      const sold = both({ ...rest, assets, lots }, { lot: mine.id, units });
      expect(same(sold.order.amount, sold.posting.cash) && same(sold.order.performanceFee, sold.posting.fee)).toBe(
        true,
      );
    }),
    { numRuns: 10_000 },
  );
});
