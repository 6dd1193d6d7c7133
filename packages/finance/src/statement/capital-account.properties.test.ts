// For any books that agree: the statement foots to the cent, its closing is units times the last price, and a wrong amount is found under its line.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fraction } from "../fees/fraction.ts";
import { capitalAccount } from "./capital-account.ts";
import { entry, type Input, lot, quarter, strike } from "./sample-books.ts";

describe("properties", () => {
  const move = fc.record({
    kind: fc.constantFrom("buy", "sell", "pay", "charge", "refund", "wait"),
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
      } else if ((kind === "charge" || kind === "refund") && units > 0n) {
        // at most a quarter of what is there, at the price, down to the last place of a unit
        const money = kind === "charge" ? (units * price) / (4_000_000n + BigInt(size)) : BigInt(size);
        const moved = (money * 1_000_000n) / price;
        if (moved === 0n) return;
        units += kind === "charge" ? -moved : moved;
        const what = kind === "charge" ? { charge: places(money, 2) } : { equalisation: `-${places(money, 2)}` };
        books.entries.push(
          entry(`e${n}`, day, "a", "equalisation", places(kind === "charge" ? -moved : moved, 4), {
            ...what,
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
    const lineOf = {
      subscription: "contributions",
      redemption: "redemptions",
      distribution: "distributions",
      equalisation: "equalisation",
    };
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
