// Synthetic investors for `bench returns`: 20 flows each, most of them ordinary, some with several rates or none at all, planted so that the bench
// knows what must be flagged.
import type { FlowColumns } from "@evergreen-fund/finance/returns/batch.ts";
import { shared } from "@evergreen-fund/finance/returns/threads.ts";

export const FLOWS_EACH = 20;

/** What an investor was made as. */
export const MADE = ["ordinary", "mixed", "short", "shuffled", "several", "none", "one_sign"] as const;
export type Made = (typeof MADE)[number];

export interface Investors {
  flows: FlowColumns;
  /** Value of the holding just before each flow, for time-weighted returns. */
  values: Float64Array;
  /** Position in MADE. */
  made: Uint8Array;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const cents = (amount: number): number => Math.round(amount * 100) / 100;

/** Shares in thousandths of each kind, in the order of MADE. */
const SHARES = [800, 150, 20, 10, 10, 8, 2];

export function makeInvestors(count: number, seed: number): Investors {
  const random = chance(seed);
  const flows: FlowColumns = {
    offsets: shared.offsets(count + 1),
    days: shared.days(count * FLOWS_EACH),
    amounts: shared.doubles(count * FLOWS_EACH),
  };
  const values = shared.doubles(count * FLOWS_EACH);
  const made = new Uint8Array(count);
  for (let investor = 0; investor < count; investor += 1) {
    const at = investor * FLOWS_EACH;
    flows.offsets[investor + 1] = at + FLOWS_EACH;
    // every kind is there however few there are, then by share
    let draw = investor < MADE.length ? -1 : Math.floor(random() * 1_000);
    let kind = investor < MADE.length ? investor : 0;
    while (draw >= SHARES[kind]!) draw -= SHARES[kind++]!;
    made[investor] = kind;
    const name = MADE[kind]!;
    if (name === "several" || name === "none" || name === "one_sign") plant(name, flows, values, at, random);
    else follow(name, flows, values, at, random);
  }
  return { flows, values, made };
}

/** A holding over time: paid in first, distributions of a few per cent later, its value received at the end. */
function follow(
  kind: Made,
  { days, amounts }: FlowColumns,
  values: Float64Array,
  at: number,
  random: () => number,
): void {
  const calls = 3 + Math.floor(random() * 6);
  const step = kind === "short" ? 15 : 91;
  const drift = 0.005 + random() * 0.02;
  let day = 15_000 + Math.floor(random() * 1_800);
  let value = 0;
  for (let k = 0; k < FLOWS_EACH; k += 1) {
    values[at + k] = value;
    const paysIn = k < calls || (kind === "mixed" && k < FLOWS_EACH - 2 && random() < 0.25);
    const last = k === FLOWS_EACH - 1;
    const amount = last ? value : paysIn ? -cents(500 + random() * 20_000) : cents(value * (0.01 + random() * 0.04));
    days[at + k] = day;
    amounts[at + k] = amount;
    value = cents((value - amount) * (1 + drift + (random() - 0.5) * 0.05));
    day += 1 + Math.floor(random() * step);
  }
  if (kind === "shuffled") shuffle(days, amounts, values, at, random);
}

/** The order of the flows, not of the values: those belong to places in time and are of no use to a shuffled investor. */
function shuffle(
  days: Int32Array,
  amounts: Float64Array,
  values: Float64Array,
  at: number,
  random: () => number,
): void {
  for (let k = FLOWS_EACH - 1; k > 0; k -= 1) {
    const other = Math.floor(random() * (k + 1));
    for (const column of [days, amounts]) {
      const kept = column[at + k]!;
      column[at + k] = column[at + other]!;
      column[at + other] = kept;
    }
  }
  values.fill(1e6, at, at + FLOWS_EACH);
}

/** Three days a year apart, −c, +b, −a in 20 parts: two rates, or none because b is too small; or all paid in. */
function plant(
  kind: "several" | "none" | "one_sign",
  { days, amounts }: FlowColumns,
  values: Float64Array,
  at: number,
  random: () => number,
): void {
  const [low, high] = [1 + random() * 0.2, 1.3 + random() * 0.5];
  const scale = 1_000 + random() * 9_000;
  const sums =
    kind === "several"
      ? [-scale, scale * (low + high), -scale * low * high]
      : kind === "none"
        ? [-scale, scale * 1.9 * low, -scale * low * low]
        : [-scale, -scale * low, -scale * high];
  const first = 15_000 + Math.floor(random() * 1_000);
  let k = 0;
  [6, 8, 6].forEach((parts, year) => {
    for (let part = 0; part < parts; part += 1) {
      days[at + k] = first + year * 365;
      amounts[at + k] = cents(sums[year]! / parts);
      k += 1;
    }
  });
  values.fill(1e6, at, at + FLOWS_EACH);
}
