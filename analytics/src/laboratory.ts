// What-ifs that portfolio managers saved in this home: a question by name and version, the runs that answered it, and what came out. Whoever saved
// one is the only one who is shown it; on whose machine the file lies is nobody's secret to it.
import { randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import type { DuckFile } from "./file.ts";

/** What is asked: the scenario as the text its hash covers, with its title. */
export interface WhatIf {
  name: string;
  fundId: string;
  savedBy: string;
  title: string;
  scenarioId: string;
  scenarioVersion: number;
  scenarioHash: string;
  /** Canonical JSON whose SHA-256 is scenarioHash. */
  text: string;
}

/** One figure that a run gave: an amount in the fund's currency, a ratio or a count, as a decimal text. */
export interface Outcome {
  measure: string;
  target: string;
  value: string;
  unit: string;
}

const Saved = z.object({
  what_if_id: z.string(),
  name: z.string(),
  version: z.coerce.number(),
  title: z.string(),
  scenario_id: z.string(),
  scenario_version: z.coerce.number(),
  scenario_hash: z.string(),
  snapshot_hash: z.string(),
  saved_at: z.string(),
  text: z.string(),
});
export type SavedWhatIf = z.infer<typeof Saved>;

const COLUMNS = `what_if_id::varchar as what_if_id, name, version, body ->> '$.title' as title, body ->> '$.scenarioId' as scenario_id,
  body ->> '$.scenarioVersion' as scenario_version, scenario_hash, snapshot_hash, strftime(saved_at, '%Y-%m-%dT%H:%M:%SZ') as saved_at,
  body ->> '$.text' as text`;

/** What one person saved for a fund, by name, the newest version of each first. */
export async function savedWhatIfs(file: DuckFile, of: { savedBy: string; fundId: string }): Promise<SavedWhatIf[]> {
  const rows = await file.rows(
    `select ${COLUMNS} from laboratory.what_ifs where saved_by = $by::uuid and fund_id = $fund::uuid order by name, version desc`,
    { by: of.savedBy, fund: of.fundId },
  );
  return z.array(Saved).parse(rows);
}

/** The version that is named, or the newest. Errors: EG404, also when somebody else saved it. */
export async function findWhatIf(
  file: DuckFile,
  of: { savedBy: string; fundId: string; name: string; version: number | undefined },
): Promise<SavedWhatIf> {
  const found = (await savedWhatIfs(file, of)).find(
    ({ name, version }) => name === of.name && (of.version === undefined || version === of.version),
  );
  if (found !== undefined) return found;
  throw new EvergreenError("EG404", "You saved no what-if of that name and version; `lab list` shows what you saved.");
}

/** A new version, unless the newest of that name asks the same: then that one. Inside a transaction of `amend`. */
export async function saveWhatIf(file: DuckFile, ask: WhatIf, snapshotHash: string): Promise<SavedWhatIf> {
  const before = (await savedWhatIfs(file, ask)).find(({ name }) => name === ask.name);
  if (before?.scenario_hash === ask.scenarioHash) return before;
  const { title, scenarioId, scenarioVersion, text } = ask;
  await file.run(
    `insert into laboratory.what_ifs values ($id::uuid, $by::uuid, $fund::uuid, $name, $version, $body, $scenario, $snapshot, now())`,
    {
      id: randomUUID(),
      by: ask.savedBy,
      fund: ask.fundId,
      name: ask.name,
      version: (before?.version ?? 0) + 1,
      body: JSON.stringify({ title, scenarioId, scenarioVersion, text }),
      scenario: ask.scenarioHash,
      snapshot: snapshotHash,
    },
  );
  return findWhatIf(file, { ...ask, version: undefined });
}

/** Keeps what a run of a what-if gave, once. Inside a transaction of `amend`. */
export async function keepOutcomes(
  file: DuckFile,
  whatIfId: string,
  runId: string,
  outcomes: readonly Outcome[],
): Promise<void> {
  for (const { measure, target, value, unit } of outcomes)
    await file.run(
      `insert into laboratory.outcomes values ($id::uuid, $run, $measure, $target, $value::decimal(38, 18), $unit, now()) on conflict do nothing`,
      { id: whatIfId, run: runId, measure, target, value, unit },
    );
}

const Kept = z.object({
  what_if_id: z.string(),
  run_id: z.string(),
  nav_after: z.string(),
  loss: z.string(),
  recorded_at: z.string(),
});
export type KeptRun = z.infer<typeof Kept>;

/** Runs that are kept of what one person saved for a fund, the newest first. */
export async function keptRuns(file: DuckFile, of: { savedBy: string; fundId: string }): Promise<KeptRun[]> {
  const rows = await file.rows(
    `select o.what_if_id::varchar as what_if_id, o.run_id, max(o.value) filter (o.measure = 'nav_after')::varchar as nav_after,
            max(o.value) filter (o.measure = 'loss')::varchar as loss, strftime(max(o.recorded_at), '%Y-%m-%dT%H:%M:%SZ') as recorded_at
       from laboratory.outcomes o join laboratory.what_ifs w using (what_if_id)
      where w.saved_by = $by::uuid and w.fund_id = $fund::uuid and o.target = '' group by all order by recorded_at desc, run_id`,
    { by: of.savedBy, fund: of.fundId },
  );
  return z.array(Kept).parse(rows);
}
