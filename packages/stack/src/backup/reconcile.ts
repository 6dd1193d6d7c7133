// Whether Temporal and Postgres tell of the same past. After a restore one may be older: then writes are halted until a person of operations
// has read what differs. Looks at what is newest at every start, so that it finds a store that was put back by other means, too.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Config, temporalAddress } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import pg from "pg";
import { loginUrl } from "../addresses.ts";
import type { TemporalCli } from "../temporal-cli.ts";

const run = promisify(execFile);

interface Listed {
  execution: { workflowId: string };
  status: string;
  startTime: string;
}
export interface RunReport {
  /** Temporal has them, Postgres has never heard of them. */
  unknown: { workflow_id: string; status: string }[];
  /** They ended in Temporal; Postgres does not have what they did. */
  ahead: { workflow_id: string; event_id: string }[];
  /** Handed over by Postgres, and Temporal has no run of them. */
  missing: { workflow_id: string; event_id: string }[];
  compared: number;
}
export interface Halted {
  since: string;
  hash: string;
  report: RunReport;
}

/** Runs that are compared at a start: the newest. Temporal keeps ended ones for 30 days. */
const NEWEST = 1_000;
const KEPT_MS = 25 * 86_400_000;

const cliArgs = (config: Config, words: string[]): string[] => [
  ...words,
  ...["--address", temporalAddress(config), "--namespace", config.temporal.namespace],
  ...["--disable-config-env", "--disable-config-file"],
];

async function newestRuns(config: Config, cli: TemporalCli): Promise<Listed[]> {
  const args = cliArgs(config, ["workflow", "list", "--output", "json", "--limit", `${NEWEST}`]);
  const { stdout } = await run(cli.path, args, { timeout: 20_000, maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout || "[]") as Listed[];
}

/** Asks Postgres as the service, under the application's login. */
async function asService<T>(config: Config, sql: string, values: unknown[]): Promise<T> {
  const client = new pg.Client({ connectionString: loginUrl(config, "evergreen_app"), options: "-c TimeZone=UTC" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("begin");
    await client.query("set local role service_role");
    const { rows } = await client.query(sql, values);
    await client.query("commit");
    return rows[0]?.answer as T;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What stands halted, or null. */
export const haltedWrites = (config: Config): Promise<Halted | null> =>
  asService<Halted | null>(
    config,
    "select (select p.value from public.platform_settings p where p.key = 'writes_halted') as answer",
    [],
  );

/** Compares the newest runs of Temporal with Postgres. Errors: EG503 when one of them does not answer. */
export async function compareStores(config: Config, cli: TemporalCli): Promise<RunReport> {
  try {
    const listed = await newestRuns(config, cli);
    // a list that was cut off says nothing about what is older than its end
    const oldest = listed.length < NEWEST ? 0 : Math.min(...listed.map(({ startTime }) => Date.parse(startTime)));
    const since = new Date(Math.max(oldest, Date.now() - KEPT_MS)).toISOString();
    const runs = listed.map(({ execution, status }) => ({
      workflow_id: execution.workflowId,
      status: status.replace("WORKFLOW_EXECUTION_STATUS_", "").toLowerCase(),
    }));
    return await asService<RunReport>(config, "select public.fn_compare_runs($1::jsonb, $2::timestamptz) as answer", [
      JSON.stringify(runs),
      since,
    ]);
  } catch (error) {
    throw new EvergreenError("EG503", "Temporal's runs could not be compared with Postgres.", { cause: error });
  }
}

const differs = ({ unknown, ahead, missing }: RunReport): boolean => unknown.length + ahead.length + missing.length > 0;

/** Halts writes when the two differ; answers what is halted, or null when all is well. To be asked before any worker runs. */
export async function haltIfApart(config: Config, cli: TemporalCli): Promise<Halted | null> {
  const standing = await haltedWrites(config);
  if (standing !== null) return standing;
  const report = await compareStores(config, cli);
  if (!differs(report)) return null;
  await asService(config, "select public.fn_halt_writes($1::jsonb) as answer", [JSON.stringify(report)]);
  return haltedWrites(config);
}

/** Takes the runs out of Temporal that must not go on: those of events that are not there, and those that are to be run again. Idempotent. */
export async function forgetRuns(config: Config, cli: TemporalCli, report: RunReport): Promise<void> {
  for (const { workflow_id: id } of [...report.unknown, ...report.ahead]) {
    const gone = (error: unknown): boolean => /not found/i.test(String((error as { stderr?: string }).stderr ?? error));
    await run(cli.path, cliArgs(config, ["workflow", "delete", "--workflow-id", id]), { timeout: 20_000 }).catch(
      (error: unknown) => {
        if (!gone(error))
          throw new EvergreenError("EG503", `The run ${id} could not be taken out of Temporal.`, { cause: error });
      },
    );
  }
  // deleting takes a moment, longer where the run was just ended, and a run that is still listed would refuse its next start
  for (let tries = 0; tries < 240; tries++) {
    const left = new Set((await newestRuns(config, cli)).map(({ execution }) => execution.workflowId));
    if (![...report.unknown, ...report.ahead].some(({ workflow_id: id }) => left.has(id))) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new EvergreenError("EG503", "Temporal still lists runs that were deleted; try again.");
}

/** The report as a person reads it: what differs and what accepting does. */
export function reportLines({ hash, report }: Halted): string[] {
  const part = (ids: readonly { workflow_id: string }[], what: string, then: string): string[] =>
    ids.length === 0
      ? []
      : [
          `${ids.length} ${what}; ${then}:`,
          ...ids.slice(0, 20).map((one) => `  ${one.workflow_id}`),
          ...(ids.length > 20 ? ["  …"] : []),
        ];
  return [
    `Writes are halted: Temporal and Postgres tell of different pasts (${report.compared} runs compared).`,
    ...part(
      report.unknown,
      "runs are in Temporal and not in Postgres, which is older",
      "accepting deletes them: what they did was lost, and their callers ask again",
    ),
    ...part(
      report.ahead,
      "runs ended in Temporal and not in Postgres, which is older",
      "accepting deletes and starts them again",
    ),
    ...part(
      report.missing,
      "events were handed over and Temporal, which is older, has no run of them",
      "accepting queues them again; a step that was done answers as it did",
    ),
    `Accept with: npx --no-install evergreen backup reconcile --accept ${hash}`,
  ];
}
