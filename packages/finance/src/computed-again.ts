// A figure that was explained, computed again from its inputs alone by the calculations that made it, so that a page can say whether they agree. Pure.
import type { Explained, FigureInput } from "@evergreen-fund/domain/figures.ts";
import { fundNav, navPerUnitOf } from "./dealing/nav.ts";
import { scaledOf, scaledText } from "./dealing/scaled.ts";
import { issueUnits, redeemUnits } from "./dealing/units.ts";
import { drift } from "./drift.ts";
import { liquidityLadder } from "./liquidity.ts";
import { decimal, Exact, fixed, type Exact as Sum, toMinor, ZERO } from "./money.ts";
import { MEASURES, netPerformance, PerformanceBooks } from "./returns/net-performance.ts";

const FULL_PLACES = 18;
const WEIGHT_PLACES = 6;
const COVER_PLACES = 4;

/** Without the zeros that a column of fixed decimals adds. */
const plain = (text: string): string => decimal(text).toFixed();

class Inputs {
  readonly all: readonly FigureInput[];
  constructor(all: readonly FigureInput[]) {
    this.all = all;
  }
  of(...kinds: string[]): FigureInput[] {
    return this.all.filter(({ kind }) => kinds.includes(kind));
  }
  sum(...kinds: string[]): Sum {
    return this.of(...kinds).reduce((total, { value }) => total.plus(value), ZERO);
  }
  /** The value of the one input of a kind; null where there is none. */
  one(kind: string): string | null {
    const [first] = this.of(kind);
    return first === undefined ? null : plain(first.value);
  }
}

/**
 * The figure from `inputs` (of performance from `facts`), with the decimals of the figure; null where they do not decide it. `measure` names the measure of a
 * performance. Errors: those of the calculations.
 */
export function computedAgain(explained: Explained, measure?: string): string | null {
  const inputs = new Inputs(explained.inputs);
  const decimals = explained.decimals ?? FULL_PLACES;
  const currency = explained.unit ?? "";
  switch (explained.figure) {
    case "nav":
      return navOf(inputs, currency);
    case "nav_change": {
      const change = inputs.sum("closing").minus(inputs.sum("opening"));
      return change.eq(inputs.sum("reason")) ? fixed(change, decimals) : null;
    }
    case "nav_per_unit": {
      const [nav, units] = [inputs.one("class_nav"), inputs.one("units")];
      if (nav === null || units === null || decimal(units).isZero()) return null;
      const dp = { unitsDp: FULL_PLACES, priceDp: decimals };
      return scaledText(
        navPerUnitOf(toMinor(nav, currency), scaledOf(units, FULL_PLACES, "units"), dp, currency),
        decimals,
      );
    }
    case "dealing_price": {
      const [price, swing] = [inputs.one("price"), inputs.one("swing")];
      return price === null || swing === null ? null : fixed(decimal(price).times(decimal(swing).plus(1)), decimals);
    }
    case "worth":
      return fixed(inputs.sum("units").times(inputs.sum("price")), decimals);
    case "units":
      return fixed(inputs.sum("lot"), decimals);
    case "paid_in":
    case "paid_out":
      return fixed(inputs.sum("flow"), decimals);
    case "performance":
      return performanceOf(explained.facts, measure);
    case "fill":
      return fillOf(inputs, explained);
    case "fill_amount":
      return amountOf(inputs, explained);
    case "ladder_cover":
    case "ladder_gap":
      return ladderOf(inputs, explained.figure, decimals);
    case "stress_nav_after":
      return fixed(inputs.sum("before", "change"), decimals);
    case "stress_loss":
      return fixed(inputs.sum("change").neg(), decimals);
    case "weight":
    case "drift":
      return weightOf(inputs, explained.figure);
    case "exposure":
      return fixed(inputs.sum("asset"), decimals);
  }
}

/** Whether a figure computed again is the one that is shown: digit by digit, a fill to the one unit that the largest remainders give. */
export function agrees(explained: Explained, shown: string, again: string): boolean {
  const apart = decimal(shown).minus(again).abs();
  const gated = explained.figure === "fill" && explained.direction === "redemption";
  return apart.lte(gated ? new Exact(10).pow(-(explained.places?.units ?? 0)) : ZERO);
}

