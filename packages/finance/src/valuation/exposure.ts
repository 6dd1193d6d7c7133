// Large runs by factor exposures: each asset is worth nav · exp(F·Bᵀ) or nav · (1 + F·Bᵀ) in a scenario F, and the assets are added up to NAV and buckets.
// Plain doubles in a fixed order: this is what every faster form is held against. Pure.
import { EvergreenError } from "@evergreen-fund/domain";

export const FORMS = ["exponential", "linear"] as const;
export type Form = (typeof FORMS)[number];

/** Assets as columns. Amounts are doubles: this is a simulation, no amount that is booked. */
export interface ExposureBook {
  form: Form;
  /** Value of each asset. */
  values: Float64Array;
  /** Bucket of each asset, 0 to `buckets` − 1. */
  bucketOf: Uint8Array;
  buckets: number;
  factors: number;
  /** Exposure of asset a to factor k at a · factors + k. */
  exposures: Float64Array;
}

/** Beyond this an exponent cannot be a move of a price any more, and single precision would end soon after. */
export const MOST_EXPONENT = 80;
/** Most buckets of one book. */
export const MOST_BUCKETS = 64;

/** Errors: EG400 when columns do not fit together, a number is not finite, or a bucket is out of range. */
export function checkBook(book: ExposureBook): void {
  const assets = book.values.length;
  const refuse = (why: string): never => {
    throw new EvergreenError("EG400", why);
  };
  if (!Number.isInteger(book.factors) || book.factors < 1) refuse("A book of exposures needs at least one factor.");
  if (!Number.isInteger(book.buckets) || book.buckets < 1 || book.buckets > MOST_BUCKETS)
    refuse(`A book of exposures has from 1 to ${MOST_BUCKETS} buckets.`);
  if (assets === 0) refuse("A book of exposures needs at least one asset.");
  if (book.exposures.length !== assets * book.factors || book.bucketOf.length !== assets)
    refuse("The columns of a book of exposures must be of one length.");
  if (!book.values.every(Number.isFinite) || !book.exposures.every(Number.isFinite))
    refuse("Values and exposures must be finite numbers.");
  if (book.bucketOf.some((bucket) => bucket >= book.buckets)) refuse("An asset lies in a bucket that is not there.");
}

/**
 * Value of each bucket and, last, their sum (NAV), per scenario: `buckets` + 1 doubles each. `moves` holds the factors of scenario s from s · factors on.
 * Added in order of the assets, then of the buckets. Errors: EG400 as `checkBook` says, and when an exponent is beyond 80.
 */
export function bucketValues(book: ExposureBook, moves: Float64Array): Float64Array {
  checkBook(book);
  const { factors, buckets, values, exposures, bucketOf } = book;
  if (moves.length === 0 || moves.length % factors !== 0 || !moves.every(Number.isFinite))
    throw new EvergreenError("EG400", "Every scenario needs a finite move of every factor.");
  const scenarios = moves.length / factors;
  const out = new Float64Array(scenarios * (buckets + 1));
  for (let s = 0; s < scenarios; s += 1) {
    const at = s * (buckets + 1);
    for (let a = 0; a < values.length; a += 1) {
      let x = 0;
      for (let k = 0; k < factors; k += 1) x += moves[s * factors + k]! * exposures[a * factors + k]!;
      if (book.form === "exponential" && Math.abs(x) > MOST_EXPONENT)
        throw new EvergreenError("EG400", "A move times an exposure is beyond what a price can do.");
      out[at + bucketOf[a]!]! += values[a]! * (book.form === "exponential" ? Math.exp(x) : 1 + x);
    }
    let nav = 0;
    for (let b = 0; b < buckets; b += 1) nav += out[at + b]!;
    out[at + buckets] = nav;
  }
  return out;
}

export interface TailLoss {
  valueAtRisk: number;
  expectedShortfall: number;
}

/**
 * Value at risk and expected shortfall of equally likely losses at a confidence c. Estimators: VaR is the ⌈c·n⌉-th smallest loss (the inverse of the empirical
 * distribution, nothing interpolated); ES is the mean of the worst (1 − c)·n losses, the loss at the border counted with the share of it that belongs to
 * the tail (Acerbi and Tasche 2002). Errors: EG400 without losses, or when c is not between 0 and 1.
 */
export function tailLoss(losses: Float64Array, confidence: number): TailLoss {
  if (losses.length === 0 || !losses.every(Number.isFinite) || !(confidence > 0 && confidence < 1))
    throw new EvergreenError("EG400", "A tail needs losses and a confidence between 0 and 1.");
  const sorted = Float64Array.from(losses).sort();
  const before = confidence * sorted.length;
  // a product such as 0.95 · 100 may lie a hair beside the whole number it stands for
  const border = Math.max(1, Math.ceil(before - 1e-9));
  const valueAtRisk = sorted[border - 1]!;
  let tail = Math.max(0, border - before) * valueAtRisk;
  for (let i = border; i < sorted.length; i += 1) tail += sorted[i]!;
  return { valueAtRisk, expectedShortfall: tail / (sorted.length - before) };
}

/** What investors ask for after a shock, and when that is more than the gate lets through. */
export interface GateTerms {
  /** Redemptions asked for in each period, as a share of NAV before the shock. */
  asked: readonly number[];
  /** By how much the asking grows per loss: asked · (1 + response · loss share). */
  response: number;
  /** Gate as a share of the NAV of the period. */
  gate: number;
}

/**
 * The first period (1, 2 …) in which more is asked for than the gate lets through, 0 when none of them; with `left` = NAV after the shock over NAV before.
 * Each period pays what it is asked for until then.
 */
export function timeToGate(left: number, { asked, response, gate }: GateTerms): number {
  const grown = 1 + response * Math.max(0, 1 - left);
  let nav = left;
  for (let period = 0; period < asked.length; period += 1) {
    const demand = asked[period]! * grown;
    if (demand > gate * nav) return period + 1;
    nav -= demand;
  }
  return 0;
}
