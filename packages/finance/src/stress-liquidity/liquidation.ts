// Selling assets to raise money: the most liquid first (waterfall) or a slice of everything (slice); what it costs and what is left (R33). Pure.
import { BUCKETS, type Bucket, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { BucketShares } from "../liquidity.ts";
import { byId, decimal, type Exact, exactWeights, ONE, ratioText, ZERO } from "../money.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { BucketTexts, byBucket, noAmounts, sumOf } from "./profile-shapes.ts";

export const LiquidationInput = z.strictObject({
  method: z.enum(["waterfall", "slice"]),
  /** Money to raise, after haircuts. */
  demand: NonNegative,
  /** Cash is a position of its own: haircut 0, all of it in the first bucket. */
  positions: z
    .array(
      z.strictObject({
        id: Name,
        value: NonNegative,
        /** Share of the value that a sale loses. */
        haircut: Share.default("0"),
        /** Share per bucket; adds up to exactly 1. */
        shares: BucketShares,
      }),
    )
    .max(20_000),
  /** Only what is cash by then can be sold. */
  horizon: z.enum(BUCKETS).default("gt365d"),
});
export const LiquidationOutput = z.strictObject({
  method: z.enum(["waterfall", "slice"]),
  /** Proceeds after haircuts, and what the haircuts took. */
  raised: z.string(),
  cost: z.string(),
  /** demand − raised. */
  shortfall: z.string(),
  /** slice: the share of every position that is sold, where so much of it can be; null for the waterfall. */
  slice: z.string().nullable(),
  positions: z.array(
    z.strictObject({
      id: z.string(),
      sold: z.string(),
      proceeds: z.string(),
      cost: z.string(),
      left: z.string(),
      /** slice: less could be sold by the horizon than the slice asks for. */
      limited: z.boolean(),
      /** Weights add up to exactly 1; null where nothing is held. */
      weightBefore: z.string().nullable(),
      weightAfter: z.string().nullable(),
    }),
  ),
  before: z.strictObject({ total: z.string(), buckets: BucketTexts }),
  after: z.strictObject({ total: z.string(), buckets: BucketTexts }),
  /** ½·Σ |weight after − weight before|: 0 when the mix is what it was; null where nothing is left. */
  distortion: z.string().nullable(),
});
type Facts = z.output<typeof LiquidationInput>;
/** kept: 1 − haircut; limit: share of the value that can be cash by the horizon. */
type Position = { id: string; value: Exact; kept: Exact; buckets: Exact[]; sellable: Exact; limit: Exact; sold: Exact };

/**
 * Waterfall: bucket after bucket, within a bucket the smallest haircut first, then by id; only the last sale is a part. Slice: the same share x of every position,
 * x the smallest that raises the demand; a position of which less can be cash by the horizon gives all that can be, and the others more. Within a
 * position the most liquid part is sold first. Proceeds = sold·(1 − haircut). What cannot be raised is the shortfall. Money in the unit of the input,
 * in exact decimals printed HALF_UP at 18. Errors: EG400 for shares that do not add up to 1 or a repeated id; EG413.
 */
export function liquidate(input: z.input<typeof LiquidationInput>): z.infer<typeof LiquidationOutput> {
  const facts = parseInput(LiquidationInput, input);
  refuseRepeats("positions", facts.positions);
  const positions = opened(facts);
  const demand = decimal(facts.demand);
  const weightsBefore = weightsOf(positions, ({ value }) => value);
  const before = bucketsOf(positions);
  const slice =
    facts.method === "waterfall" ? sellDown(positions, demand, facts.horizon) : sellSlice(positions, demand);
  const weightsAfter = weightsOf(positions, ({ value, sold }) => value.minus(sold));
  const after = bucketsOf(positions);
  const raised = positions.reduce((sum, position) => sum.plus(proceedsOf(position)), ZERO);
  const sold = positions.reduce((sum, position) => sum.plus(position.sold), ZERO);
  const missing = demand.minus(raised);
  return {
    method: facts.method,
    raised: ratioText(raised),
    cost: ratioText(sold.minus(raised)),
    // the division of the last sale may leave a hair at the sixtieth digit
    shortfall: ratioText(missing.lt(0) ? ZERO : missing),
    slice: slice === null ? null : ratioText(slice),
    positions: positions.map((position, k) => ({
      id: position.id,
      sold: ratioText(position.sold),
      proceeds: ratioText(proceedsOf(position)),
      cost: ratioText(position.sold.minus(proceedsOf(position))),
      left: ratioText(position.value.minus(position.sold)),
      limited: slice?.times(position.value).gt(position.sellable) ?? false,
      weightBefore: weightsBefore && ratioText(weightsBefore[k]!),
      weightAfter: weightsAfter && ratioText(weightsAfter[k]!),
    })),
    before,
    after,
    distortion: weightsBefore && weightsAfter && ratioText(distance(weightsBefore, weightsAfter)),
  };
}

function opened(facts: Facts): Position[] {
  const last = BUCKETS.indexOf(facts.horizon);
  return [...facts.positions]
    .sort((a, b) => byId(a.id, b.id))
    .map((row) => {
      const value = decimal(row.value);
      const shares = BUCKETS.map((bucket) => decimal(row.shares[bucket] ?? "0"));
      if (!sumOf(shares).eq(ONE))
        throw new EvergreenError("EG400", `positions: the shares of ${row.id} do not add up to 1.`);
      const buckets = shares.map((share) => value.times(share));
      const sellable = sumOf(buckets.slice(0, last + 1));
      const limit = value.isZero() ? ZERO : sellable.div(value);
      return { id: row.id, value, kept: ONE.minus(row.haircut), buckets, sellable, limit, sold: ZERO };
    });
}

const proceedsOf = ({ sold, kept }: Position): Exact => sold.times(kept);

function sell(position: Position, bucket: number, amount: Exact): void {
  position.buckets[bucket] = position.buckets[bucket]!.minus(amount);
  position.sold = position.sold.plus(amount);
}

function sellDown(positions: readonly Position[], demand: Exact, horizon: Bucket): null {
  const last = BUCKETS.indexOf(horizon);
  const cheapest = [...positions].sort((a, b) => b.kept.cmp(a.kept) || byId(a.id, b.id));
  let left = demand;
  for (let bucket = 0; bucket <= last && left.gt(0); bucket += 1)
    for (const position of cheapest) {
      const there = position.buckets[bucket]!;
      // what would bring nothing is kept
      if (there.isZero() || position.kept.isZero() || left.lte(0)) continue;
      const proceeds = there.times(position.kept);
      const amount = proceeds.gt(left) ? left.div(position.kept) : there;
      sell(position, bucket, amount);
      left = proceeds.gt(left) ? ZERO : left.minus(proceeds);
    }
  return null;
}

/** x with Σ min(x·value, sellable)·(1 − haircut) = demand, 1 when all of it is not enough: the sum is piecewise linear and rises with x. */
function sellSlice(positions: readonly Position[], demand: Exact): Exact {
  const held = positions.filter(({ value }) => value.gt(0));
  const rising = [...held].sort((a, b) => a.limit.cmp(b.limit) || byId(a.id, b.id));
  let full = ZERO;
  let open = held.reduce((sum, { value, kept }) => sum.plus(value.times(kept)), ZERO);
  let slice: Exact | undefined;
  for (const position of rising) {
    if (full.plus(open.times(position.limit)).gte(demand)) {
      slice = open.isZero() ? ZERO : demand.minus(full).div(open);
      break;
    }
    full = full.plus(position.sellable.times(position.kept));
    open = open.minus(position.value.times(position.kept));
  }
  const share = slice ?? (demand.isZero() ? ZERO : ONE);
  for (const position of held) {
    const wanted = position.value.times(share);
    let left = wanted.gt(position.sellable) ? position.sellable : wanted;
    for (let bucket = 0; bucket < BUCKETS.length && left.gt(0); bucket += 1) {
      const there = position.buckets[bucket]!;
      const amount = there.gt(left) ? left : there;
      sell(position, bucket, amount);
      left = left.minus(amount);
    }
  }
  return share;
}

function weightsOf(positions: readonly Position[], of: (position: Position) => Exact): Exact[] | null {
  const values = positions.map(of);
  return sumOf(values).gt(0) ? exactWeights(values) : null;
}

function distance(a: readonly Exact[], b: readonly Exact[]): Exact {
  return a.reduce((sum, weight, k) => sum.plus(weight.minus(b[k]!).abs()), ZERO).div(2);
}

function bucketsOf(positions: readonly Position[]): { total: string; buckets: Record<Bucket, string> } {
  const amounts = noAmounts().map((_, bucket) =>
    positions.reduce((sum, position) => sum.plus(position.buckets[bucket]!), ZERO),
  );
  return { total: ratioText(sumOf(amounts)), buckets: byBucket(amounts.map(ratioText)) };
}
