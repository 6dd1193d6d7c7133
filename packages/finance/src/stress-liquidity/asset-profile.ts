// How fast the positions of a fund can be cash: every position spread over the seven buckets, and the fund as their sum (R31). Pure.
import { BUCKET_DAYS, BUCKETS, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { BucketShares } from "../liquidity.ts";
import { byId, decimal, type Exact, ONE, ZERO } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { bucketOfDays, byBucket, noAmounts, ProfileText, profileText } from "./profile-shapes.ts";

export const MOST_DAYS = 100_000;

/** How a position becomes cash. */
export const ToCash = z.discriminatedUnion("by", [
  /** Shares per bucket that add up to exactly 1. */
  z.strictObject({ by: z.literal("shares"), shares: BucketShares }),
  /** All of it is cash after so many days; null: not within sight. */
  z.strictObject({ by: z.literal("days"), days: z.int().min(0).max(MOST_DAYS).nullable() }),
  /** So much of its value can be sold on each calendar day from the first one on, and is paid `settlementDays` later. */
  z.strictObject({ by: z.literal("pace"), perDay: NonNegative, settlementDays: z.int().min(0).max(400).default(0) }),
]);
export type ToCash = z.output<typeof ToCash>;

export const AssetProfileInput = z.strictObject({
  positions: z.array(z.strictObject({ id: Name, value: NonNegative, toCash: ToCash })).max(20_000),
});
export const AssetProfileOutput = z.strictObject({
  positions: z.array(ProfileText.extend({ id: z.string() })),
  fund: ProfileText,
  total: z.string(),
});

/**
 * R31: each position spread over the buckets by its shares, by its days to cash or by the pace at which it can be sold; the fund is the sum, so that
 * every position counts by its value. What the pace does not reach within 365 days is in the last bucket. Money in the unit of the input; shares
 * have at most 18 decimals and add up to exactly 1 (largest remainder). Positions by id. Errors: EG400 naming the position whose shares do not add up to 1, or
 * a repeated id; EG413.
 */
export function assetProfile(input: z.input<typeof AssetProfileInput>): z.infer<typeof AssetProfileOutput> {
  const facts = parseInput(AssetProfileInput, input);
  refuseRepeats("positions", facts.positions);
  const fund = noAmounts();
  const positions = [...facts.positions]
    .sort((a, b) => byId(a.id, b.id))
    .map(({ id, value, toCash }) => {
      const amounts = spread(id, decimal(value), toCash);
      amounts.forEach((amount, position) => {
        fund[position] = fund[position]!.plus(amount);
      });
      return { id, ...profileText(amounts) };
    });
  const total = facts.positions.reduce((sum, { value }) => sum.plus(value), ZERO);
  return { positions, fund: profileText(fund), total: total.toFixed() };
}

/** What of `value` becomes cash in each bucket; adds up to `value` exactly. Errors: EG400. */
export function spread(id: string, value: Exact, toCash: ToCash): Exact[] {
  if (toCash.by === "shares") {
    const shares = BUCKETS.map((bucket) => decimal(toCash.shares[bucket] ?? "0"));
    if (!shares.reduce((sum, share) => sum.plus(share), ZERO).eq(ONE))
      throw new EvergreenError("EG400", `positions: the shares of ${id} do not add up to 1.`);
    return shares.map((share) => value.times(share));
  }
  if (toCash.by === "days") {
    const reached = byBucket(noAmounts());
    reached[toCash.days === null ? "gt365d" : bucketOfDays(toCash.days)] = value;
    return BUCKETS.map((bucket) => reached[bucket]);
  }
  const { perDay, settlementDays } = toCash;
  let before = ZERO;
  return BUCKETS.map((bucket) => {
    const selling = Math.max(0, BUCKET_DAYS[bucket] - settlementDays);
    const sold = Number.isFinite(selling) ? decimal(perDay).times(selling) : value;
    const by = sold.lt(value) ? sold : value;
    const amount = by.minus(before);
    before = by;
    return amount;
  });
}
