// For how many quarters a fund pays its gate in full, over the scenarios of a run: the share of them that still do, quarter by quarter.
import type { StressLimits } from "@evergreen-fund/domain/figures.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";

export interface Quarter {
  quarter: number;
  /** Scenarios that pay in full up to this quarter, and all of which it is known. */
  holding: number;
  of: number;
  share: string;
}

/** "7" or ">=40"; null where no gate is set. */
const quartersOf = ({ survival }: StressLimits): number | null => {
  const digits = /^(?:>=)?(\d+)$/.exec(survival ?? "")?.[1];
  return digits === undefined ? null : Number(digits);
};

/** From before the first quarter to the one after the longest that ends; none where no scenario knows. */
export function survivalCurve(limits: readonly StressLimits[]): Quarter[] {
  const known = limits.flatMap((row) => quartersOf(row) ?? []);
  if (known.length === 0) return [];
  const last = Math.max(...known);
  return Array.from({ length: last + 1 }, (_, quarter) => {
    const holding = known.filter((quarters) => quarters >= quarter).length;
    return {
      quarter,
      holding,
      of: known.length,
      share: decimal(String(holding)).div(known.length).toDecimalPlaces(6).toFixed(),
    };
  });
}
