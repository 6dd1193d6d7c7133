// Redemptions of many investors in many scenarios: each asks for the whole amount once a loss reaches the own threshold. Sorted curves and prefix sums make
// the work investors + scenarios · buckets instead of investors · scenarios. Pure, doubles that hold whole minor units exactly.
import { EvergreenError } from "@evergreen-fund/domain";

/** Thresholds are whole basis points of loss, so that a curve has this many steps and sorting is counting. */
export const STEPS = 10_001;

/** Investors as columns. */
export interface InvestorBook {
  buckets: number;
  /** Whole minor units; the sum stays below 2^53, so that every sum of them is exact. */
  amounts: Float64Array;
  /** Loss at which the investor leaves, basis points 0 to 10,000. */
  thresholds: Uint16Array;
  /** Bucket in which the investor is paid. */
  bucketOf: Uint8Array;
}

/** curve[b · STEPS + t]: what the investors of bucket b with a threshold of at most t ask for. */
export type RedemptionCurves = Float64Array;

/** One pass over the investors, then prefix sums. Errors: EG400 for a threshold, bucket or amount out of range. */
export function redemptionCurves(book: InvestorBook): RedemptionCurves {
  const { buckets, amounts, thresholds, bucketOf } = book;
  if (thresholds.length !== amounts.length || bucketOf.length !== amounts.length)
    throw new EvergreenError("EG400", "The columns of investors must be of one length.");
  const curves = new Float64Array(buckets * STEPS);
  let total = 0;
  for (let i = 0; i < amounts.length; i += 1) {
    const amount = amounts[i]!;
    const threshold = thresholds[i]!;
    const bucket = bucketOf[i]!;
    if (threshold >= STEPS || bucket >= buckets || !(amount >= 0) || Math.floor(amount) !== amount)
      throw new EvergreenError("EG400", "An investor has a threshold, bucket or amount that is out of range.");
    total += amount;
    curves[bucket * STEPS + threshold]! += amount;
  }
  if (!Number.isSafeInteger(total))
    throw new EvergreenError("EG413", "The amounts are together too large to be exact.");
  for (let b = 0; b < buckets; b += 1)
    for (let t = b * STEPS + 1; t < (b + 1) * STEPS; t += 1) curves[t]! += curves[t - 1]!;
  return curves;
}

/**
 * Per scenario what is paid in each bucket and, last, what is still owed at the end: `buckets` + 1 doubles each. Loss is a share (0.1 loses 10 %);
 * `cash` holds what each bucket brings in, per scenario from s · buckets on. Cash not needed is carried to the next bucket, and so is what could not
 * be paid.
 */
export function redemptionWaterfall(
  curves: RedemptionCurves,
  buckets: number,
  losses: Float64Array,
  cash: Float64Array,
): Float64Array {
  if (curves.length !== buckets * STEPS || cash.length !== losses.length * buckets)
    throw new EvergreenError("EG400", "The columns of a waterfall must be of one length.");
  const out = new Float64Array(losses.length * (buckets + 1));
  for (let s = 0; s < losses.length; s += 1) {
    const step = stepOf(losses[s]!);
    let [owed, held] = [0, 0];
    for (let b = 0; b < buckets; b += 1) {
      if (step >= 0) owed += curves[b * STEPS + step]!;
      held += cash[s * buckets + b]!;
      const paid = Math.min(owed, held);
      out[s * (buckets + 1) + b] = paid;
      owed -= paid;
      held -= paid;
    }
    out[s * (buckets + 1) + buckets] = owed;
  }
  return out;
}

/** The highest threshold that a loss reaches; −1 for a gain. */
export const stepOf = (loss: number): number => (loss < 0 ? -1 : Math.min(STEPS - 1, Math.floor(loss * 10_000 + 1e-9)));
