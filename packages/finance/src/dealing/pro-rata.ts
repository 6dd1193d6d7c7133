// The kernel of the gate: one ratio over an order book held in columns, floor and largest remainder (R6). No object per order; bigint only.
// Pure. Measured: well above a million orders a second on one core (packages/finance/src/dealing/README.md).
import { EvergreenError } from "@evergreen-fund/domain";
import { type Fraction, fraction, min, pow10, VALUE_DP } from "./scaled.ts";

/**
 * Fills requests at `ratio` (0 ≤ ratio < 1) so that Σ fills = `target`: every fill is rounded down, the units left over go one each to the
 * largest remainders, ties to the earlier position; orders stand in the order of their ids. |fill − ratio × request| < 1 and fill ≤ request.
 * Units are whole numbers of 10^-u. Errors: EG500 unless Σ floors ≤ target ≤ ⌊ratio × Σ requests⌋.
 */
export function proRata(requests: readonly bigint[], ratio: Fraction, target: bigint): bigint[] {
  const { num, den } = ratio;
  const count = requests.length;
  const fills = new Array<bigint>(count);
  const remainders = new Array<bigint>(count);
  let left = target;
  for (let i = 0; i < count; i++) {
    const product = (requests[i] as bigint) * num;
    const fill = product / den;
    fills[i] = fill;
    remainders[i] = product - fill * den;
    left -= fill;
  }
  if (left < 0n || left > BigInt(count))
    throw new EvergreenError("EG500", "The target of a pro-rata fill does not fit its ratio.");
  for (const position of largest(remainders, Number(left))) (fills[position] as bigint) += 1n;
  return fills;
}

/** Positions of the `count` largest values above zero, ties to the earlier position. A sort of doubles finds the threshold; only ties look at digits. */
function largest(values: readonly bigint[], count: number): number[] {
  if (count === 0) return [];
  const keys = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) keys[i] = Number(values[i]);
  const threshold = Float64Array.from(keys).sort()[values.length - count] as number;
  const above: number[] = [];
  let tied: number[] = [];
  let equal = true;
  for (let i = 0; i < keys.length; i++) {
    // rounding to a double keeps the order, so what is above the threshold as a double is above it exactly
    if ((keys[i] as number) > threshold) above.push(i);
    else if (keys[i] === threshold) {
      equal &&= tied.length === 0 || values[i] === values[tied[0] as number];
      tied.push(i);
    }
  }
  if (!equal)
    tied = tied.sort((a, b) => {
      const [left, right] = [values[a] as bigint, values[b] as bigint];
      return left === right ? a - b : left > right ? -1 : 1;
    });
  const chosen = above.concat(tied.slice(0, count - above.length));
  if (chosen.some((position) => values[position] === 0n))
    throw new EvergreenError("EG500", "The target of a pro-rata fill is above its ratio.");
  return chosen;
}

/** An order book in columns, all of one length, in the order of the ids. */
export type Book = {
  /** Requested units in 10^-u of the order's class. */
  readonly units: readonly bigint[];
  /** Position of the order's class in `ulpValues`. */
  readonly classes: readonly number[];
  /** Who is paid first: stage 0 before stage 1 and so on; within a stage everybody has the same ratio. */
  readonly stages: readonly number[];
};

export type StageFill = {
  readonly stage: number;
  readonly orders: number;
  /** Value asked for and paid (before unit rounding), in 10^-18 of the currency. */
  readonly requested: bigint;
  readonly paid: bigint;
  readonly ratio: Fraction;
  /** Units asked for and filled, per class. */
  readonly requestedUnits: readonly bigint[];
  readonly filledUnits: readonly bigint[];
};

/**
 * Pays a book up to `pay`, stage by stage: in full while the money lasts, then the stage at which it ends at one ratio, then nothing.
 * Per class of the last stage Σ fills = ⌊ratio × Σ requests⌋, with one class ⌊pay / price⌋. `ulpValues`: value of 10^-u units per class and `pay`,
 * both in 10^-18 of the currency.
 */
export function allocate(
  book: Book,
  ulpValues: readonly bigint[],
  pay: bigint,
): { fills: bigint[]; stages: StageFill[] } {
  const members = new Map<number, number[]>();
  for (let i = 0; i < book.units.length; i++) {
    const stage = book.stages[i] as number;
    const list = members.get(stage);
    if (list === undefined) members.set(stage, [i]);
    else list.push(i);
  }
  const fills = new Array<bigint>(book.units.length).fill(0n);
  const stages: StageFill[] = [];
  let left = pay;
  for (const stage of [...members.keys()].sort((a, b) => a - b)) {
    const positions = members.get(stage) as number[];
    const requestedUnits = new Array<bigint>(ulpValues.length).fill(0n);
    for (const i of positions) (requestedUnits[book.classes[i] as number] as bigint) += book.units[i] as bigint;
    const requested = requestedUnits.reduce((sum, units, c) => sum + units * (ulpValues[c] as bigint), 0n);
    const paid = min(requested, left);
    // in lowest terms: the smaller the numbers, the faster the division per order
    const ratio: Fraction = requested === 0n ? { num: 1n, den: 1n } : fraction(paid, requested);
    const filledUnits =
      paid === requested ? requestedUnits : requestedUnits.map((units) => (units * ratio.num) / ratio.den);
    if (paid === requested) for (const i of positions) fills[i] = book.units[i] as bigint;
    else fillStage(book, positions, ratio, filledUnits, fills);
    stages.push({ stage, orders: positions.length, requested, paid, ratio, requestedUnits, filledUnits });
    left -= paid;
  }
  return { fills, stages };
}

function fillStage(
  book: Book,
  positions: readonly number[],
  ratio: Fraction,
  targets: readonly bigint[],
  fills: bigint[],
): void {
  for (let c = 0; c < targets.length; c++) {
    const own = targets.length === 1 ? positions : positions.filter((i) => book.classes[i] === c);
    const filled = proRata(
      own.map((i) => book.units[i] as bigint),
      ratio,
      targets[c] as bigint,
    );
    for (let k = 0; k < own.length; k++) fills[own[k] as number] = filled[k] as bigint;
  }
}

/** Value of 10^-unitsDp units at a price of `priceDp` decimals, in 10^-18 of the currency. */
export function ulpValue(price: bigint, unitsDp: number, priceDp: number): bigint {
  return price * pow10(VALUE_DP - unitsDp - priceDp);
}
