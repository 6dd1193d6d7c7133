// What the Liquidity Engine looks at after a stress run: what its scenarios found of cover, the cover of earlier nights, and what the fund asks for. One snapshot.
import { type Bucket, Bucket as BucketName, EvergreenError } from "@evergreen-fund/domain";
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import { StressProgramme, TrendTerms } from "@evergreen-fund/domain/policies/index.ts";
import { PassTest } from "@evergreen-fund/domain/scenarios/index.ts";
import { decimal, ratioText, ZERO } from "@evergreen-fund/finance/money.ts";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import type { Reader } from "@evergreen-fund/supabase-client";
import { z } from "zod";

/** Of an outcome only what is about cover: the rest of it is large. */
const Cover = z.object({
  rcrBefore: StressOutcome.shape.rcrBefore,
  rcr: StressOutcome.shape.rcr,
  breaches: StressOutcome.shape.breaches,
});
export type Cover = z.infer<typeof Cover>;
const Tested = z.object({ tests: z.array(PassTest).default([]) });
const Mandated = z.object({
  liquidity: z.array(z.object({ horizon: BucketName, cover: z.string().default("1.2") })).default([]),
});

export interface ScenarioCover {
  scenarioId: string;
  scenarioHash: string;
  tests: z.output<typeof PassTest>[];
  cover: Cover;
}
export interface StressFacts {
  stressRunId: string;
  kind: string;
  /** Null where no scenario could be computed. */
  asOf: string | null;
  scenarios: ScenarioCover[];
  /** Cover of earlier dates by scenario and bucket; the ladder of that date under the same scenario, byte for byte. */
  history: { scenarioId: string; bucket: Bucket; date: string; ratio: string | null }[];
  mandate: { horizon: Bucket; cover: string }[];
  trend: TrendTerms;
  coverScenario: string | null;
}

/** @throws EvergreenError EG404 no such run, EG428 one that has not ended. */
export async function readStressRun(tx: Reader, eventId: string): Promise<StressFacts> {
  const run = await tx.stress_runs.findUnique({ where: { event_id: eventId } });
  if (run === null) throw new EvergreenError("EG404", "No stress run was asked for by that event.");
  if (run.status === "running") throw new EvergreenError("EG428", "The stress run has not ended.");
  const outcomes = await tx.stress_outcomes.findMany({
    where: { stress_run_id: run.stress_run_id, status: "done" },
    include: { scenario: true },
    orderBy: { ordinal: "asc" },
  });
  const scenarios = outcomes.map(({ scenario, scenario_hash, body }) => ({
    scenarioId: scenario.scenario_id,
    scenarioHash: scenario_hash,
    tests: Tested.parse(JSON.parse(scenario.body)).tests,
    cover: Cover.parse(JSON.parse(body ?? "{}")),
  }));
  const day = run.as_of ?? new Date();
  const policy = await tx.lmt_policies.findFirst({
    where: { fund_id: run.fund_id, effective_from: { lte: day } },
    orderBy: [{ effective_from: "desc" }, { version: "desc" }],
  });
  const programme = z.object({ stressProgramme: StressProgramme.optional() }).parse(policy?.body ?? {}).stressProgramme;
  const trend = programme?.trend ?? TrendTerms.parse({});
  const mandate = await tx.mandates.findFirst({ where: { fund_id: run.fund_id, superseded_at: null } });
  return {
    stressRunId: run.stress_run_id,
    kind: run.kind,
    asOf: run.as_of?.toISOString().slice(0, 10) ?? null,
    scenarios,
    history: run.as_of === null ? [] : await earlierCover(tx, run.fund_id, run.as_of, scenarios, trend.runs),
    mandate: Mandated.parse(mandate?.body ?? {}).liquidity,
    trend,
    coverScenario: programme?.coverScenario ?? null,
  };
}

/** The last nights before this one, from the ladders they left. A date on which a scenario of that name said something else does not count. */
async function earlierCover(
  tx: Reader,
  fundId: string,
  before: Date,
  scenarios: readonly ScenarioCover[],
  runs: number,
): Promise<StressFacts["history"]> {
  const nights = await tx.stress_runs.findMany({
    where: { fund_id: fundId, kind: "nightly", as_of: { lt: before }, ended_at: { not: null } },
    distinct: ["as_of"],
    orderBy: { as_of: "desc" },
    select: { as_of: true },
    take: runs,
  });
  const dates = nights.flatMap(({ as_of }) => (as_of === null ? [] : [as_of]));
  const names = scenarios.map(({ scenarioId }) => scenarioId);
  const computed = await tx.stress_outcomes.findMany({
    where: {
      status: "done",
      run: { fund_id: fundId, as_of: { in: dates }, kind: { not: "laboratory" } },
      scenario: { scenario_id: { in: names } },
    },
    select: { scenario_hash: true, scenario: { select: { scenario_id: true } }, run: { select: { as_of: true } } },
  });
  const rungs = await tx.liquidity_ladder.findMany({
    where: { fund_id: fundId, as_of: { in: dates }, scenario_id: { in: names } },
  });
  const dayOf = (date: Date | null): string => date?.toISOString().slice(0, 10) ?? "";
  return scenarios.flatMap(({ scenarioId, scenarioHash }) =>
    dates.map(dayOf).flatMap((date) => {
      const same = computed.filter((row) => row.scenario.scenario_id === scenarioId && dayOf(row.run.as_of) === date);
      if (same.length === 0 || same.some((row) => row.scenario_hash !== scenarioHash)) return [];
      const ladder = rungs.filter((rung) => rung.scenario_id === scenarioId && dayOf(rung.as_of) === date);
      const held = (side: string, bucket: Bucket) =>
        decimal(ladder.find((rung) => rung.side === side && rung.bucket === bucket)?.capacity.toFixed() ?? "0");
      let [assets, due] = [ZERO, ZERO];
      return BUCKETS.map((bucket) => {
        assets = assets.plus(held("asset", bucket));
        due = due.plus(held("liability", bucket));
        return { scenarioId, bucket, date, ratio: due.isZero() ? null : ratioText(assets.div(due)) };
      });
    }),
  );
}
