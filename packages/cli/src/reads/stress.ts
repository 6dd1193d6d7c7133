// Stress runs and what their scenarios came to, as the caller may see them.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import type { ReportedOutcome, ReportedRun } from "@evergreen-fund/reports";
import { z } from "zod";
import { isoTime, plain } from "../output.ts";
import type { Session } from "../session.ts";
import { findFund, isUuid } from "./funds.ts";

const RunRow = z.object({
  stress_run_id: z.string(),
  fund_id: z.string(),
  event_id: z.string(),
  kind: z.string(),
  status: z.string(),
  as_of: z.string().nullable(),
  snapshot_name: z.string().nullable(),
  snapshot_hash: z.string().nullable(),
  code_hash: z.string().nullable(),
  seed: z.string().nullable(),
  asked_by: z.string(),
  scenarios: z.number(),
  done: z.number(),
  failed: z.number(),
  nav_before: z.string().nullable(),
  currency: z.string(),
  outcomes_hash: z.string().nullable(),
  reason: z.string().nullable(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  fund: z.object({ code: z.string() }),
});
export type RunRow = z.infer<typeof RunRow>;
const COLUMNS =
  "stress_run_id,fund_id,event_id,kind,status,as_of,snapshot_name,snapshot_hash,code_hash,seed,asked_by,scenarios,done,failed,nav_before::text,currency,outcomes_hash,reason,started_at,ended_at,fund:funds(code)";

const OutcomeRow = z.object({
  scenario_hash: z.string(),
  ordinal: z.number(),
  status: z.enum(["waiting", "done", "failed"]),
  reason: z.string().nullable(),
  body: z.string().nullable(),
  scenario: z.object({ scenario_id: z.string(), version: z.number(), title: z.string() }),
});

/** A fund's runs, the newest first. */
export function listStressRuns(
  session: Session,
  fundId: string,
  limit: number,
  kind?: string | undefined,
): Promise<RunRow[]> {
  return session.read(
    "stress_runs",
    COLUMNS,
    (query) =>
      (kind === undefined ? query.eq("fund_id", fundId) : query.eq("fund_id", fundId).eq("kind", kind))
        .order("started_at", { ascending: false })
        .range(0, limit - 1),
    RunRow,
  );
}

/** The row of a run as it stands, or undefined. */
export const stressRun = (session: Session, runId: string): Promise<RunRow | undefined> =>
  session.one("stress_runs", COLUMNS, (query) => query.eq("stress_run_id", runId), RunRow);

/** A run by its id, or the newest of a fund (of a kind) that has ended. Errors: EG400 neither is said, EG404. */
export async function findStressRun(
  session: Session,
  given: { run: string | undefined; fund: string | undefined; kind?: string | undefined },
): Promise<RunRow> {
  if ((given.run === undefined) === (given.fund === undefined))
    throw new EvergreenError("EG400", "Name a run by its id, or the fund whose newest run is meant with --fund.");
  if (given.run !== undefined) {
    const found = isUuid(given.run) ? await stressRun(session, given.run) : undefined;
    if (found !== undefined) return found;
    throw new EvergreenError(
      "EG404",
      `There is no stress run ${plain(given.run)} that you may see; see \`npx --no-install evergreen stress list --fund CODE\`.`,
    );
  }
  const fund = await findFund(session, given.fund ?? "");
  const newest = (await listStressRuns(session, fund.fund_id, 50, given.kind)).find(
    ({ status }) => status !== "running",
  );
  if (newest !== undefined) return newest;
  throw new EvergreenError(
    "EG404",
    given.kind === "nightly"
      ? `No nightly stress run of ${plain(fund.code)} has ended yet; \`schedules list\` says when the next is due.`
      : `No stress run of ${plain(fund.code)} has ended yet; begin one with \`stress run\`.`,
  );
}

export const reportedRun = (row: RunRow): ReportedRun => ({
  runId: row.stress_run_id,
  fund: row.fund.code,
  kind: row.kind,
  status: row.status,
  asOf: row.as_of,
  snapshotName: row.snapshot_name,
  snapshotHash: row.snapshot_hash,
  codeHash: row.code_hash,
  seed: row.seed,
  currency: row.currency,
  scenarios: row.scenarios,
  done: row.done,
  failed: row.failed,
  reason: row.reason,
  startedAt: isoTime(row.started_at) ?? row.started_at,
  endedAt: isoTime(row.ended_at),
});

/** What each scenario of a run came to, in the order in which they were asked. Errors: EG500 a body that this version does not read. */
export async function outcomesOf(session: Session, runId: string): Promise<ReportedOutcome[]> {
  const rows = await session.read(
    "stress_outcomes",
    "scenario_hash,ordinal,status,reason,body,scenario:stress_scenarios(scenario_id,version,title)",
    (query) => query.eq("stress_run_id", runId).order("ordinal"),
    OutcomeRow,
  );
  return rows.map(({ scenario, body, ...row }) => ({
    ordinal: row.ordinal,
    scenarioId: scenario.scenario_id,
    version: scenario.version,
    title: scenario.title,
    scenarioHash: row.scenario_hash,
    status: row.status,
    reason: row.reason,
    outcome: body === null ? null : bodyOf(body, scenario.scenario_id),
  }));
}

function bodyOf(body: string, scenarioId: string): StressOutcome {
  const read = StressOutcome.safeParse(JSON.parse(body));
  if (read.success) return read.data;
  const place = read.error.issues[0]?.path.join(".") ?? "";
  throw new EvergreenError(
    "EG500",
    `The outcome of ${plain(scenarioId)} is of another form than this version reads, at ${plain(place)}.`,
    {
      cause: read.error,
    },
  );
}

/** One scenario of a run by its id or its hash. Errors: EG404 with those there are. */
export function outcomeNamed(outcomes: readonly ReportedOutcome[], scenario: string): ReportedOutcome {
  const found = outcomes.find(({ scenarioId, scenarioHash }) => [scenarioId, scenarioHash].includes(scenario));
  if (found !== undefined) return found;
  const names = outcomes.map(({ scenarioId }) => scenarioId).join(", ");
  throw new EvergreenError("EG404", `The run has no scenario ${plain(scenario)}; it has ${plain(names)}.`);
}
