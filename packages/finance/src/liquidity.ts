// Liquidity ladder of a fund: assets A(h), liabilities L(h), coverage, gap and shortfall per bucket (R31, R33), plain and stressed,
// by time to liquidation and by HQLA weights; and the 30-day cover check of the Liquidity Engine (R38). Pure.
import { BUCKETS, type Bucket, DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, type Exact, ONE, ratioText, ZERO } from "./money.ts";
import { Name, NonNegative, parseInput, Share } from "./parse.ts";

/** One amount per bucket; a missing bucket is zero. */
export const BucketAmounts = z.partialRecord(z.enum(BUCKETS), NonNegative);
/** One share per bucket; a missing bucket takes the default named where it is used. */
export const BucketShares = z.partialRecord(z.enum(BUCKETS), Share);

/** What a fund may have to pay, by kind. */
export const LIABILITY_KINDS = ["redemptions", "calls", "debt", "margin"] as const;

export const LadderInput = z.strictObject({
  /** Cash: counted in the first bucket, never slips, no haircut. */
  cash: NonNegative.default("0"),
  /** Fair value of the positions by the bucket in which they can be turned into cash. */
  assets: BucketAmounts,
  /** What falls due: redemptions, capital calls, debt and margin, summed over the four. */
  liabilities: z.strictObject({
    redemptions: BucketAmounts.default({}),
    calls: BucketAmounts.default({}),
    debt: BucketAmounts.default({}),
    margin: BucketAmounts.default({}),
  }),
  nav: NonNegative,
  /** Haircut on the fair value, by the bucket a position comes from (before it slips); default 0. */
  haircuts: BucketShares.default({}),
  /** Share of each origin bucket that can be sold at all; default 1. */
  sellable: BucketShares.default({}),
  /** Buckets by which every non-cash bucket slips; the last bucket absorbs. */
  slip: z.int().min(0).max(6).default(0),
  /** Factor on every liability. */
  liabilityFactor: NonNegative.default("1"),
  /** Coverage at or above `green` is green, at or above `amber` amber, below it red. */
  lights: z.strictObject({ green: NonNegative, amber: NonNegative }).default({ green: "1.5", amber: "1" }),
});
export type LadderInput = z.input<typeof LadderInput>;

export const Light = z.enum(["green", "amber", "red"]);
export const LadderOutput = z.strictObject({
  rungs: z.array(
    z.strictObject({
      bucket: z.enum(BUCKETS),
      /** Cumulative assets A(h) and liabilities L(h), in the money of the input. */
      assets: z.string(),
      liabilities: z.string(),
      /** A/L, null where L is zero (shown green). */
      rcr: z.string().nullable(),
      gap: z.string(),
      /** max(0, L − A) / NAV; null where NAV is zero. */
      shortfall: z.string().nullable(),
      light: Light,
    }),
  ),
});
export type LadderOutput = z.infer<typeof LadderOutput>;

/**
 * The ladder of R33 by time to liquidation. A(h) = cash + Σ over the buckets that arrive by h of FV·(1 − haircut)·sellable, haircut and
 * sellable being those of the bucket the position comes from; L(h) = factor · Σ liabilities due by h.
 * Money in the unit of the input, ratios rounded HALF_UP at 18 decimals. Errors: EG400.
 */
export function liquidityLadder(input: LadderInput): LadderOutput {
  const facts = parseInput(LadderInput, input);
  const arriving = arrivals(facts);
  const due = falling(facts);
  const nav = decimal(facts.nav);
  let assets = decimal(facts.cash);
  let liabilities = ZERO;
  const rungs = BUCKETS.map((bucket, position) => {
    assets = assets.plus(arriving[position]!);
    liabilities = liabilities.plus(due[position]!);
    const rcr = liabilities.isZero() ? null : assets.div(liabilities);
    const missing = liabilities.gt(assets) ? liabilities.minus(assets) : ZERO;
    return {
      bucket,
      assets: ratioText(assets),
      liabilities: ratioText(liabilities),
      rcr: rcr && ratioText(rcr),
      gap: ratioText(assets.minus(liabilities)),
      shortfall: nav.isZero() ? null : ratioText(missing.div(nav)),
      light: lightOf(rcr, facts.lights),
    };
  });
  return { rungs };
}

/** What falls due in each bucket, all kinds together, after the factor. In the order of BUCKETS. */
function falling(facts: z.output<typeof LadderInput>): Exact[] {
  return BUCKETS.map((bucket) =>
    LIABILITY_KINDS.reduce((acc, kind) => acc.plus(facts.liabilities[kind][bucket] ?? 0), ZERO).times(
      facts.liabilityFactor,
    ),
  );
}

