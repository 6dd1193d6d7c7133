// One night of one or several funds, from the request to the report: every shipped scenario by the platform's own run, one of them computed twice, the
// ladder moved, the data checked, and the morning report made.
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { readFiling, toFundImport, writeSyntheticFiling } from "@evergreen-fund/nport";
import { morningReport, type ReportedOutcome } from "@evergreen-fund/reports";
import type { Database } from "@evergreen-fund/supabase-client";
import { importArgument } from "../../import-fund.ts";
import type { AskedScenario } from "../../stress-request.ts";
import { PM } from "../chain/fund.ts";

const AUDIT = { role: "audit_role", userId: "00000000-0000-4000-8000-000000000007" } satisfies Actor;
const LIMIT_MS = 1_200_000;

/** Imports a synthetic filing as a fund. */
export async function importNightFund(
  database: Database,
  folder: string,
  code: string,
  holdings: number,
): Promise<void> {
  const path = join(folder, `${code}.xml`);
  await writeSyntheticFiling(path, { seed: 1, holdings });
  const fund = importArgument(toFundImport(await readFiling(path), { code }), code);
  await database.rpc(PM, "fn_import_fund", { fund, request_id: `bench/${code}` });
}

export interface Night {
  seconds: number;
  /** Scenarios done over all funds, and bytes of all reports. */
  done: number;
  bytes: number;
  /** Whether every run was complete and came to the same bytes when it was computed again. */
  whole: boolean;
}

/** The nights of these funds at once. @throws Error when one has not ended after 20 minutes. */
export async function night(
  database: Database,
  funds: readonly string[],
  scenarios: readonly AskedScenario[],
): Promise<Night> {
  const start = performance.now();
  const ended = await Promise.all(
    funds.map(async (fund) => {
      const { stress_run_id: runId } = await database.rpc(PM, "fn_request_stress", {
        fund,
        scenarios: scenarios as unknown as Record<string, unknown>[],
        kind: "nightly",
      });
      const row = await runEnded(database, runId);
      const outcomes: ReportedOutcome[] = row.outcomes.map(({ ordinal, scenario, status, reason, body }) => ({
        ordinal,
        scenarioId: scenario.scenario_id,
        version: scenario.version,
        title: scenario.title,
        scenarioHash: scenario.scenario_hash,
        status: status as ReportedOutcome["status"],
        reason,
        outcome: body === null ? null : StressOutcome.parse(JSON.parse(body)),
      }));
      const { pdf } = await morningReport(
        {
          runId,
          fund,
          kind: row.kind,
          status: row.status,
          asOf: row.as_of?.toISOString().slice(0, 10) ?? null,
          snapshotName: row.snapshot_name,
          snapshotHash: row.snapshot_hash,
          codeHash: row.code_hash,
          seed: row.seed,
          currency: row.currency,
          scenarios: row.scenarios,
          done: row.done,
          failed: row.failed,
          reason: row.reason,
          startedAt: row.started_at.toISOString(),
          endedAt: row.ended_at?.toISOString() ?? null,
        },
        outcomes,
      );
      return { row, bytes: pdf.length };
    }),
  );
  return {
    seconds: (performance.now() - start) / 1_000,
    done: ended.reduce((sum, { row }) => sum + row.done, 0),
    bytes: ended.reduce((sum, { bytes }) => sum + bytes, 0),
    whole: ended.every(({ row }) => row.status === "completed" && row.failed === 0 && row.checked_equal === true),
  };
}

async function runEnded(database: Database, runId: string) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const row = await database.read(AUDIT, (tx) =>
      tx.stress_runs.findUniqueOrThrow({
        where: { stress_run_id: runId },
        include: { outcomes: { include: { scenario: true }, orderBy: { ordinal: "asc" } } },
      }),
    );
    if (row.status !== "running") return row;
    if (Date.now() > end) throw new Error(`A stress run has not ended after ${LIMIT_MS / 60_000} minutes.`);
    await new Promise((wake) => setTimeout(wake, 200));
  }
}
