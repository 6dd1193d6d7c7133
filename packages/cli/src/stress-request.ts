// Asking for a stress run: scenarios as the texts their hashes cover, the run as it goes on, and the one JSON document it ends in.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { type ResolvedScenario, scenarioText } from "@evergreen-fund/finance/scenarios/index.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { concluded, missingTable, overviewTable, type ReportedOutcome, runFacts } from "@evergreen-fund/reports";
import { z } from "zod";
import type { Answer } from "./command.ts";
import type { Context } from "./context.ts";
import { plain } from "./output.ts";
import { outcomesOf, type RunRow, reportedRun, stressRun } from "./reads/stress.ts";
import { blocksText } from "./report-text.ts";
import { resolvedScenario, shippedScenarios } from "./scenario-source.ts";
import type { Session } from "./session.ts";
import { until } from "./wait.ts";

const Asked = z.object({ event_id: z.string(), workflow_id: z.string(), stress_run_id: z.string() });
export type Asked = z.infer<typeof Asked>;

/** Scenarios by id (several with commas), from a file, or all that come with the platform. Errors: EG400, EG404. */
export async function chosenScenarios(given: {
  scenario: string | undefined;
  file: string | undefined;
  all: boolean;
}): Promise<ResolvedScenario[]> {
  const { scenario, file, all } = given;
  if ([scenario !== undefined, file !== undefined, all].filter(Boolean).length !== 1)
    throw new EvergreenError("EG400", "Say what to compute: --scenario, --file or --all, and one of them only.");
  if (all) {
    const { files } = await shippedScenarios();
    const problems = files.flatMap((one) => (one.resolved === undefined ? one.problems : []));
    if (problems.length > 0)
      throw new EvergreenError("EG400", problems.map((problem) => plain(problemLine(problem))).join("; "));
    return files.flatMap(({ resolved }) => (resolved === undefined ? [] : [resolved]));
  }
  const named = file === undefined ? (scenario ?? "").split(",") : [file];
  return Promise.all(named.map(async (one) => (await resolvedScenario(one)).resolved));
}

/** A scenario as `fn_request_stress` takes it: `body` is the text whose SHA-256 is `scenario_hash`. */
export interface AskedScenario {
  scenario_id: string;
  version: number;
  title: string;
  scenario_hash: string;
  body: string;
}

export const askedScenario = (one: ResolvedScenario): AskedScenario => ({
  scenario_id: one.id,
  version: one.version,
  title: one.title,
  scenario_hash: one.hash,
  body: scenarioText(one),
});

/** Records the request. Errors: EG400, EG404, EG413, EG426, EG428 of `fn_request_stress`. */
export const askStress = (
  session: Session,
  fund: string,
  scenarios: readonly AskedScenario[],
  kind: string,
  requestId: string,
): Promise<Asked> => session.call("fn_request_stress", { fund, kind, request_id: requestId, scenarios }, Asked);

/** Waits until the run has ended, saying how far it is. Errors: EG503 when it takes longer. */
export function awaitStress(context: Context, session: Session, asked: Asked, limitMs: number): Promise<RunRow> {
  return context.progress("Stress run", ({ say }) =>
    until(
      limitMs,
      async () => {
        const row = await stressRun(session, asked.stress_run_id);
        if (row === undefined) return undefined;
        const { done, failed, scenarios } = row;
        say(`scenario ${done + failed} of ${scenarios}${failed === 0 ? "" : `, ${failed} failed`}`);
        return row.status === "running" ? undefined : row;
      },
      `The stress run is still going on after ${limitMs / 1000} s; look at it with \`npx --no-install evergreen stress report ${asked.stress_run_id}\` and \`npx --no-install evergreen runs show ${asked.workflow_id}\`.`,
    ),
  );
}

/** One scenario as scripts read it; null figures where it could not be computed. */
const scenarioJson = ({ outcome, scenarioId, scenarioHash, status, reason }: ReportedOutcome) => ({
  scenarioId,
  scenarioHash,
  status,
  reason,
  navBefore: outcome?.navBefore ?? null,
  navAfter: outcome?.navAfter ?? null,
  byAsset: outcome?.byAsset ?? [],
  rcr: outcome?.rcr ?? [],
  reverse: outcome?.reverse ?? null,
  survivalQuarters: outcome?.survivalQuarters ?? null,
});

/** What stands when the run has ended: one document; exit 1 when a scenario could not be computed. */
export async function endedAnswer(session: Session, row: RunRow): Promise<Answer> {
  const outcomes = await outcomesOf(session, row.stress_run_id);
  const run = reportedRun(row);
  const durationMs = run.endedAt === null ? null : Date.parse(run.endedAt) - Date.parse(run.startedAt);
  const head = { runId: run.runId, status: run.status, snapshotHash: run.snapshotHash };
  const rows = outcomes.map(scenarioJson);
  const [only] = rows;
  return {
    json:
      rows.length === 1 && only !== undefined
        ? { ...head, ...only, status: run.status, durationMs }
        : { ...head, scenarios: rows, durationMs },
    text: blocksText([runFacts(run), overviewTable(concluded(outcomes)), missingTable(outcomes)]),
    ...(row.status === "completed" ? {} : { exit: EXIT.failed }),
  };
}
