// The kernel of the gate: conservation and equal treatment over random books, and three plausible mistakes that the same properties catch.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryPrice, arbitraryRequests, LONG, RUNS } from "./arbitrary-day.ts";
import { allocate, proRata, ulpValue } from "./pro-rata.ts";

/** Requests in 10^-4 units, what may be paid in 10^-18, the price in 10^-4 → fills. */
type Filler = (requests: bigint[], pay: bigint, price: bigint) => bigint[];

const kernel: Filler = (requests, pay, price) =>
  allocate(
    { units: requests, classes: requests.map(() => 0), stages: requests.map(() => 0) },
    [ulpValue(price, 4, 4)],
    pay,
  ).fills;

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** Σ fills = ⌊pay / price⌋ when gated, else Σ requests; nobody above the request; |fill − f · request| < one unit of rounding. */
function holds(fill: Filler, requests: bigint[], share: bigint, price: bigint): boolean {
  const ulp = price * 10n ** 10n;
  const total = requests.reduce((sum, units) => sum + units, 0n);
  const pay = (total * ulp * share) / 1_000n;
  const fills = fill(requests, pay, price);
  const filled = fills.reduce((sum, units) => sum + units, 0n);
  if (pay >= total * ulp) return fills.every((units, i) => units === requests[i]);
  if (filled !== pay / ulp) return false;
  return fills.every((units, i) => {
    const request = requests[i] as bigint;
    const apart = abs(units * total * ulp - request * pay);
    return units >= 0n && units <= request && apart < total * ulp;
  });
}

const property = (fill: Filler) =>
  fc.property(arbitraryRequests, fc.bigInt(0n, 1_000n), arbitraryPrice, (requests, share, price) =>
    holds(fill, requests, share, price),
  );

describe("one ratio over a book", () => {
  it(
    "loses no unit and treats everybody alike within one unit of rounding",
    () => fc.assert(property(kernel), RUNS),
    LONG,
  );

  it("gives what is left over to the largest remainders, ties to the earlier order", () => {
    expect(proRata([1n, 1n, 1n], { num: 2n, den: 3n }, 2n)).toEqual([1n, 1n, 0n]);
    expect(proRata([3n, 5n, 4n], { num: 1n, den: 2n }, 6n)).toEqual([2n, 2n, 2n]);
    expect(proRata([7n, 2n, 2n], { num: 1n, den: 3n }, 3n)).toEqual([2n, 1n, 0n]);
    // remainders that a double cannot tell apart: 2^60 + 1 is ahead of 2^60
    const den = 3n * 2n ** 60n;
    expect(proRata([2n ** 60n, 2n ** 60n + 1n], { num: 1n, den }, 0n)).toEqual([0n, 0n]);
    expect(proRata([2n ** 61n, 2n ** 61n + 1n], { num: 1n, den }, 1n)).toEqual([0n, 1n]);
  });

  it("refuses a target that does not fit the ratio", () => {
    expect(() => proRata([10n, 10n], { num: 1n, den: 2n }, 9n)).toThrowError(
      expect.objectContaining({ code: "EG500" }),
    );
    expect(() => proRata([10n, 10n], { num: 1n, den: 2n }, 11n)).toThrowError(/ratio/);
  });

  it(
    "is the same whatever order the book came in, up to ties",
    () => {
      fc.assert(
        fc.property(
          fc.uniqueArray(fc.bigInt(1n, 10n ** 12n), { minLength: 2, maxLength: 8 }),
          fc.bigInt(1n, 999n),
          (requests, share) => {
            const pay = (requests.reduce((sum, units) => sum + units, 0n) * 10n ** 14n * share) / 1_000n;
            const forward = kernel(requests, pay, 10_000n);
            const back = kernel([...requests].reverse(), pay, 10_000n).reverse();
            // an equal remainder of unequal requests may fall to another order; never more than one unit
            for (const [i, units] of forward.entries()) expect(abs(units - (back[i] as bigint)) <= 1n).toBe(true);
          },
        ),
        RUNS,
      );
    },
    LONG,
  );
});

describe("plausible mistakes are caught by the same property", () => {
  const total = (requests: bigint[]): bigint => requests.reduce((sum, units) => sum + units, 0n);
  const mistakes: Record<string, Filler> = {
    "rounding in floating point": (requests, pay, price) => {
      const ratio = Number(pay) / (Number(total(requests)) * Number(price) * 1e10);
      return requests.map((units) => BigInt(Math.min(Number(units), Math.round(Number(units) * ratio))));
    },
    "rounding every order to the nearest": (requests, pay, price) => {
      const den = total(requests) * price * 10n ** 10n;
      return den === 0n ? requests : requests.map((units) => (2n * units * pay + den) / (2n * den));
    },
    "rounding every order down and keeping the rest": (requests, pay, price) => {
      const den = total(requests) * price * 10n ** 10n;
      return den === 0n ? requests : requests.map((units) => (pay >= den ? units : (units * pay) / den));
    },
    "first come, first served": (requests, pay, price) => {
      let left = pay / (price * 10n ** 10n);
      return requests.map((units) => {
        const fill = units < left ? units : left;
        left -= fill;
        return fill;
      });
    },
    "the leftover to the first orders": (requests, pay, price) => {
      const den = total(requests) * price * 10n ** 10n;
      if (den === 0n || pay >= den) return requests;
      const fills = requests.map((units) => (units * pay) / den);
      let left = pay / (price * 10n ** 10n) - total(fills);
      return fills.map((units) => {
        const more = left > 0n ? 1n : 0n;
        left -= more;
        return units + more;
      });
    },
  };

  it.each(Object.keys(mistakes))("%s", (name) => {
    const found = fc.check(property(mistakes[name] as Filler), { numRuns: 2_000 });
    expect(found.failed).toBe(true);
  });
});
