// `lab save|list|run`: what-ifs of one portfolio manager, kept in the laboratory of this home's analytical file. They are asked like any stress run,
// of kind laboratory, and what came out is kept beside the question.

import type { DuckFile, Outcome, SavedWhatIf } from "@evergreen-fund/analytics";
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { scenarioText } from "@evergreen-fund/finance/scenarios/index.ts";
import type { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { type Command, FUND, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { figure, isoTime, plain, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { outcomesOf } from "../reads/stress.ts";
import { askStress, awaitStress, chosenScenarios, endedAnswer } from "../stress-request.ts";
import { countOf, pause, timeoutMs } from "../wait.ts";

const analytics = () => import("@evergreen-fund/analytics");
/** How often, and how long, a file that another process writes is tried again. */
const [TRIES, BETWEEN_MS] = [60, 500];

const homeOf = async (context: Context): Promise<string> =>
  (await import("@evergreen-fund/config/config.ts")).readConfig(context.environment).home;

/** The newest snapshot, for reading. Errors: EG404 when none was ever made. */
async function reading<T>(context: Context, work: (file: DuckFile, snapshotHash: string) => Promise<T>): Promise<T> {
  const [{ openNewest }, home] = await Promise.all([analytics(), homeOf(context)]);
  const { file, manifest } = await openNewest(home);
  try {
    return await work(file, manifest.contentHash);
  } finally {
    file.close();
  }
}

/** Writes what `work` writes; waits while the file is synchronised. Errors: EG428 when that takes longer than half a minute. */
async function writing<T>(context: Context, work: (file: DuckFile) => Promise<T>): Promise<T> {
  const [{ amend }, home] = await Promise.all([analytics(), homeOf(context)]);
  for (let left = TRIES; ; left -= 1)
    try {
      return (await amend(home, work)).result;
    } catch (error) {
      if (!(error instanceof EvergreenError) || error.code !== "EG428" || left <= 1) throw error;
      await pause(BETWEEN_MS);
    }
}

const nameOf = (given: string | undefined): string => {
  const name = (given ?? "").trim();
  if (name === "" || name.length > 80 || plain(name) !== name)
    throw new EvergreenError("EG400", "A name has 1 to 80 characters of one line.");
  return name;
};

const savedJson = ({ text: _body, ...row }: SavedWhatIf) => ({
  whatIfId: row.what_if_id,
  name: row.name,
  version: row.version,
  title: row.title,
  scenarioId: row.scenario_id,
  scenarioHash: row.scenario_hash,
  snapshotHash: row.snapshot_hash,
  savedAt: isoTime(row.saved_at),
});

/** The figures that are kept: the fund's, its cover by bucket, and the value of each asset. */
export function keptFigures(outcome: StressOutcome): Outcome[] {
  const { currency } = outcome;
  return [
    { measure: "nav_before", target: "", value: outcome.navBefore, unit: currency },
    { measure: "nav_after", target: "", value: outcome.navAfter, unit: currency },
    { measure: "loss", target: "", value: outcome.loss, unit: currency },
    ...outcome.rcr.flatMap(({ bucket, ratio }) =>
      ratio === null ? [] : [{ measure: "cover", target: bucket, value: ratio, unit: "ratio" }],
    ),
    ...outcome.byAsset.map(({ assetId, navAfter }) => ({
      measure: "nav_after",
      target: assetId,
      value: navAfter,
      unit: currency,
    })),
  ];
}

export const labCommands: readonly Command[] = [
  {
    path: "lab save",
    summary:
      "Keeps a what-if under a name in this home; saved again with another scenario it is a new version. Only you see it",
    arguments: [{ name: "<name>", about: "your name for it" }],
    options: [
      FUND,
      { flags: "--scenario <id>", about: "a scenario that comes with the platform" },
      { flags: "--file <file>", about: "a scenario of your own, which may extend those" },
    ],
    examples: [
      'lab save "rates and exits" --fund DEMO --file my-scenario.yaml',
      "lab save parallel --fund DEMO --scenario rates_up200",
    ],
    role: "pm_role",
    run: async (context, [given], options) => {
      const name = nameOf(given);
      const [scenario, ...more] = await chosenScenarios({
        scenario: text(options, "scenario"),
        file: text(options, "file"),
        all: false,
      });
      if (scenario === undefined || more.length > 0)
        throw new EvergreenError("EG400", "A what-if is one scenario; compose several by `extends` in a file.");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const snapshotHash = await reading(context, async (_file, hash) => hash);
      const { saveWhatIf } = await analytics();
      const saved = await writing(context, (file) =>
        saveWhatIf(
          file,
          {
            name,
            fundId: fund.fund_id,
            savedBy: session.userId,
            title: scenario.title,
            scenarioId: scenario.id,
            scenarioVersion: scenario.version,
            scenarioHash: scenario.hash,
            text: scenarioText(scenario),
          },
          snapshotHash,
        ),
      );
      return {
        json: savedJson(saved),
        text: `${plain(saved.name)} version ${saved.version} (${saved.scenario_hash.slice(0, 12)}); run it with \`lab run\`.`,
      };
    },
  },
  {
    path: "lab list",
    summary: "The what-ifs that you saved for a fund in this home, with the runs that answered them",
    options: [FUND],
    examples: ["lab list --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const { keptRuns, savedWhatIfs } = await analytics();
      const of = { savedBy: session.userId, fundId: fund.fund_id };
      const [saved, runs] = await reading(context, async (file) => [
        await savedWhatIfs(file, of),
        await keptRuns(file, of),
      ]);
      const rows = saved.map((row) => ({ row, runs: runs.filter(({ what_if_id }) => what_if_id === row.what_if_id) }));
      return {
        json: rows.map(({ row, runs }) => ({
          ...savedJson(row),
          runs: runs.map((run) => ({
            runId: run.run_id,
            navAfter: run.nav_after,
            loss: run.loss,
            recordedAt: isoTime(run.recorded_at),
          })),
        })),
        text: table(
          rows,
          [
            { header: "Name", value: ({ row }) => row.name },
            { header: "Version", value: ({ row }) => String(row.version), figure: true },
            { header: "Scenario", value: ({ row }) => row.scenario_id },
            { header: "Saved", value: ({ row }) => when(row.saved_at) },
            { header: "Runs", value: ({ runs }) => String(runs.length), figure: true },
            { header: "Newest run", value: ({ runs }) => runs[0]?.run_id },
            { header: "Loss", value: ({ runs }) => figure(runs[0]?.loss, 2), figure: true },
          ],
          "You saved no what-ifs here; `lab save` keeps one.",
        ),
      };
    },
  },
  {
    path: "lab run",
    summary: "Runs a what-if that you saved on a fresh snapshot and keeps what came out beside it",
    arguments: [{ name: "<name>", about: "your name for it" }],
    options: [FUND, { flags: "--saved-version <number>", about: "an older version of it" }, WAIT_SECONDS, REQUEST_ID],
    examples: ["lab run parallel --fund DEMO", "lab run parallel --fund DEMO --saved-version 1 --output-format json"],
    role: "pm_role",
    run: async (context, [given], options) => {
      const limit = timeoutMs(text(options, "timeout"));
      const wanted = text(options, "savedVersion");
      const version = wanted === undefined ? undefined : countOf("saved-version", wanted, 1_000_000);
      const name = nameOf(given);
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const { findWhatIf, keepOutcomes } = await analytics();
      const found = await reading(context, (file) =>
        findWhatIf(file, { savedBy: session.userId, fundId: fund.fund_id, name, version }),
      );
      const asked = await askStress(
        session,
        fund.code,
        [
          {
            scenario_id: found.scenario_id,
            version: found.scenario_version,
            title: found.title,
            scenario_hash: found.scenario_hash,
            body: found.text,
          },
        ],
        "laboratory",
        requestIdOf(text(options, "requestId")),
      );
      const row = await awaitStress(context, session, asked, limit);
      const [{ outcome } = { outcome: null }] = await outcomesOf(session, row.stress_run_id);
      if (outcome !== null)
        await writing(context, (file) => keepOutcomes(file, found.what_if_id, row.stress_run_id, keptFigures(outcome)));
      const answer = await endedAnswer(session, row);
      return {
        ...answer,
        json: { whatIf: savedJson(found), kept: outcome !== null, ...(answer.json as object) },
        ...(outcome === null ? { exit: EXIT.failed } : {}),
      };
    },
  },
];