function navOf(inputs: Inputs, currency: string): string {
  const sum = (...kinds: string[]): string => inputs.sum(...kinds).toFixed();
  return fundNav({
    currency,
    assets: inputs.of("asset").map(({ value }, at) => ({ id: String(at), value: plain(value) })),
    cash: sum("cash"),
    receivables: sum("receivable"),
    debt: sum("debt"),
    payables: sum("payable"),
    accruedOperating: sum("accrual"),
    accruedPerformanceFee: sum("performance_fee"),
  }).nav;
}

function performanceOf(facts: unknown, measure: string | undefined): string | null {
  const books = PerformanceBooks.safeParse(facts);
  const wanted = MEASURES.find((one) => one === measure);
  if (!books.success || wanted === undefined) return null;
  return netPerformance(books.data).find((row) => row.measure === wanted)?.value ?? null;
}

function fillOf(inputs: Inputs, { direction, places }: Explained): string | null {
  const dp = { units: places?.units ?? 4, price: places?.price ?? 4 };
  const [requested, admitted, share] = [inputs.one("requested"), inputs.one("admitted"), inputs.one("fraction")];
  if (direction === "redemption") {
    if (admitted === null || share === null) return null;
    const [num, den] = [inputs.one("numerator"), inputs.one("denominator")];
    const exact = num === null || den === null ? decimal(admitted).times(share) : decimal(admitted).times(num).div(den);
    return exact.toFixed(dp.units, Exact.ROUND_DOWN);
  }
  if (requested !== null) return fixed(decimal(requested), dp.units);
  const [net, price] = [inputs.one("net"), inputs.of("price")[0]];
  if (net === null || price === undefined) return null;
  const priced = { currency: price.unit ?? "", unitsDp: dp.units, priceDp: dp.price };
  return issueUnits({ ...priced, netAmount: net, price: plain(price.value) }).units;
}

function amountOf(inputs: Inputs, { direction, places, unit, decimals }: Explained): string | null {
  const gross = inputs.sum("gross");
  const [units, price] = [inputs.one("filled"), inputs.one("price")];
  const less = inputs.sum("levy", "fee", "refund");
  const exponent = decimals ?? 2;
  if (direction !== "redemption") return fixed(gross.minus(inputs.sum("levy", "refund")), exponent);
  const pieces = inputs.of("piece");
  const proceeds =
    pieces.length > 0
      ? inputs.sum("piece")
      : units === null || price === null
        ? gross
        : decimal(
            redeemUnits({
              units,
              price,
              currency: unit ?? "",
              unitsDp: places?.units ?? 4,
              priceDp: places?.price ?? 4,
            }).cash,
          );
  return fixed(proceeds.minus(less).plus(inputs.sum("credit")), exponent);
}

function ladderOf(inputs: Inputs, figure: "ladder_cover" | "ladder_gap", decimals: number): string | null {
  const by = (side: string): Record<string, string> =>
    Object.fromEntries(
      inputs.of(side).flatMap(({ bucket, value }) => (bucket == null ? [] : [[bucket, plain(value)]])),
    );
  const { rungs } = liquidityLadder({
    assets: by("asset"),
    liabilities: { redemptions: by("liability") },
    nav: "0",
  });
  // nothing beyond the bucket that is asked for is among the inputs
  const last = rungs.at(-1);
  if (last === undefined) return null;
  if (figure === "ladder_gap") return fixed(decimal(last.gap), decimals);
  return last.rcr === null ? null : fixed(decimal(last.rcr), COVER_PLACES);
}

function weightOf(inputs: Inputs, figure: "weight" | "drift"): string | null {
  const OWN = "own";
  const target = inputs.one("target");
  const answer = drift({
    holdings: [
      ...inputs.of("asset").map(({ value }, at) => ({ id: `asset ${at}`, sleeve: OWN, value: plain(value) })),
      ...inputs.of("other").map(({ value }, at) => ({ id: `other ${at}`, sleeve: `other ${at}`, value: plain(value) })),
    ],
    sleeveTargets: target === null ? [] : [{ id: OWN, target }],
  });
  const row = answer.sleeves.find(({ id }) => id === OWN);
  const value = figure === "weight" ? row?.weight : row?.drift;
  return value == null ? null : fixed(decimal(value), WEIGHT_PLACES);
}
