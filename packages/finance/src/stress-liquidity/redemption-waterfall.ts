// What many investors together may take out by each bucket, for any share that everybody asks for: sorted curves and prefix sums, and what a scenario's
// assets pay of it (R32, R33). Pure, whole numbers: the exact form that a fast kernel must agree with.
import { BUCKETS, type Bucket, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { min, pow10, scaledOf, VALUE_DP } from "../dealing/scaled.ts";
import { Fraction } from "../fees/fraction.ts";
import { BucketAmounts } from "../liquidity.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

/** One in 10^-18, as every amount and share here is held. */
const UNIT = pow10(VALUE_DP);

/** Investors in columns: holdings, and per bucket how much of the holding can be out by its end; all in 10^-18. */
export type InvestorColumns = {
  readonly holdings: readonly bigint[];
  readonly reachable: readonly (readonly bigint[])[];
};

/** One bucket's curve: investors by rising share of their holding that they can reach. */
type Curve = {
  /** Σ reachable and Σ holdings of the first k investors, k from 0. */
  readonly reachable: readonly bigint[];
  readonly holdings: readonly bigint[];
  /** The investors' own figures in that order, to find k by. */
  readonly sorted: readonly { readonly reachable: bigint; readonly holding: bigint }[];
};
export type RedemptionCurves = readonly Curve[];

/**
 * Curves of all buckets: sorted once in O(investors · log investors) each; then `dueBy` answers in O(log investors). Holdings of zero are left out.
 * Errors: EG400 when somebody can reach more than the holding.
 */
export function redemptionCurves({ holdings, reachable }: InvestorColumns): RedemptionCurves {
  const curves: Curve[] = [];
  for (const [at, column] of reachable.entries()) {
    const before = reachable[at - 1];
    // a bucket in which nothing more can be out has the curve of the one before it
    const same = before?.every((amount, i) => amount === column[i]) ?? false;
    curves.push(same ? (curves[at - 1] as Curve) : curveOf(holdings, column));
  }
  return curves;
}

function curveOf(holdings: readonly bigint[], column: readonly bigint[]): Curve {
  if (column.some((amount, i) => amount > (holdings[i] as bigint)))
    throw new EvergreenError("EG400", "investors: more can be out than is held.");
  const sorted = column
    .map((amount, i) => ({ reachable: amount, holding: holdings[i] as bigint }))
    .filter(({ holding }) => holding > 0n)
    .map((row) => ({ ...row, near: Number(row.reachable) / Number(row.holding) }))
    .sort(byShare);
  const sums = { reachable: [0n], holdings: [0n] };
  let [out, held] = [0n, 0n];
  for (const row of sorted) {
    out += row.reachable;
    held += row.holding;
    sums.reachable.push(out);
    sums.holdings.push(held);
  }
  return { ...sums, sorted };
}

type Sorted = Curve["sorted"][number] & { readonly near: number };

/** By reachable / holding: as doubles where these are apart by more than their rounding, else exactly. */
function byShare(a: Sorted, b: Sorted): number {
  const apart = a.near - b.near;
  if (Math.abs(apart) > 1e-12) return apart;
  const [left, right] = [a.reachable * b.holding, b.reachable * a.holding];
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Σ over investors of min(share · holding, reachable), in 10^-36: those who can reach no more than the share give all they can, the first k of the sorted curve, the
 * others the share of their holdings. `share` in 10^-18.
 */
export function dueBy(curve: Curve, share: bigint): bigint {
  let [low, high] = [0, curve.sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { reachable, holding } = curve.sorted[middle] as Curve["sorted"][number];
    if (reachable * UNIT <= share * holding) low = middle + 1;
    else high = middle;
  }
  const beyond = (curve.holdings.at(-1) as bigint) - (curve.holdings[low] as bigint);
  return (curve.reachable[low] as bigint) * UNIT + share * beyond;
}

export const RedemptionWaterfallInput = z.strictObject({
  investors: z
    .array(
      z.strictObject({
        id: Name,
        holding: NonNegative,
        /** What can be out in each bucket under notice, lock-ups and gates (R32); what is missing to the holding cannot be out at all. */
        reachable: BucketAmounts,
      }),
    )
    .max(200_000),
  scenarios: z
    .array(
      z.strictObject({
        id: Name,
        /** Share of the holding that everybody asks for. */
        redemption: Share,
        /** What the scenario's assets bring in each bucket, cash included, what else is due taken off. */
        assets: BucketAmounts,
      }),
    )
    .max(10_000),
});
export const RedemptionWaterfallOutput = z.strictObject({
  scenarios: z.array(
    z.strictObject({
      id: z.string(),
      rungs: z.array(
        z.strictObject({
          bucket: z.enum(BUCKETS),
          /** Asked for, paid and still owed by the end of the bucket; money of the input. */
          due: z.string(),
          paid: z.string(),
          owed: z.string(),
          /** paid / due, one ratio for everybody; null when nothing is due. */
          ratio: z.string().nullable(),
        }),
      ),
      /** First bucket at whose end something is owed. */
      firstOwed: z.enum(BUCKETS).nullable(),
    }),
  ),
});

/**
 * Per scenario and bucket h: due(h) = Σ_i min(a·holding_i, reachable_i(h)), paid(h) = min(due(h), assets(h)), all cumulative; what is short is short for everybody
 * at one ratio. Exact; printed HALF_UP at 18 decimals. Errors: EG400 for a repeated id or more reachable than held; EG413.
 */
export function redemptionWaterfall(
  input: z.input<typeof RedemptionWaterfallInput>,
): z.infer<typeof RedemptionWaterfallOutput> {
  const facts = parseInput(RedemptionWaterfallInput, input);
  refuseRepeats("investors", facts.investors);
  refuseRepeats("scenarios", facts.scenarios);
  const running = (amounts: z.output<typeof BucketAmounts>): bigint[] => {
    let sum = 0n;
    return BUCKETS.map((bucket) => {
      sum += scaledOf(amounts[bucket] ?? "0", VALUE_DP, bucket);
      return sum;
    });
  };
  const rows = facts.investors.map(({ reachable }) => running(reachable));
  const curves = redemptionCurves({
    holdings: facts.investors.map(({ holding }) => scaledOf(holding, VALUE_DP, "holding")),
    reachable: BUCKETS.map((_, bucket) => rows.map((row) => row[bucket] as bigint)),
  });
  const text = (amount: bigint): string => Fraction.of(amount, UNIT * UNIT).ratioText();
  return {
    scenarios: facts.scenarios.map((scenario) => {
      const share = scaledOf(scenario.redemption, VALUE_DP, "redemption");
      const assets = running(scenario.assets);
      let firstOwed: Bucket | null = null;
      const rungs = BUCKETS.map((bucket, position) => {
        const due = dueBy(curves[position] as Curve, share);
        const paid = min(due, (assets[position] as bigint) * UNIT);
        if (paid < due) firstOwed ??= bucket;
        return {
          bucket,
          due: text(due),
          paid: text(paid),
          owed: text(due - paid),
          ratio: due === 0n ? null : Fraction.of(paid, due).ratioText(),
        };
      });
      return { id: scenario.id, rungs, firstOwed };
    }),
  };
}
