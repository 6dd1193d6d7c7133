// A stress run as a report reads it: the row of the run and what each of its scenarios came to, in the order in which they were asked.
import { byId, decimal, ratioText } from "@evergreen-fund/finance/money.ts";
import type { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";

export interface ReportedRun {
  runId: string;
  /** Code of the fund. */
  fund: string;
  kind: string;
  status: string;
  asOf: string | null;
  snapshotName: string | null;
  snapshotHash: string | null;
  codeHash: string | null;
  seed: string | null;
  currency: string;
  scenarios: number;
  done: number;
  failed: number;
  reason: string | null;
  /** ISO 8601 in UTC. */
  startedAt: string;
  endedAt: string | null;
}

export interface ReportedOutcome {
  ordinal: number;
  scenarioId: string;
  version: number;
  title: string;
  scenarioHash: string;
  status: "waiting" | "done" | "failed";
  reason: string | null;
  /** Null while it is computed, and where it could not be. */
  outcome: StressOutcome | null;
}

/** What one line of the overview says. Amounts in the fund's currency, ratios of one. */
export interface Measures {
  scenarioId: string;
  navBefore: string;
  navAfter: string;
  loss: string;
  /** Loss over NAV before; null where that is not positive. */
  lossShare: string | null;
  /** The bucket with the least cover among those in which something is due. */
  worst: { bucket: string; ratio: string } | null;
  breaches: string[];
  /** R35: the largest redemption that is borne, as a share of NAV. */
  largestRedemption: string | null;
  survivalQuarters: string | null;
}

/** `part / whole` as a ratio (18 decimals, HALF_UP); null unless the whole is positive. */
export function shareOf(part: string, whole: string): string | null {
  const of = decimal(whole);
  return of.gt(0) ? ratioText(decimal(part).div(of)) : null;
}

export function measuresOf(outcome: StressOutcome): Measures {
  const due = outcome.rcr.flatMap(({ bucket, ratio }) => (ratio === null ? [] : [{ bucket, ratio }]));
  const worst = due.reduce<{ bucket: string; ratio: string } | null>(
    (least, one) => (least === null || decimal(one.ratio).lt(decimal(least.ratio)) ? one : least),
    null,
  );
  return {
    scenarioId: outcome.scenarioId,
    navBefore: outcome.navBefore,
    navAfter: outcome.navAfter,
    loss: outcome.loss,
    lossShare: shareOf(outcome.loss, outcome.navBefore),
    worst,
    breaches: outcome.breaches.map(({ bucket }) => bucket),
    largestRedemption: outcome.reverse.largestRedemption?.share ?? null,
    survivalQuarters: outcome.survivalQuarters,
  };
}

export const concluded = (outcomes: readonly ReportedOutcome[]): StressOutcome[] =>
  outcomes.flatMap(({ outcome }) => (outcome === null ? [] : [outcome]));

/** Assets by how much they lose, the largest loss first; ids where two lose the same. */
export const byLoss = (assets: StressOutcome["byAsset"]): StressOutcome["byAsset"] =>
  [...assets].sort(
    (a, b) =>
      decimal(a.navAfter)
        .minus(decimal(a.navBefore))
        .cmp(decimal(b.navAfter).minus(decimal(b.navBefore))) || byId(a.assetId, b.assetId),
  );
