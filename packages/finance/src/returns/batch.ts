// Internal rates and time-weighted returns of many investors at once, over typed arrays that workers can share. Amounts are floating point
// here: these are ratios for reports, no money is booked from them. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { signChanges, YEAR_DAYS } from "./flows.ts";
import { internalRate, type Netted, netted, reportedRate, VERDICTS } from "./internal-rate.ts";

/** Flows of all investors one after the other; those of investor i are [offsets[i], offsets[i + 1]). */
export interface FlowColumns {
  offsets: Uint32Array;
  /** Days since 1970-01-01, in any order within an investor. */
  days: Int32Array;
  /** The investor's view: negative is paid in; the value at the end is a flow received. */
  amounts: Float64Array;
}

/** One result per investor. */
export interface RateColumns {
  /** Reported rate: yearly, or of the window when it is shorter than a year; NaN when there is none or no double holds it. */
  rates: Float64Array;
  /** Position in VERDICTS. */
  verdicts: Uint8Array;
  /** How many roots lie in (−99 %, 1000 %), at most 255 said. */
  roots: Uint8Array;
  /** Days from the first flow to the last. */
  windows: Int32Array;
}

/**
 * XIRR (R42) of investors [from, to): ACT/365F, unannualised below a year, ambiguity and absence as verdicts. Amounts of one day are added with
 * compensation; net them exactly before where 16 digits are not enough. Results are the same for any split of the investors and any order
 * of the flows. Errors: EG400 for an amount that is not finite.
 */
export function xirrBatch(flows: FlowColumns, results: RateColumns, from: number, to: number): void {
  let room = netted(64);
  for (let investor = from; investor < to; investor += 1) {
    const start = flows.offsets[investor]!;
    const end = flows.offsets[investor + 1]!;
    if (end - start > room.amounts.length) room = netted(2 * (end - start));
    const window = net(flows, start, end, room);
    const found = internalRate(room, window);
    results.windows[investor] = window;
    results.verdicts[investor] = VERDICTS.indexOf(found.verdict);
    results.roots[investor] = found.verdict === "outside_range" ? 0 : Math.min(255, found.roots.length);
    const rate = reportedRate(found.logRate, window);
    results.rates[investor] = Number.isFinite(rate) ? rate : Number.NaN;
  }
}

/** Fills `room` with one sum per day; returns the days from the first flow to the last. */
function net({ days, amounts }: FlowColumns, start: number, end: number, room: Netted): number {
  const { times, amounts: sums } = room;
  room.length = 0;
  room.signChanges = 0;
  if (start === end) return 0;
  const first = days[start]!;
  let last = first - 1;
  let ordered = true;
  let changes = 0;
  let length = 0;
  let received = amounts[start]! > 0;
  let nothing = 0;
  for (let i = start; i < end; i += 1) {
    const amount = amounts[i]!;
    const day = days[i]!;
    nothing += amount * 0; // stays zero for finite amounts
    ordered &&= day > last;
    last = day;
    if (amount === 0) continue;
    const receives = amount > 0;
    if (receives !== received && length > 0) changes += 1;
    received = receives;
    times[length] = (day - first) / YEAR_DAYS;
    sums[length] = amount;
    length += 1;
  }
  if (nothing !== 0) throw new EvergreenError("EG400", "An amount of a flow is not a finite number.");
  if (!ordered) return netUnordered(days, amounts, start, end, room);
  room.length = length;
  room.signChanges = changes;
  return last - first;
}

function netUnordered(days: Int32Array, amounts: Float64Array, start: number, end: number, room: Netted): number {
  // within a day by amount, so that the sum does not depend on the order of the input
  const order = Array.from({ length: end - start }, (_, i) => start + i).sort(
    (a, b) => days[a]! - days[b]! || amounts[a]! - amounts[b]!,
  );
  const first = days[order[0]!]!;
  let length = 0;
  for (let i = 0; i < order.length; ) {
    const day = days[order[i]!]!;
    let sum = 0;
    let lost = 0;
    for (; i < order.length && days[order[i]!] === day; i += 1) {
      const amount = amounts[order[i]!]!;
      const next = sum + amount;
      lost += Math.abs(sum) >= Math.abs(amount) ? sum - next + amount : amount - next + sum;
      sum = next;
    }
    if (sum + lost === 0) continue;
    room.times[length] = (day - first) / YEAR_DAYS;
    room.amounts[length] = sum + lost;
    length += 1;
  }
  room.length = length;
  room.signChanges = signChanges(room.amounts, length);
  return days[order.at(-1)!]! - first;
}

/**
 * Time-weighted returns (R43) of investors [from, to) around every flow: Π (value before flow k / value after flow k − 1) − 1. `values` has one
 * entry per flow, the value of the holding just before it, in order of days; the last flow of an investor ends the window. The value after
 * a flow is value − amount, as a flow paid in is negative. NaN where a holding without value earns. Not annualised.
 */
export function twrBatch(
  { offsets, amounts }: Pick<FlowColumns, "offsets" | "amounts">,
  values: Float64Array,
  returns: Float64Array,
  from: number,
  to: number,
): void {
  for (let investor = from; investor < to; investor += 1) {
    const end = offsets[investor + 1]!;
    let growth = 1;
    for (let i = offsets[investor]! + 1; i < end; i += 1) {
      const opened = values[i - 1]! - amounts[i - 1]!;
      const closed = values[i]!;
      // nothing invested and nothing there is a pause, not a return
      if (opened !== 0 || closed !== 0) growth *= opened > 0 ? closed / opened : Number.NaN;
    }
    returns[investor] = growth - 1;
  }
}
