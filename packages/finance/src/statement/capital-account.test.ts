// The capital account statement foots for any books that agree, as known on any time, and names the line where they do not.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import type { StatementInput } from "./books.ts";
import { capitalAccount } from "./capital-account.ts";
import type { Line } from "./controls.ts";

type Input = z.input<typeof StatementInput>;
const at = (day: string): string => `${day}T18:00:00Z`;
const entry = (
  id: string,
  day: string,
  lot: string,
  kind: Input["entries"][number]["kind"],
  units: string,
  more: Partial<Input["entries"][number]> = {},
) => ({ id, effectiveOn: day, recordedAt: at(day), lot, kind, units, ...more });
const strike = (date: string, navPerUnit: string, more: Partial<Input["strikes"][number]> = {}) => ({
  date,
  recordedAt: `${date}T12:00:00Z`,
  navPerUnit,
  ...more,
});
const lot = (name: string, day: string, units: string, equalisation = "0") => ({
  lot: name,
  effectiveOn: day,
  recordedAt: at(day),
  units,
  equalisation,
});
const linesOf = (input: Input): Record<Line, string> =>
  Object.fromEntries(capitalAccount(input).lines.map(({ line, amount }) => [line, amount])) as Record<Line, string>;

const quarter: Input = {
  currency: "USD",
  investor: "synthetic-1",
  from: "2024-12-31",
  to: "2025-03-31",
  knownOn: "2025-04-15T00:00:00Z",
  entries: [
    entry("s1", "2024-12-31", "a", "subscription", "100", { amount: "10000.00", price: "100" }),
    entry("s2", "2025-02-28", "b", "subscription", "48.7804", { amount: "5000.00", price: "102.5" }),
    entry("d1", "2025-03-31", "a", "distribution", "0", { amount: "200.00" }),
    entry("d2", "2025-03-31", "b", "distribution", "0", { amount: "97.56" }),
    entry("r1", "2025-03-31", "a", "redemption", "-10", { amount: "1010.00", price: "101" }),
  ],
  lots: [lot("a", "2024-12-31", "100"), lot("b", "2025-02-28", "48.7804"), lot("a", "2025-03-31", "90")],
  strikes: [
    strike("2024-12-31", "100"),
    strike("2025-02-28", "102.5", { managementFeePerUnit: "0.2", performanceFeePerUnit: "0.5" }),
    strike("2025-03-31", "101", { managementFeePerUnit: "0.1", distributionPerUnit: "2" }),
  ],
};

describe("a quarter with a purchase, a distribution and a redemption", () => {
  it("foots line by line", () => {
    expect(linesOf(quarter)).toEqual({
      opening: "10000.00",
      contributions: "5000.00",
      redemptions: "-1010.00",
      distributions: "-297.56",
      transfers: "0.00",
      // 100 · (2.5 + 0.2 + 0.5) + 148.7804 · (−1.5 + 2 + 0.1) = 409.26824
      result: "409.27",
      management_fees: "-34.88",
      performance_fees: "-50.00",
      equalisation: "0.00",
      // 48.7804 · 102.5 − 5000 and 297.56 − 297.5608
      dealing_difference: "-0.01",
      rounding: "0.00",
      closing: "14016.82",
    });
    expect(capitalAccount(quarter)).toMatchObject({
      units: { opening: "100.0000", closing: "138.7804" },
      foot: { sum: "14016.82", closing: "14016.82", ok: true },
    });
  });

  it("continues from the day it ended, and begins from nothing", () => {
    const strikes = [...quarter.strikes, strike("2025-04-30", "103")];
    const next = linesOf({
      ...quarter,
      strikes,
      from: "2025-03-31",
      to: "2025-04-30",
      knownOn: "2025-05-15T00:00:00Z",
    });
    expect([next.opening, next.result, next.closing]).toEqual(["14016.82", "277.56", "14294.38"]);
    const first = linesOf({ ...quarter, from: "2024-06-30", to: "2024-12-31" });
    expect([first.opening, first.contributions, first.closing]).toEqual(["0.00", "10000.00", "10000.00"]);
  });

  it("shows what was known at the time: a restated price is seen from its recording on", () => {
    const restated = strike("2025-02-28", "101.9", {
      recordedAt: "2025-05-02T09:00:00Z",
      managementFeePerUnit: "0.2",
      performanceFeePerUnit: "0.5",
    });
    const input = { ...quarter, strikes: [...quarter.strikes, restated] };
    expect(linesOf(input)).toEqual(linesOf(quarter));
    const later = linesOf({ ...input, knownOn: "2025-05-03T00:00:00Z" });
    // 100 · (1.9 + 0.7) + 148.7804 · (−0.9 + 2.1); bought at 102.5 what was worth 101.9
    expect(later).toMatchObject({
      result: "438.54",
      dealing_difference: "-29.28",
      closing: "14016.82",
      rounding: "0.00",
    });
  });

  it("leaves out an entry that was taken back, from the time that was recorded", () => {
    const wrong = entry("s3", "2025-02-28", "c", "subscription", "1", { amount: "102.50", price: "102.5" });
    const back = { ...wrong, id: "s4", units: "-1", reverses: "s3", recordedAt: "2025-03-05T00:00:00Z" };
    const lots = [
      ...quarter.lots,
      lot("c", "2025-02-28", "1"),
      { ...lot("c", "2025-02-28", "0"), recordedAt: "2025-03-05T00:00:00Z" },
    ];
    const input = { ...quarter, entries: [...quarter.entries, wrong, back], lots };
    expect(linesOf(input)).toEqual(linesOf(quarter));
    const early = linesOf({ ...input, to: "2025-02-28", knownOn: "2025-03-01T00:00:00Z" });
    expect([early.contributions, early.closing]).toEqual(["5102.50", "15352.49"]);
    // taken back on a later day, it stays and its reversal is an entry of that day
    const laterDay = { ...back, effectiveOn: "2025-03-31" };
    const laterLots = [...quarter.lots, lot("c", "2025-02-28", "1"), lot("c", "2025-03-31", "0")];
    const paid = entry("d3", "2025-03-31", "c", "distribution", "0", { amount: "2.00" });
    const both = linesOf({ ...quarter, entries: [...quarter.entries, wrong, laterDay, paid], lots: laterLots });
    expect([both.contributions, both.closing]).toEqual(["5000.00", "14016.82"]);
  });
});

