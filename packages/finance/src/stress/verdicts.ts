// The scenario's own tests: passed when they hold in every cell and period that was looked at, null where the fund does not say what they need. Pure.
import { BUCKET_DAYS, BUCKETS, type Bucket } from "@evergreen-fund/domain";
import type { PassTest } from "@evergreen-fund/domain/scenarios/index.ts";
import { decimal, type Exact, ratioText, ZERO } from "../money.ts";
import { bucketOfDays } from "../stress-liquidity/profile-shapes.ts";
import type { StressOutcome } from "./outcome.ts";

/** One period of one cell. */
export interface Looked {
  cell: number | null;
  period: number;
  rungs: readonly {
    bucket: Bucket;
    assets: string;
    liabilities: string;
    rcr: string | null;
    shortfall: string | null;
  }[];
  /** Cash less what is due within a day. */
  cash: Exact;
  /** Share of NAV that is lost since today. */
  lost: Exact;
}
export interface Judged {
  looked: readonly Looked[];
  /** Least over the cells. */
  survival: { label: string; quarters: number } | null;
  noticeDays: number | null;
  overCommitment: string | null;
  /** Share of the requests that is paid, by period; null where the scenario has none. */
  fills: readonly string[] | null;
}
type Verdict = StressOutcome["tests"][number];

export const verdicts = (tests: readonly PassTest[], judged: Judged): Verdict[] =>
  tests.map((test) => verdict(test, judged));

function verdict(test: PassTest, judged: Judged): Verdict {
  const say = (passed: boolean | null, reason: string): Verdict => ({ test: wordsOf(test), passed, reason });
  switch (test.test) {
    case "rcr": {
      const least = leastCover(judged.looked, test.buckets);
      if (least === null) return say(true, "nothing is due");
      return say(
        decimal(least.rcr).gte(test.atLeast),
        `least cover ${shown(least.rcr)} by ${least.bucket}${whenOf(least)}`,
      );
    }
    case "survival": {
      if (judged.survival === null) return say(null, "the fund has no gate by a share of its net asset value");
      return say(
        judged.survival.quarters >= test.atLeastQuarters,
        `pays its gate for ${judged.survival.label} quarters`,
      );
    }
    case "cash": {
      const least = judged.looked.reduce((a, b) => (b.cash.lt(a.cash) ? b : a));
      return say(
        least.cash.gte(test.atLeast),
        `least cash ${least.cash.toFixed(2)} after what is due within a day${whenOf(least)}`,
      );
    }
    case "time_to_cash":
      return timeToCash(test.atMostDays === "notice" ? judged.noticeDays : test.atMostDays, judged, say);
    case "fill_path": {
      const { fills } = judged;
      if (fills === null)
        return say(null, "the scenario does not say what share of the requests is paid, or the fund has no gate");
      const short = test.atLeast.findIndex((share, at) => decimal(fills[at] ?? "0").lt(share));
      return short === -1
        ? say(true, "every period pays its share")
        : say(false, `period ${short + 1} pays ${fills[short] ?? "0"}`);
    }
    case "over_commitment": {
      if (test.atMost === "limit")
        return say(
          null,
          `the mandate names no limit${judged.overCommitment === null ? "" : `; commitments are ${shown(judged.overCommitment)} of net asset value`}`,
        );
      if (judged.overCommitment === null) return say(true, "the fund has no commitments");
      return say(
        decimal(judged.overCommitment).lte(test.atMost),
        `commitments are ${shown(judged.overCommitment)} of net asset value`,
      );
    }
    case "shortfall": {
      const most = judged.looked
        .flatMap(({ rungs, ...at }) => rungs.map((rung) => ({ ...at, share: decimal(rung.shortfall ?? "0") })))
        .reduce((a, b) => (b.share.gt(a.share) ? b : a));
      return say(
        most.share.lte(test.atMost),
        `largest shortfall ${shown(ratioText(most.share))} of net asset value${whenOf(most)}`,
      );
    }
    case "nav_loss": {
      const most = judged.looked.reduce((a, b) => (b.lost.gt(a.lost) ? b : a));
      return say(
        most.lost.lte(test.atMost),
        `largest loss ${shown(ratioText(most.lost))} of net asset value${whenOf(most)}`,
      );
    }
  }
}

/** The least cover among the buckets, and where it is; null where nothing is due. */
export function leastCover(
  looked: readonly Looked[],
  buckets: readonly Bucket[],
): { rcr: string; bucket: Bucket; cell: number | null; period: number } | null {
  let least: { rcr: string; bucket: Bucket; cell: number | null; period: number } | null = null;
  for (const { cell, period, rungs } of looked)
    for (const { bucket, rcr } of rungs)
      if (rcr !== null && buckets.includes(bucket) && (least === null || decimal(rcr).lt(least.rcr)))
        least = { rcr, bucket, cell, period };
  return least;
}

/** The first bucket by whose end everything due within the notice is cash. */
function timeToCash(
  days: number | null,
  { looked }: Judged,
  say: (passed: boolean | null, reason: string) => Verdict,
): Verdict {
  if (days === null) return say(null, "no class of the fund has dealing terms that say its notice");
  const due = bucketOfDays(days);
  const last = looked.map(({ rungs }) => {
    const demand = rungs.find(({ bucket }) => bucket === due)?.liabilities ?? ZERO;
    return rungs.findIndex(({ assets }) => decimal(assets).gte(demand));
  });
  if (last.includes(-1)) return say(false, "not all of it can ever be cash");
  const slowest = Math.max(...last);
  const bucket = BUCKETS[slowest]!;
  const reached = Number.isFinite(BUCKET_DAYS[bucket]) ? `${BUCKET_DAYS[bucket]} days` : "more than a year";
  // cash by the end of the bucket in which the notice ends is in time: finer than buckets is not known
  return say(slowest <= BUCKETS.indexOf(due), `is cash within ${reached}, notice ${days} days`);
}

const shown = (ratio: string): string => ratioText(decimal(ratio).toDecimalPlaces(4));
const whenOf = ({ cell, period }: { cell: number | null; period: number }): string =>
  `, period ${period}${cell === null ? "" : `, cell ${cell}`}`;

function wordsOf(test: PassTest): string {
  switch (test.test) {
    case "rcr":
      return `rcr at least ${test.atLeast} by ${test.buckets.join(", ")}`;
    case "survival":
      return `survival at least ${test.atLeastQuarters} quarters`;
    case "cash":
      return `cash at least ${test.atLeast} each ${test.each}`;
    case "time_to_cash":
      return `time_to_cash at most ${test.atMostDays === "notice" ? "the notice" : `${test.atMostDays} days`}`;
    case "fill_path":
      return `fill_path at least ${test.atLeast.join(", ")}`;
    default:
      return `${test.test} at most ${test.atMost}`;
  }
}
