// Which factor holds for an asset: the most specific address that fits, and the points of a yield curve that move. Pure.
import { BROADER, type FactorName, TENOR_YEARS, TENORS } from "@evergreen-fund/domain/scenarios/index.ts";
import type { Cell } from "./cells.ts";

/**
 * The values that hold for something of a kind: those of the most specific address there is. A part is the word itself, then its broader
 * class, then `all`; the left part counts most. Undefined when no address fits: nothing moves.
 */
export function factorFor(
  factors: Cell["factors"],
  name: FactorName,
  parts: readonly string[],
): { address: string; values: readonly string[] } | undefined {
  const ways = parts.map((word) => [word, ...(BROADER[word] === undefined ? [] : [BROADER[word]]), "all"]);
  const addresses = ways.reduce<string[]>(
    (found, words) => found.flatMap((one) => words.map((word) => `${one}.${word}`)),
    [name],
  );
  const address = addresses.find((one) => Object.hasOwn(factors, one));
  return address === undefined ? undefined : { address, values: factors[address] as readonly string[] };
}

export interface KeyRate {
  tenor: (typeof TENORS)[number];
  years: number;
  /** Basis points per period, as decimal texts. */
  values: readonly string[];
}

/**
 * Points of a currency's curve that move on top of its parallel shift, shortest first. A currency with points of its own has only those; others have
 * the points of `all`. Between two points a shift lies on a straight line in years, beyond the ends it stays; no points: no shift.
 */
export function keyRates(factors: Cell["factors"], currency: string): KeyRate[] {
  const pointsOf = (of: string): KeyRate[] =>
    TENORS.flatMap((tenor) => {
      const values = factors[`rates.key.${of}.${tenor}`];
      return values === undefined ? [] : [{ tenor, years: TENOR_YEARS[tenor], values }];
    });
  const own = pointsOf(currency);
  return own.length > 0 ? own : pointsOf("all");
}
