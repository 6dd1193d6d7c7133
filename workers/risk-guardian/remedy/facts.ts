// What a remedy is computed from: the cover that the stress run found, the fund's tools, and what it could begin to sell today. One snapshot.
import { BUCKET_DAYS, BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { DealingPolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { addDays } from "@evergreen-fund/finance/dealing/calendar.ts";
import { ZERO } from "@evergreen-fund/finance/money.ts";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import type { Reader } from "@evergreen-fund/supabase-client";
import { z } from "zod";

/** What a breach and a trend have in common. */
export const LiquidityCause = z.object({
  bucket: z.enum(BUCKETS),
  required: z.string(),
  scenario_id: z.string(),
  stress_run_id: z.uuid().optional(),
  /** Of a trend: cover now, and the first day on which it would be too little. */
  ratio: z.string().nullish(),
  breach_on: z.iso.date().optional(),
});
export type LiquidityCause = z.infer<typeof LiquidityCause>;

/** Of an outcome only what a remedy needs: the rest of it is large. */
const Outcome = z.object({
  currency: StressOutcome.shape.currency,
  navAfter: StressOutcome.shape.navAfter,
  rcr: StressOutcome.shape.rcr,
  periods: StressOutcome.shape.periods,
  pacing: StressOutcome.shape.pacing,
  creditLines: StressOutcome.shape.creditLines,
});
const Costs = z.object({
  costs: z.array(z.object({ category: z.string(), issuerCategory: z.string(), sellBps: z.string() })).default([]),
});

export interface RemedyFacts {
  asOf: string;
  currency: string;
  nav: string;
  /** Up to the bucket, under the scenario; fund currency. */
  assets: string;
  liabilities: string;
  /** Of the first period under the scenario: capital calls and margin on hedges. */
  calls: string;
  margin: string;
  /** Redemptions that were accepted and fall due by the bucket. */
  accepted: string;
  positions: { strategy: string; bucket: Bucket; value: string; sellBps: string }[];
  /** What the fund's tools could not be read for is as if it had none. */
  policy: LmtPolicy | undefined;
  /** What the run still could draw of credit lines that end after the bucket; undefined where it knew of no line. */
  undrawn: string | undefined;
  /** The shortest notice of a redemption among the classes, in days. */
  noticeDays: number;
}

/** Null where no finished scenario of a stress run stands behind the event. */
export async function readRemedyFacts(tx: Reader, fundId: string, cause: LiquidityCause): Promise<RemedyFacts | null> {
  if (cause.stress_run_id === undefined) return null;
  const found = await tx.stress_outcomes.findFirst({
    where: {
      stress_run_id: cause.stress_run_id,
      status: "done",
      scenario: { scenario_id: cause.scenario_id },
      run: { fund_id: fundId },
    },
    include: { run: { select: { as_of: true } } },
    orderBy: { ordinal: "desc" },
  });
  if (found === null || found.body === null) return null;
  const outcome = Outcome.parse(JSON.parse(found.body));
  const row = outcome.rcr.find(({ bucket }) => bucket === cause.bucket);
  if (row === undefined) return null;
  const day = found.run.as_of ?? new Date();
  const inForce = { fund_id: fundId, effective_from: { lte: day } };
  const newest = [{ effective_from: "desc" as const }, { version: "desc" as const }];
  const tools = await tx.lmt_policies.findFirst({ where: inForce, orderBy: newest });
  const terms = await tx.dealing_policies.findMany({ where: inForce, orderBy: newest, distinct: ["share_class_id"] });
  const mandate = await tx.mandates.findFirst({ where: { fund_id: fundId, superseded_at: null } });
  const { costs } = Costs.parse(mandate?.body ?? {});
  const held = await tx.portfolio_allocations.findMany({
    where: { fund_id: fundId, superseded_at: null, market_value: { gt: 0 } },
    include: { asset: true },
  });
  const fits = (pattern: string, value: string | undefined): boolean => pattern === "*" || pattern === value;
  const near = BUCKETS.slice(0, BUCKETS.indexOf(cause.bucket) + 1);
  return {
    asOf: day.toISOString().slice(0, 10),
    currency: outcome.currency,
    nav: outcome.navAfter,
    assets: row.assets,
    liabilities: row.liabilities,
    calls: outcome.pacing[0]?.calls ?? "0",
    margin: outcome.periods[0]?.hedgeMargin ?? "0",
    accepted: await acceptedUpTo(tx, fundId, near),
    positions: held.map(({ asset, market_value }) => {
      const { category = asset.type, issuer_category } = (asset.attributes ?? {}) as Record<string, string | undefined>;
      const cost = costs.find((cost) => fits(cost.category, category) && fits(cost.issuerCategory, issuer_category));
      return {
        strategy: asset.strategy,
        bucket: asset.bucket as Bucket,
        value: market_value.toFixed(),
        sellBps: cost?.sellBps ?? "0",
      };
    }),
    policy: LmtPolicy.safeParse(tools?.body).data,
    undrawn: undrawnOf(outcome.creditLines ?? [], day.toISOString().slice(0, 10), cause.bucket),
    noticeDays: noticeOf(terms.map(({ body }) => body)),
  };
}

/** What is reserved on the liability side of the fund's own ladder: redemptions that were accepted and are still to be paid. */
async function acceptedUpTo(tx: Reader, fundId: string, near: readonly Bucket[]): Promise<string> {
  const own = { fund_id: fundId, side: "liability", scenario_id: "base" };
  const newest = await tx.liquidity_ladder.findFirst({ where: own, orderBy: { as_of: "desc" } });
  if (newest === null) return "0";
  const sum = await tx.liquidity_ladder.aggregate({
    where: { ...own, as_of: newest.as_of, bucket: { in: [...near] } },
    _sum: { utilization: true },
  });
  return sum._sum.utilization?.toFixed() ?? "0";
}

/** What is drawn today must not be due again by the bucket. */
function undrawnOf(
  lines: NonNullable<z.infer<typeof Outcome>["creditLines"]>,
  day: string,
  bucket: Bucket,
): string | undefined {
  if (lines.length === 0) return undefined;
  // the last bucket has no end, and no line ends after it
  if (bucket === "gt365d") return "0";
  const until = addDays(day, BUCKET_DAYS[bucket]);
  return lines
    .filter(({ expiresOn }) => expiresOn > until)
    .reduce((sum, { undrawn }) => sum.plus(undrawn), ZERO)
    .toFixed();
}

function noticeOf(bodies: readonly unknown[]): number {
  const days = bodies.flatMap((body) => DealingPolicy.safeParse(body).data?.notice.redemption.n ?? []);
  return days.length === 0 ? 0 : Math.min(...days);
}
