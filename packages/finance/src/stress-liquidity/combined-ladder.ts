// Assets and liabilities of a fund in one table, before and after stress: per bucket what comes in, what falls due by kind, and what that leaves (R33). Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { z } from "zod";
import { arrivals, LadderInput, LIABILITY_KINDS, Light, liquidityLadder } from "../liquidity.ts";
import { decimal, ratioText } from "../money.ts";
import { parseInput } from "../parse.ts";
import { byBucket } from "./profile-shapes.ts";

export const CombinedLadderInput = z.strictObject({
  before: LadderInput,
  /** The same fund under stress: other values, haircuts, slip, liabilities. */
  after: LadderInput,
});

const Side = z.strictObject({
  /** What the bucket itself brings, cash in the first one, after haircut and slip. */
  incoming: z.string(),
  /** What falls due in the bucket itself, by kind and after the factor. */
  redemptions: z.string(),
  calls: z.string(),
  debt: z.string(),
  margin: z.string(),
  /** Cumulative, as in the ladder. */
  assets: z.string(),
  liabilities: z.string(),
  rcr: z.string().nullable(),
  gap: z.string(),
  shortfall: z.string().nullable(),
  light: Light,
});
export const CombinedLadderOutput = z.strictObject({
  rows: z.array(
    z.strictObject({
      bucket: z.enum(BUCKETS),
      before: Side,
      after: Side,
      /** after − before, cumulative. */
      change: z.strictObject({ assets: z.string(), liabilities: z.string(), gap: z.string() }),
    }),
  ),
  /** Lowest coverage after stress, the earliest bucket of it; null where nothing is due. */
  worst: z.strictObject({ bucket: z.enum(BUCKETS), rcr: z.string() }).nullable(),
  /** Buckets that are red after stress and were not before. */
  turnedRed: z.array(z.enum(BUCKETS)),
});

/**
 * Two ladders of R33 side by side. In every row cumulative assets are the incoming sums, liabilities the sums of the four kinds. Money in the unit of
 * the input, figures HALF_UP at 18 decimals. Errors: EG400.
 */
export function combinedLadder(input: z.input<typeof CombinedLadderInput>): z.infer<typeof CombinedLadderOutput> {
  const facts = parseInput(CombinedLadderInput, input);
  const [before, after] = [sideOf(facts.before), sideOf(facts.after)];
  const rows = BUCKETS.map((bucket) => {
    const difference = (figure: "assets" | "liabilities" | "gap") =>
      ratioText(decimal(after[bucket][figure]).minus(before[bucket][figure]));
    return {
      bucket,
      before: before[bucket],
      after: after[bucket],
      change: { assets: difference("assets"), liabilities: difference("liabilities"), gap: difference("gap") },
    };
  });
  const covered = rows.flatMap(({ bucket, after: { rcr } }) => (rcr === null ? [] : [{ bucket, rcr }]));
  return {
    rows,
    worst: covered.reduce<{ bucket: Bucket; rcr: string } | null>(
      (least, row) => (least === null || decimal(row.rcr).lt(least.rcr) ? row : least),
      null,
    ),
    turnedRed: BUCKETS.filter((bucket) => after[bucket].light === "red" && before[bucket].light !== "red"),
  };
}

function sideOf(facts: z.output<typeof LadderInput>): Record<Bucket, z.infer<typeof Side>> {
  const arriving = arrivals(facts);
  const { rungs } = liquidityLadder(facts);
  return byBucket(
    rungs.map(({ bucket, ...rung }, position) => {
      const due = Object.fromEntries(
        LIABILITY_KINDS.map((kind) => [
          kind,
          ratioText(decimal(facts.liabilities[kind][bucket] ?? "0").times(facts.liabilityFactor)),
        ]),
      ) as Record<(typeof LIABILITY_KINDS)[number], string>;
      const incoming = position === 0 ? arriving[0]!.plus(facts.cash) : arriving[position]!;
      return { incoming: ratioText(incoming), ...due, ...rung };
    }),
  );
}
