// Whether the answers of `bench returns` are right: what was planted is flagged, every rate solves its equation, and peers agree.
import type { RateColumns } from "@evergreen-fund/finance/returns/batch.ts";
import { VERDICTS, type Verdict } from "@evergreen-fund/finance/returns/internal-rate.ts";
import type { Check } from "../frame/report.ts";
import { FLOWS_EACH, type Investors, MADE, type Made } from "./investors.ts";

const SAME = 1e-9;
const RESIDUAL = 1e-8;

const EXPECTED: Record<Made, readonly Verdict[]> = {
  ordinary: ["unique"],
  mixed: ["unique", "non_conventional"],
  short: ["unique"],
  shuffled: ["unique"],
  several: ["ambiguous"],
  none: ["no_root"],
  one_sign: ["no_root"],
};

/** Net present value at the reported rate as a share of what moves; summed here, not by the kernel. */
export function residualOf({ flows }: Investors, { rates, windows }: RateColumns, investor: number): number {
  const window = windows[investor]!;
  const yearly = window < 365 ? (1 + rates[investor]!) ** (365 / window) - 1 : rates[investor]!;
  const [from, to] = [flows.offsets[investor]!, flows.offsets[investor + 1]!];
  const start = Math.min(...flows.days.subarray(from, to));
  let net = 0;
  let moved = 0;
  for (let i = from; i < to; i += 1) {
    const value = flows.amounts[i]! * (1 + yearly) ** (-(flows.days[i]! - start) / 365);
    net += value;
    moved += Math.abs(value);
  }
  return Math.abs(net) / moved;
}

/** What needs no peer. */
export function ownChecks(investors: Investors, rates: RateColumns): Check[] {
  const { made } = investors;
  let worst = 0;
  const seen = new Map<string, number>();
  let wrong = 0;
  made.forEach((kind, investor) => {
    const name = MADE[kind]!;
    const verdict = VERDICTS[rates.verdicts[investor]!]!;
    seen.set(`${name} ${verdict}`, (seen.get(`${name} ${verdict}`) ?? 0) + 1);
    const roots = { several: 2, none: 0, one_sign: 0 }[name as string] ?? 1;
    const none = roots === 0;
    if (
      !EXPECTED[name].includes(verdict) ||
      rates.roots[investor] !== roots ||
      Number.isNaN(rates.rates[investor]!) !== none
    )
      wrong += 1;
    if (!none) worst = Math.max(worst, residualOf(investors, rates, investor));
  });
  return [
    {
      what: "several rates and no rate are flagged, and nothing else is",
      ok: wrong === 0,
      seen: `${wrong} wrong of ${[...seen].map(([what, count]) => `${count.toLocaleString("en-US")} ${what}`).join(", ")}`,
    },
    {
      what: "every reported rate solves its equation",
      ok: worst <= RESIDUAL,
      seen: `largest net present value ${worst.toExponential(1)} of what moves`,
    },
  ];
}

/** Rates beside pyxirr's yearly ones, where there is one rate; what pyxirr says of the others is only told. */
export function sameRates({ made }: Investors, { rates, windows, roots }: RateColumns, peer: Float64Array): Check[] {
  let worst = 0;
  let compared = 0;
  let absent = 0;
  let unflagged = 0;
  made.forEach((_kind, investor) => {
    const yearly = peer[investor]!;
    if (roots[investor] !== 1) {
      if (!Number.isNaN(yearly) && roots[investor]! > 1) unflagged += 1;
      return;
    }
    if (Number.isNaN(yearly)) {
      absent += 1;
      return;
    }
    const window = windows[investor]!;
    const theirs = window < 365 ? (1 + yearly) ** (window / 365) - 1 : yearly;
    worst = Math.max(worst, Math.abs(rates[investor]! - theirs));
    compared += 1;
  });
  return [
    {
      what: "same rates as pyxirr",
      ok: worst <= SAME && compared > made.length / 2,
      seen: `apart by at most ${worst.toExponential(1)} over ${compared.toLocaleString("en-US")}; pyxirr had no answer for ${absent} more, and named one of several rates without a flag ${unflagged.toLocaleString("en-US")} times`,
    },
  ];
}

export function sameReturns(ours: Float64Array, peer: Float64Array): Check {
  let worst = 0;
  ours.forEach((value, i) => {
    const apart = Math.abs(value - peer[i]!);
    worst = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(worst, apart);
  });
  return {
    what: "same time-weighted returns as numpy",
    ok: worst <= SAME && ours.length > 0,
    seen: `apart by at most ${worst.toExponential(1)} over ${ours.length.toLocaleString("en-US")} × ${FLOWS_EACH} flows`,
  };
}

/** The peer-less check of time-weighted returns: by logarithms of the periods instead of their product. */
export function plainReturns({ flows, values }: Investors, ours: Float64Array): Check {
  let worst = 0;
  ours.forEach((value, investor) => {
    let sum = 0;
    for (let i = flows.offsets[investor]! + 1; i < flows.offsets[investor + 1]!; i += 1)
      sum += Math.log(values[i]!) - Math.log(values[i - 1]! - flows.amounts[i - 1]!);
    const apart = Math.abs(value - Math.expm1(sum));
    worst = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(worst, apart);
  });
  return {
    what: "time-weighted returns are the sum of log returns",
    ok: worst <= SAME && ours.length > 0,
    seen: `apart by at most ${worst.toExponential(1)}`,
  };
}
