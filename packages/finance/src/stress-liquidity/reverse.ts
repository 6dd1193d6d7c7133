// Reverse stress test: not what a scenario costs but how much the fund bears. The largest redemption, the smallest haircut, the frontier of both
// (R35). Pure.
import { BUCKETS, EvergreenError } from "@evergreen-fund/domain";
import { Decimal } from "decimal.js";
import { z } from "zod";
import { arrivals, BucketAmounts, BucketShares } from "../liquidity.ts";
import { decimal, type Exact, ONE, RATIO_SCALE, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput, Share } from "../parse.ts";

/** Assets as in the ladder of R33; liabilities without the redemptions that are still to be found. */
const ReverseFund = z.strictObject({
  cash: NonNegative.default("0"),
  assets: BucketAmounts,
  /** Haircut of the scenario by the bucket a position comes from; default 0. */
  haircuts: BucketShares.default({}),
  sellable: BucketShares.default({}),
  slip: z.int().min(0).max(6).default(0),
  /** What is due beside new redemptions: stressed by `factor`. */
  calls: BucketAmounts.default({}),
  debt: BucketAmounts.default({}),
  margin: BucketAmounts.default({}),
  /** Redemptions accepted already: known to the cent, so no factor applies. */
  accepted: BucketAmounts.default({}),
  factor: NonNegative.default("1"),
  nav: NonNegative,
});
type Fund = z.output<typeof ReverseFund>;

export const ReverseInput = ReverseFund.extend({
  /** Redemption whose haircut is sought: share of NAV that is asked for by the end of each bucket. */
  redemption: Share.default("0"),
});
export const ReverseOutput = z.strictObject({
  rungs: z.array(
    z.strictObject({
      bucket: z.enum(BUCKETS),
      assets: z.string(),
      /** Calls, debt, margin and accepted redemptions, summed to this bucket. */
      other: z.string(),
      /** Largest redemption that is covered, in money and as R*, a share of NAV. */
      redemption: z.string(),
      share: z.string(),
      /**
       * Smallest haircut on everything but cash, on top of the scenario's, at which assets no longer exceed liabilities; null where no haircut
       * does that (cash covers them) or none is needed (they are not covered as it is).
       */
      haircut: z.string().nullable(),
      verdict: z.enum(["haircut", "covered_by_cash", "not_covered"]),
    }),
  ),
});

/** Cumulative cash side, asset side without cash, and liability side of the fund at every bucket. */
function sides(fund: Fund): { cash: Exact; assets: Exact[]; other: Exact[] } {
  const arriving = arrivals(fund);
  let [assets, other] = [ZERO, ZERO];
  const rows = BUCKETS.map((bucket, position) => {
    const due = decimal(fund.calls[bucket] ?? "0")
      .plus(fund.debt[bucket] ?? "0")
      .plus(fund.margin[bucket] ?? "0");
    assets = assets.plus(arriving[position]!);
    other = other.plus(due.times(fund.factor)).plus(fund.accepted[bucket] ?? "0");
    return { assets, other };
  });
  return { cash: decimal(fund.cash), assets: rows.map((row) => row.assets), other: rows.map((row) => row.other) };
}

const down = (value: Exact): string => ratioText(value.toDecimalPlaces(RATIO_SCALE, Decimal.ROUND_FLOOR));
const positive = (value: Exact): Exact => (value.lt(0) ? ZERO : value);

/**
 * R35 for every bucket h: R*(h) = max(0, A_s(h) − L_other,s(h)) / NAV, and the smallest uniform haircut x with A(h; x) = L(h), where
 * A(h; x) = cash + (1 − x) · (all else, after the scenario) and L(h) = L_other,s(h) + redemption · NAV. Both are rounded down at 18 decimals, so that what
 * is printed is still covered. Money in the unit of the input. Errors: EG400, also when NAV is zero.
 */
export function reverseStress(input: z.input<typeof ReverseInput>): z.infer<typeof ReverseOutput> {
  const facts = parseInput(ReverseInput, input);
  const nav = aboveZero(facts.nav);
  const { cash, assets, other } = sides(facts);
  return {
    rungs: BUCKETS.map((bucket, position) => {
      const all = cash.plus(assets[position]!);
      const redemption = positive(all.minus(other[position]!));
      const liabilities = other[position]!.plus(nav.times(facts.redemption));
      const verdict = liabilities.gt(all) ? "not_covered" : liabilities.lt(cash) ? "covered_by_cash" : "haircut";
      const rest = all.minus(liabilities);
      // with no other assets cash just equals what is due: any haircut leaves it so, the smallest is none
      const haircut = assets[position]!.isZero() ? ZERO : rest.div(assets[position]!);
      return {
        bucket,
        assets: ratioText(all),
        other: ratioText(other[position]!),
        redemption: ratioText(redemption),
        share: down(redemption.div(nav)),
        haircut: verdict === "haircut" ? down(haircut) : null,
        verdict,
      } as const;
    }),
  };
}

export const ReverseFrontierInput = ReverseFund.extend({
  horizon: z.enum(BUCKETS),
  /** Shares of NAV redeemed by the horizon. */
  redemptions: z.array(Share).min(1).max(200),
  /** Haircuts on everything but cash, on top of the scenario's. */
  haircutGrid: z.array(Share).min(1).max(200),
});
export const ReverseFrontierOutput = z.strictObject({
  horizon: z.enum(BUCKETS),
  /** One per haircut: the largest redemption it leaves room for, as a share of NAV. */
  frontier: z.array(z.strictObject({ haircut: z.string(), assets: z.string(), share: z.string() })),
  /** Every pair, haircut by haircut. */
  grid: z.array(
    z.strictObject({
      haircut: z.string(),
      redemption: z.string(),
      liabilities: z.string(),
      rcr: z.string().nullable(),
      holds: z.boolean(),
    }),
  ),
});

/**
 * The frontier of R35 at a horizon: for each haircut the largest redemption, and for every pair of the grid whether assets still cover liabilities
 * (compared exactly, equal holds). R* is rounded down at 18 decimals, RCR HALF_UP. Errors: EG400, also when NAV is zero.
 */
export function reverseFrontier(input: z.input<typeof ReverseFrontierInput>): z.infer<typeof ReverseFrontierOutput> {
  const facts = parseInput(ReverseFrontierInput, input);
  const nav = aboveZero(facts.nav);
  const { cash, assets, other } = sides(facts);
  const at = BUCKETS.indexOf(facts.horizon);
  const rows = facts.haircutGrid.map((haircut) => ({
    haircut,
    assets: cash.plus(assets[at]!.times(ONE.minus(haircut))),
  }));
  return {
    horizon: facts.horizon,
    frontier: rows.map((row) => ({
      haircut: row.haircut,
      assets: ratioText(row.assets),
      share: down(positive(row.assets.minus(other[at]!)).div(nav)),
    })),
    grid: rows.flatMap((row) =>
      facts.redemptions.map((redemption) => {
        const liabilities = other[at]!.plus(nav.times(redemption));
        return {
          haircut: row.haircut,
          redemption,
          liabilities: ratioText(liabilities),
          rcr: liabilities.isZero() ? null : ratioText(row.assets.div(liabilities)),
          holds: row.assets.gte(liabilities),
        };
      }),
    ),
  };
}

function aboveZero(nav: string): Exact {
  const value = decimal(nav);
  if (value.isZero()) throw new EvergreenError("EG400", "nav: must be above zero.");
  return value;
}