/** What each bucket brings in after haircut, sellable share and slip; cash apart. In the order of BUCKETS. */
export function arrivals(
  facts: Pick<z.output<typeof LadderInput>, "assets" | "haircuts" | "sellable" | "slip">,
): Exact[] {
  const arriving = BUCKETS.map(() => ZERO);
  BUCKETS.forEach((bucket, position) => {
    const target = Math.min(position + facts.slip, BUCKETS.length - 1);
    const proceeds = decimal(facts.assets[bucket] ?? "0")
      .times(ONE.minus(facts.haircuts[bucket] ?? "0"))
      .times(facts.sellable[bucket] ?? "1");
    arriving[target] = arriving[target]!.plus(proceeds);
  });
  return arriving;
}

function lightOf(rcr: Exact | null, lights: { green: string; amber: string }): z.infer<typeof Light> {
  if (rcr === null || rcr.gte(lights.green)) return "green";
  return rcr.gte(lights.amber) ? "amber" : "red";
}

export const HqlaInput = z.strictObject({
  /** Positions with the share of their value that counts as high-quality liquid assets. */
  positions: z.array(z.strictObject({ id: Name, value: NonNegative, weight: Share })).max(20_000),
  /** Outflows over the horizon the weights stand for. */
  outflows: NonNegative,
});
export const HqlaOutput = z.strictObject({ assets: z.string(), rcr: z.string().nullable(), gap: z.string() });

/** Coverage by HQLA weights (R33, second method): A = Σ weight·value; RCR = A / outflows, null when nothing flows out. Errors: EG400. */
export function hqlaCoverage(input: z.input<typeof HqlaInput>): z.infer<typeof HqlaOutput> {
  const facts = parseInput(HqlaInput, input);
  const assets = facts.positions.reduce((acc, p) => acc.plus(decimal(p.value).times(p.weight)), ZERO);
  const outflows = decimal(facts.outflows);
  return {
    assets: ratioText(assets),
    rcr: outflows.isZero() ? null : ratioText(assets.div(outflows)),
    gap: ratioText(assets.minus(outflows)),
  };
}

/** One rung of the liability side, money of the fund: planned, accepted, and what stress adds to the plan. */
export const LiabilityRung = z.strictObject({
  bucket: z.enum(BUCKETS),
  capacity: DecimalString,
  utilization: DecimalString,
  stressDelta: DecimalString,
});
export type LiabilityRung = z.infer<typeof LiabilityRung>;

/**
 * Stressed liabilities of a ladder up to `horizon`: Σ capacity + stress delta + utilization of the buckets that fall due by then.
 * Capacity is what is planned for (the largest or average month, calls, fees) and stress delta what stress adds to it: both speak of orders
 * that have not come yet. Utilization is orders that have come and were accepted: certain, known to the cent, and still to be paid. So they are
 * counted beside the plan and not out of it (R35 takes "already accepted redemptions" with calls and debt, apart from the redemptions that
 * stress may still bring), and no factor is applied to them. Exact, money of the fund.
 */
export function stressedDue(rungs: readonly LiabilityRung[], horizon: Bucket): Exact {
  const last = BUCKETS.indexOf(horizon);
  return rungs
    .filter(({ bucket }) => BUCKETS.indexOf(bucket) <= last)
    .reduce((sum, rung) => sum.plus(rung.capacity).plus(rung.stressDelta).plus(rung.utilization), ZERO);
}

export const CoverageInput = z.strictObject({
  assets30d: DecimalString,
  stressedLiabilities30d: NonNegative,
  cover: NonNegative.default("1.2"),
});
export const CoverageOutput = z.strictObject({
  verdict: z.enum(["covered", "not_covered"]),
  /** assets / liabilities, null when nothing is due. */
  ratio: z.string().nullable(),
  /** cover × liabilities. */
  required: z.string(),
  /** assets − required; negative when not covered. */
  headroom: z.string(),
});

/** R38: assets within 30 days ≥ cover × stressed liabilities of 30 days, compared exactly (no rounding before the verdict). Errors: EG400. */
export function liquidityCoverage(input: z.input<typeof CoverageInput>): z.infer<typeof CoverageOutput> {
  const facts = parseInput(CoverageInput, input);
  const assets = decimal(facts.assets30d);
  const liabilities = decimal(facts.stressedLiabilities30d);
  const required = liabilities.times(facts.cover);
  return {
    verdict: assets.gte(required) ? "covered" : "not_covered",
    ratio: liabilities.isZero() ? null : ratioText(assets.div(liabilities)),
    required: ratioText(required),
    headroom: ratioText(assets.minus(required)),
  };
}

/** Sum of the shares that can be cash by `horizon`, that bucket included. */
export function shareWithin(shares: Partial<Record<Bucket, string>>, horizon: Bucket): Exact {
  return BUCKETS.slice(0, BUCKETS.indexOf(horizon) + 1).reduce((acc, bucket) => acc.plus(shares[bucket] ?? 0), ZERO);
}