describe("an order that takes from many lots", () => {
  // three lots of a third of a unit each way: 0.3333 · 3 = 0.9999 units at 101.2345 are 101.224…, paid 101.22 as one
  const lots = ["a", "b", "c"];
  const pieces: Input = {
    ...quarter,
    from: "2024-12-30",
    entries: [
      ...lots.map((name) => entry(`in-${name}`, "2024-12-31", name, "transfer_in", "0.3333")),
      ...lots.map((name, n) =>
        entry(`out-${name}`, "2025-03-31", name, "redemption", "-0.3333", {
          amount: n === 0 ? "101.22" : "0",
          price: "101.2345",
          order: "o1",
        }),
      ),
    ],
    lots: lots.flatMap((name) => [lot(name, "2024-12-31", "0.3333"), lot(name, "2025-03-31", "0")]),
    strikes: [strike("2024-12-31", "100"), strike("2025-03-31", "101.2345")],
  };
  it("is held to its cash as one, whichever piece it stands on", () => {
    expect(linesOf(pieces)).toMatchObject({
      transfers: "99.99",
      result: "1.23",
      redemptions: "-101.22",
      dealing_difference: "0.00",
      closing: "0.00",
    });
    const last = pieces.entries.map((each) => ({
      ...each,
      ...(each.order ? { amount: each.lot === "c" ? "101.22" : "0" } : {}),
    }));
    expect(linesOf({ ...pieces, entries: last })).toEqual(linesOf(pieces));
  });
  it.each<[string, Partial<Input["entries"][number]>]>([
    ["two cents too much", { amount: "101.24" }],
    ["a cent too little", { amount: "101.21" }],
    ["another price on one piece", { price: "100" }],
  ])("%s is found and named by the order", (_, change) => {
    const entries = pieces.entries.map((each) => (each.id === "out-a" ? { ...each, ...change } : each));
    expect(() => capitalAccount({ ...pieces, entries })).toThrowError(/redemptions \(order o1: /);
  });
});

describe("equalisation and series", () => {
  const credit: Input = {
    ...quarter,
    from: "2024-12-31",
    to: "2025-12-31",
    knownOn: "2026-01-15T00:00:00Z",
    entries: [
      entry("s1", "2025-01-31", "a", "subscription", "1000", {
        amount: "110000.00",
        price: "108",
        equalisation: "2000",
      }),
      entry("e1", "2025-12-31", "a", "equalisation", "17.2413", { equalisation: "-2000" }),
    ],
    lots: [lot("a", "2025-01-31", "1000", "2000"), lot("a", "2025-12-31", "1017.2413", "0")],
    strikes: [strike("2025-01-31", "108"), strike("2025-12-31", "116", { performanceFeePerUnit: "2" })],
  };
  it("pays the price before fee above the mark, and gets the credit back as units", () => {
    expect(linesOf(credit)).toMatchObject({
      contributions: "110000.00",
      result: "10000.00",
      performance_fees: "-2000.00",
      equalisation: "0.00",
      dealing_difference: "-0.01",
      closing: "117999.99",
    });
  });

  it("shows the credit as value before it is refunded", () => {
    const { entries, lots, strikes } = credit;
    const before = {
      ...credit,
      to: "2025-06-30",
      entries: entries.slice(0, 1),
      lots: [lots[0]!, lot("a", "2025-06-30", "1000", "1000")],
      strikes: [strikes[0]!, strike("2025-06-30", "104", { performanceFeePerUnit: "-1" })],
    };
    // bought at 110, at 105: 1000 of the credit is out of reach, and the fee of 1 per unit came back
    expect(linesOf(before)).toMatchObject({
      result: "-5000.00",
      performance_fees: "1000.00",
      equalisation: "-1000.00",
      closing: "105000.00",
    });
  });

  it("follows a lot from its series into the lead", () => {
    const input: Input = {
      ...quarter,
      entries: [
        entry("s1", "2025-01-31", "a", "subscription", "10", { amount: "1000.00", price: "100", series: "jan" }),
        entry("t1", "2025-03-31", "a", "transfer_out", "-10", { series: "jan" }),
        entry("t2", "2025-03-31", "a", "transfer_in", "8.8", { series: "lead", recordedAt: "2025-03-31T18:00:01Z" }),
      ],
      lots: [lot("a", "2025-01-31", "10"), lot("a", "2025-03-31", "8.8")],
      strikes: [
        strike("2025-01-31", "100", { series: "jan" }),
        strike("2025-03-31", "110", { series: "jan" }),
        strike("2025-03-31", "125", { series: "lead" }),
      ],
    };
    expect(linesOf(input)).toMatchObject({ result: "100.00", transfers: "0.00", closing: "1100.00" });
  });
});

describe("does not foot, and names the line:", () => {
  const changed = (id: string, change: Partial<Input["entries"][number]>): Input => ({
    ...quarter,
    entries: quarter.entries.map((each) => (each.id === id ? { ...each, ...change } : each)),
  });
  it.each<[string, string, Input]>([
    ["a lot with other units than its entries", "closing", { ...quarter, lots: quarter.lots.slice(0, 2) }],
    ["a lot that was never entered", "opening", { ...quarter, lots: [...quarter.lots, lot("x", "2024-06-30", "1")] }],
    ["an opening entry that is missing", "opening", { ...quarter, entries: quarter.entries.slice(1) }],
    ["cash that is not units times price", "contributions", changed("s2", { amount: "5000.03" })],
    ["too little cash", "contributions", changed("s2", { amount: "4999.97" })],
    ["a price that was not published", "contributions", changed("s2", { price: "102.4", amount: "4995.12" })],
    ["no price", "contributions", changed("s2", { price: undefined })],
    [
      "a price published only after it was dealt at",
      "contributions",
      changed("s2", { recordedAt: "2025-02-28T11:00:00Z" }),
    ],
    ["a purchase that takes units away", "contributions", changed("s2", { units: "-48.7804" })],
    ["a redemption paid too much", "redemptions", changed("r1", { amount: "1010.01" })],
    ["a redemption that adds units", "redemptions", changed("r1", { units: "10" })],
    [
      "a distribution paid twice",
      "distributions",
      {
        ...quarter,
        entries: [...quarter.entries, entry("d3", "2025-03-31", "a", "distribution", "0", { amount: "200.00" })],
      },
    ],
    [
      "a distribution not paid",
      "distributions",
      { ...quarter, entries: quarter.entries.filter(({ id }) => id !== "d2") },
    ],
    ["a distribution to the units after the redemption", "distributions", changed("d1", { amount: "180.00" })],
    ["a distribution that moves units", "distributions", changed("d1", { units: "1" })],
    [
      "a transfer with cash",
      "transfers",
      { ...quarter, entries: [...quarter.entries, entry("t", "2025-03-31", "a", "transfer_in", "1", { amount: "1" })] },
    ],
    [
      "a reversal of something else",
      "contributions",
      {
        ...quarter,
        entries: [
          ...quarter.entries,
          entry("x", "2025-03-31", "b", "subscription", "-48", { amount: "5000.00", reverses: "s2" }),
        ],
      },
    ],
    ["a lot below nothing", "opening", changed("s1", { effectiveOn: "2025-01-31" })],
  ])("%s: %s", (_, line, input) => {
    expect(() => capitalAccount(input)).toThrowError(expect.objectContaining({ code: "EG428" }));
    expect(() => capitalAccount(input)).toThrowError(new RegExp(`does not foot: .*${line} \\(`));
  });

  it("says which strike is missing, and refuses what is malformed", () => {
    const missing = { ...quarter, strikes: quarter.strikes.slice(1) };
    expect(() => capitalAccount({ ...missing, entries: quarter.entries, to: "2025-03-31" })).toThrowError(
      /contributions|strike/,
    );
    const noEnd = { ...quarter, to: "2025-04-30" };
    expect(() => capitalAccount(noEnd)).toThrowError(expect.objectContaining({ code: "EG404" }));
    expect(() => capitalAccount({ ...quarter, to: "2024-12-31" })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
    const orphan = {
      ...quarter,
      entries: [...quarter.entries, entry("x", "2025-03-31", "b", "call", "-1", { reverses: "none" })],
    };
    expect(() => capitalAccount(orphan)).toThrowError(expect.objectContaining({ code: "EG400" }));
    expect(() => capitalAccount({ ...quarter, entries: [...quarter.entries, quarter.entries[0]!] })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
  });
});

describe("properties", () => {
  const move = fc.record({
    kind: fc.constantFrom("buy", "sell", "pay", "wait"),
    size: fc.integer({ min: 1, max: 4_000_000 }),
    price: fc.integer({ min: 500_000, max: 2_000_000 }),
    fee: fc.integer({ min: 0, max: 5000 }),
  });
  const places = (units: bigint, digits: number): string => Fraction.of(units, 10n ** BigInt(digits)).text(digits);

  /** Synthetic books of one lot, kept in whole cents and ten-thousandths: month by month one move at a new price. */
  function booksOf(moves: readonly { kind: string; size: number; price: number; fee: number }[]) {
    const days = moves.map((_, n) => `20${20 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}-28`);
    const books: Input = {
      ...quarter,
      from: "2019-12-31",
      to: days.at(-1)!,
      knownOn: "2040-01-01T00:00:00Z",
      entries: [],
      lots: [],
      strikes: [],
    };
    let units = 0n;
    let price = 0n;
    moves.forEach(({ kind, size, fee, ...rest }, n) => {
      const day = days[n]!;
      price = BigInt(rest.price);
      const perUnit = kind === "pay" ? BigInt(size % 30_000) : 0n;
      books.strikes.push(
        strike(day, places(price, 4), {
          distributionPerUnit: places(perUnit, 4),
          managementFeePerUnit: places(BigInt(fee), 4),
        }),
      );
      const before = units;
      if (kind === "buy") {
        const bought = (BigInt(size) * 1_000_000n) / price;
        if (bought === 0n) return;
        units += bought;
        books.entries.push(
          entry(`e${n}`, day, "a", "subscription", places(bought, 4), {
            amount: places(BigInt(size), 2),
            price: places(price, 4),
          }),
        );
      } else if (kind === "sell" && units > 0n) {
        const sold = (units * BigInt((size % 4) + 1)) / 4n || 1n;
        units -= sold;
        books.entries.push(
          entry(`e${n}`, day, "a", "redemption", places(-sold, 4), {
            amount: places((sold * price) / 1_000_000n, 2),
            price: places(price, 4),
          }),
        );
      } else if (kind === "pay" && units > 0n) {
        books.entries.push(
          entry(`e${n}`, day, "a", "distribution", "0", { amount: places((units * perUnit) / 1_000_000n, 2) }),
        );
      }
      if (units !== before) books.lots.push(lot("a", day, places(units, 4)));
    });
    return { books, closing: Fraction.of(units * price, 10n ** 8n).text(2) };
  }

  it("any books that agree foot to the cent, and the closing is units times the last price", () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 8 }), (moves) => {
        const { books, closing } = booksOf(moves);
        const statement = capitalAccount(books);
        const sum = Fraction.sum(statement.lines.slice(0, -1).map(({ amount }) => Fraction.of(amount)));
        expect([sum.text(2), statement.foot.closing, statement.foot.ok]).toEqual([closing, closing, true]);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it("cash of any entry that is four cents off is found, under its line", () => {
    const lineOf = { subscription: "contributions", redemption: "redemptions", distribution: "distributions" };
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 6 }), fc.nat(5), (moves, pick) => {
        const { books } = booksOf(moves);
        const wrong = books.entries[pick % Math.max(1, books.entries.length)];
        if (!wrong) return;
        // what is left of a purchase below a unit's last place is at most two cents at these prices
        const off = Fraction.of(wrong.amount ?? "0")
          .plus(Fraction.of("0.04"))
          .text(2);
        const entries = books.entries.map((each) => (each === wrong ? { ...each, amount: off } : each));
        const line = lineOf[wrong.kind as keyof typeof lineOf];
        expect(() => capitalAccount({ ...books, entries })).toThrowError(new RegExp(`does not foot: ${line} \\(`));
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
