// What a holding returns in a month, in millionths: private assets roll forward and are appraised at quarter-ends, liquid ones follow
// their market. Pure; the figures are plausible, not calibrated to anything.
import { bell } from "./chance.ts";
import type { Holding, Sleeve } from "./holdings.ts";
import { isQuarterEnd } from "./terms.ts";

interface Behaviour {
  /** Expected return a month, millionths. */
  mean: number;
  /** Standard deviation common to the sleeve and of the single asset, in a month without and with an appraisal. */
  rolled: number;
  common: number;
  own: number;
  /** No month moves further than this: below the drift threshold of the type, money in and out included. */
  most: number;
}

const BEHAVIOUR: Record<Sleeve, Behaviour> = {
  "private-equity": { mean: 8_300, rolled: 1_500, common: 12_000, own: 22_000, most: 90_000 },
  "private-credit": { mean: 6_400, rolled: 500, common: 2_000, own: 4_000, most: 25_000 },
  infrastructure: { mean: 5_800, rolled: 1_000, common: 6_000, own: 9_000, most: 45_000 },
  "real-estate": { mean: 3_900, rolled: 800, common: 7_000, own: 9_000, most: 45_000 },
  "liquid/money-market": { mean: 2_300, rolled: 0, common: 120, own: 20, most: 4_000 },
  "liquid/government-euro": { mean: 1_300, rolled: 0, common: 6_000, own: 1_500, most: 13_000 },
  "liquid/government-us": { mean: 1_300, rolled: 0, common: 6_000, own: 1_500, most: 13_000 },
  "liquid/corporate": { mean: 2_700, rolled: 0, common: 5_500, own: 2_000, most: 13_000 },
  "liquid/equity-world": { mean: 12_500, rolled: 0, common: 27_000, own: 6_000, most: 75_000 },
  "liquid/equity-europe": { mean: 12_500, rolled: 0, common: 27_000, own: 6_000, most: 75_000 },
  cash: { mean: 0, rolled: 0, common: 0, own: 0, most: 0 },
};

/** Marks that jump on purpose, beyond the threshold of their type: the demo shows what follows from DATA_DRIFT. */
export const DELIBERATE_DRIFTS: readonly { key: string; month: number; ppm: number }[] = [
  { key: "PC06", month: 32, ppm: -110_000 },
  { key: "IN05", month: 35, ppm: 125_000 },
];

/** A mark that was wrong when its month was struck: the appraisal was translated at a rate of another currency. Corrected, and the NAV restated, the month after. */
export const WRONG_MARK = {
  key: "PE05",
  month: 26,
  ppm: 420_000,
  source: "synthetic: an appraisal translated at a wrong rate",
  corrected: "synthetic: the appraisal at the right rate",
};

export const isDeliberate = (key: string, month: number): boolean =>
  DELIBERATE_DRIFTS.some((drift) => drift.key === key && drift.month === month);

const isAppraised = (holding: Holding, month: number): boolean => holding.fairValueLevel < 3 || isQuarterEnd(month);

/** How the mark of a month came about. */
export function methodOf(holding: Holding, month: number): "market" | "appraisal" | "roll_forward" | "balance" {
  if (holding.sleeve === "cash") return "balance";
  if (holding.fairValueLevel < 3) return "market";
  return isQuarterEnd(month) ? "appraisal" : "roll_forward";
}

/** Return of the holding in that month, millionths of its opening value. */
export function returnOf(holding: Holding, month: number): number {
  const drift = DELIBERATE_DRIFTS.find((row) => row.key === holding.key && row.month === month);
  if (drift) return drift.ppm;
  const { mean, rolled, common, own, most } = BEHAVIOUR[holding.sleeve];
  const moved = isAppraised(holding, month)
    ? bell(`return/${holding.sleeve}/${month}`, common) + bell(`return/${holding.key}/${month}`, own)
    : bell(`return/${holding.key}/${month}`, rolled);
  return Math.max(-most, Math.min(most, mean + moved));
}
