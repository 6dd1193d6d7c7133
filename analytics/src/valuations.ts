// What a stress run leaves in the analytical file: its scenarios laid out by period and factor, the value of every asset at the end of every period,
// what pools of its units are expected to pay, and what trades in them cost beside that.
import type { DuckFile } from "./file.ts";
import { recordExecuted } from "./pool-slippage.ts";

export interface ScenarioParameter {
  period: number;
  factor: string;
  /** What the factor is of: a currency and a tenor, a sector; empty where it is of everything. */
  target: string;
  unit: string;
  /** Decimal text. */
  value: string;
}
export interface ValuedScenario {
  scenarioId: string;
  version: number;
  scenarioHash: string;
  parameters: readonly ScenarioParameter[];
  /** Canonical JSON of the outcome (finance/stress/outcome.ts). */
  outcome: string;
}
export interface ValuationRun {
  runId: string;
  fundId: string;
  snapshotHash: string;
  /** When the run was asked for (ISO 8601), so that writing it again writes the same. */
  at: string;
  scenarios: readonly ValuedScenario[];
}

const PARAMETERS = `
  insert or ignore into scenario_params
  select $scenario, $version, $hash, (p->>'period')::integer, p->>'factor', p->>'target', p->>'unit', (p->>'value')::decimal(38, 18), null, $at::timestamptz
    from (select unnest(json_extract($parameters::json, '$[*]')) as p)`;

const VALUES = `
  insert into valuation_runs
  select $run, $fund::uuid, $scenario, $hash, $snapshot, o.body->>'seed', n.period, (a.asset->>'assetId')::uuid, (o.body->>'asOf')::date, o.body->>'currency',
         (a.asset->>'navBefore')::decimal(38, 4), (a.asset->'path'->>(n.period - 1))::decimal(38, 4), a.asset->>'method', a.asset->'inputs',
         (a.asset->>'age')::integer, $at::timestamptz
    from (select $outcome::json as body) o,
         lateral (select unnest(json_extract(o.body, '$.byAsset[*]')) as asset) a,
         lateral (select unnest(range(1, json_array_length(a.asset, '$.path')::bigint + 1))::integer as period) n`;

const POOLS = `
  insert into tokenization_models
  select $run, $scenario, $hash, $snapshot, $fund::uuid, (p.entry->>'poolId')::uuid, (o.body->>'asOf')::date, p.entry->>'direction', (p.entry->>'amountIn')::decimal(38, 0),
         (p.entry->>'expectedOut')::decimal(38, 0), (p.entry->>'expectedSlippage')::decimal(38, 18), (p.entry->>'depth')::decimal(38, 18),
         (p.entry->>'stressedOut')::decimal(38, 0), (p.entry->>'stressedSlippage')::decimal(38, 18), $at::timestamptz
    from (select $outcome::json as body) o, lateral (select unnest(json_extract(o.body, '$.pools[*]')) as entry) p`;

/** Writes the values of a run; done twice is done once. For `amend`, inside its transaction. */
export async function recordValuations(file: DuckFile, run: ValuationRun): Promise<void> {
  await file.run("delete from valuation_runs where run_id = $run", { run: run.runId });
  await file.run("delete from tokenization_models where run_id = $run", { run: run.runId });
  for (const { scenarioId: scenario, version, scenarioHash: hash, parameters, outcome } of run.scenarios) {
    await file.run(PARAMETERS, { scenario, version, hash, at: run.at, parameters: JSON.stringify(parameters) });
    const one = { run: run.runId, fund: run.fundId, scenario, hash, snapshot: run.snapshotHash, at: run.at, outcome };
    await file.run(VALUES, one);
    await file.run(POOLS, one);
  }
  await recordExecuted(file, run.fundId, run.at);
}
