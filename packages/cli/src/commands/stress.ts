// `stress list|report|compare|reverse`: what stress runs came to. `stress run` is in stress-run.ts.
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import {
  differenceBlocks,
  differenceOf,
  markdownOf,
  measuresOf,
  missingTable,
  morningDocument,
  overviewTable,
  pdfOf,
  type ReportDocument,
  reverseBlocks,
  reverseTable,
  runFacts,
  type Side,
  scenarioDocument,
} from "@evergreen-fund/reports";
import { ANY_FUND, type Answer, type Command, FUND, text } from "../command.ts";
import type { Context } from "../context.ts";
import { configOf, storeOf } from "../machine-source.ts";
import { facts, figure, isoTime, plain, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { findStressRun, listStressRuns, outcomeNamed, outcomesOf, type RunRow, reportedRun } from "../reads/stress.ts";
import { blocksText } from "../report-text.ts";
import type { Session } from "../session.ts";
import { countOf } from "../wait.ts";
import { stressRunCommands } from "./stress-run.ts";

const RUN = { name: "[run]", about: "id of the run; left out: the newest of --fund" };
const NEWEST = { ...ANY_FUND, about: "the newest run of this fund (code or id)" };

const runJson = (row: RunRow) => {
  const { startedAt, endedAt, ...run } = reportedRun(row);
  return { ...run, navBefore: row.nav_before, outcomesHash: row.outcomes_hash, startedAt, endedAt };
};

/** Writes a report: Markdown with its plots beside it, or one PDF. */
async function written(document: ReportDocument, format: string, out: string): Promise<string[]> {
  const files =
    format === "pdf"
      ? [{ path: out, content: await pdfOf(document) }]
      : (() => {
          // plots are named after the file, so that two reports in one folder do not share them
          const name = basename(out).replace(/\.[^.]*$/, "");
          const { markdown, svgs } = markdownOf({ ...document, name });
          return [
            { path: out, content: markdown },
            ...svgs.map((plot) => ({ path: join(dirname(out), plot.name), content: plot.svg })),
          ];
        })();
  return filed(files);
}

async function filed(files: readonly { path: string; content: string | Uint8Array }[]): Promise<string[]> {
  for (const { path, content } of files)
    await writeFile(path, content).catch((cause: unknown) => {
      throw new EvergreenError("EG400", `${plain(path)} cannot be written.`, { cause });
    });
  return files.map(({ path }) => path);
}

/** The report that the night itself left, as it lies in this home or in the store; written to `out` when a format is named. Errors: EG404, EG431. */
async function morning(
  context: Context,
  row: RunRow,
  format: string | undefined,
  out: string | undefined,
): Promise<Answer> {
  if (row.kind !== "nightly")
    throw new EvergreenError("EG400", "Only a nightly run leaves a report by itself; leave --morning out.");
  const [config, { findReport }] = await Promise.all([configOf(context), import("@evergreen-fund/analytics")]);
  const store = await storeOf(config);
  const day = (isoTime(row.started_at) ?? row.started_at).slice(0, 10);
  const key = { runId: row.stress_run_id, fundId: row.fund_id, day };
  const report = await findReport(config.home, store, key).finally(() => store?.close());
  if (format !== undefined && out !== undefined) {
    // plots keep the names by which the Markdown calls them
    const wanted = report.files.filter(({ name }) => (format === "pdf" ? /\.pdf$/ : /\.(md|svg)$/).test(name));
    const files = await filed(
      await Promise.all(
        wanted.map(async ({ name }) => ({
          path: name.endsWith(".svg") ? join(dirname(out), name) : out,
          content: await readFile(join(report.folder, name)),
        })),
      ),
    );
    return { json: { runId: key.runId, files }, text: files.map((file) => `Wrote ${plain(file)}`).join("\n") };
  }
  return {
    json: { ...report, fund: row.fund.code, status: row.status },
    text: [
      facts([
        ["Fund", row.fund.code],
        ["Run", key.runId],
        ["State", row.status],
        ["Night of", day],
        ["Kept in", report.folder],
        ["Hash", report.hash],
      ]),
      table(report.files, [
        { header: "File", value: ({ name }) => name },
        { header: "Bytes", value: ({ bytes }) => String(bytes), figure: true },
        { header: "SHA-256", value: ({ sha256 }) => sha256 },
      ]),
    ].join("\n\n"),
  };
}

/** "RUN" or "RUN:SCENARIO". */
function sideOf(given: string): { run: string; scenario: string | undefined } {
  const [run = "", scenario, ...more] = given.split(":");
  if (more.length > 0) throw new EvergreenError("EG400", "A side is a run, or a run and a scenario: RUN:SCENARIO.");
  return { run, scenario };
}

/** Outcomes that are set against each other: the two that are named, or those of one id in both runs. */
async function pairs(
  session: Session,
  left: string,
  right: string,
): Promise<{ pairs: [Side, Side][]; only: string[] }> {
  const sides = await Promise.all(
    [left, right].map(async (given) => {
      const { run, scenario } = sideOf(given);
      const row = await findStressRun(session, { run, fund: undefined });
      const all = await outcomesOf(session, row.stress_run_id);
      const outcomes = scenario === undefined ? all : [outcomeNamed(all, scenario)];
      return { run: reportedRun(row), scenario, outcomes };
    }),
  );
  const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
  if ((a.scenario === undefined) !== (b.scenario === undefined))
    throw new EvergreenError("EG400", "Compare two runs, or two scenarios: RUN:SCENARIO RUN:SCENARIO.");
  const named = a.scenario !== undefined;
  const matched = a.outcomes.flatMap((one): [Side, Side][] => {
    const other = named ? b.outcomes[0] : b.outcomes.find(({ scenarioId }) => scenarioId === one.scenarioId);
    if (one.outcome === null || other?.outcome === null || other === undefined) return [];
    return [
      [
        { run: a.run, outcome: one.outcome },
        { run: b.run, outcome: other.outcome },
      ],
    ];
  });
  const known = new Set(matched.flatMap(([x, y]) => [x.outcome.scenarioId, y.outcome.scenarioId]));
  const only = [...a.outcomes, ...b.outcomes].map(({ scenarioId }) => scenarioId).filter((id) => !known.has(id));
  return { pairs: matched, only: [...new Set(only)] };
}

export const stressCommands: readonly Command[] = [
  ...stressRunCommands,
  {
    path: "stress list",
    summary: "Stress runs of a fund, the newest first",
    options: [FUND, { flags: "--limit <count>", about: "how many at most", default: "20" }],
    examples: ["stress list --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 500);
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const rows = await listStressRuns(session, fund.fund_id, limit);
      return {
        json: rows.map(runJson),
        text: table(
          rows,
          [
            { header: "Run", value: (row) => row.stress_run_id },
            { header: "Kind", value: (row) => row.kind.replaceAll("_", " ") },
            { header: "State", value: (row) => row.status },
            { header: "Done", value: (row) => `${row.done} of ${row.scenarios}`, figure: true },
            { header: "Failed", value: (row) => String(row.failed), figure: true },
            { header: "As of", value: (row) => row.as_of },
            { header: "NAV before", value: (row) => figure(row.nav_before, 2), figure: true },
            { header: "Began", value: (row) => when(row.started_at) },
          ],
          "No stress runs yet; begin one with `stress run`.",
        ),
      };
    },
  },
  {
    path: "stress report",
    summary:
      "What a stress run came to: every scenario side by side, or one with value, method, inputs and their age per asset; as Markdown or PDF with plots on request",
    arguments: [RUN],
    options: [
      NEWEST,
      { flags: "--scenario <id>", about: "one scenario in full" },
      { flags: "--morning", about: "the report that the newest nightly run left by itself, with its hashes" },
      { flags: "--format <format>", about: "write the report instead of showing it", choices: ["md", "pdf"] },
      { flags: "--out <file>", about: "where to write it; plots of Markdown go beside it as SVG" },
    ],
    examples: [
      "stress report --fund DEMO",
      "stress report --fund DEMO --scenario gfc_2008",
      "stress report --fund DEMO --morning --format pdf --out morning.pdf",
      "stress report 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --format pdf --out morning.pdf",
    ],
    role: "pm_role",
    run: async (context, args, options): Promise<Answer> => {
      const [format, out, scenario] = [text(options, "format"), text(options, "out"), text(options, "scenario")];
      if ((format === undefined) !== (out === undefined))
        throw new EvergreenError("EG400", "--format and --out go together.");
      if (options.morning === true && scenario !== undefined)
        throw new EvergreenError("EG400", "A morning report is of the whole run: leave --scenario out.");
      const session = await context.session("pm_role");
      const kind = options.morning === true ? "nightly" : undefined;
      const row = await findStressRun(session, { run: args[0], fund: text(options, "fund"), kind });
      if (options.morning === true) return morning(context, row, format, out);
      const run = reportedRun(row);
      const outcomes = await outcomesOf(session, row.stress_run_id);
      const one = scenario === undefined ? undefined : outcomeNamed(outcomes, scenario);
      if (format !== undefined && out !== undefined) {
        const document = one === undefined ? morningDocument(run, outcomes) : scenarioDocument(run, one);
        const files = await written(document, format, out);
        return { json: { runId: run.runId, files }, text: files.map((file) => `Wrote ${plain(file)}`).join("\n") };
      }
      if (one !== undefined)
        return {
          json: { runId: run.runId, status: one.status, reason: one.reason, outcome: one.outcome },
          text:
            one.outcome === null
              ? `${plain(one.scenarioId)} is ${one.status}: ${plain(one.reason ?? "no reason given")}`
              : blocksText(scenarioDocument(run, one).blocks),
        };
      const done = outcomes.flatMap(({ outcome }) => (outcome === null ? [] : [outcome]));
      return {
        json: {
          ...runJson(row),
          outcomes: outcomes.map(({ outcome, ...said }) => ({
            ...said,
            measures: outcome === null ? null : measuresOf(outcome),
          })),
        },
        text: blocksText([runFacts(run), overviewTable(done), missingTable(outcomes)]),
      };
    },
  },
  {
    path: "stress compare",
    summary:
      "Two runs, or two scenarios, side by side: NAV, cover and every asset that differs; says when snapshots, code or scenarios differ",
    arguments: [
      { name: "<a>", about: "a run, or one scenario of it: RUN:SCENARIO" },
      { name: "<b>", about: "the same for the other side" },
    ],
    examples: [
      "stress compare 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69",
      "stress compare 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11:rates_up100 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11:rates_up200",
    ],
    role: "pm_role",
    run: async (context, args) => {
      const session = await context.session("pm_role");
      const found = await pairs(session, args[0] ?? "", args[1] ?? "");
      const differences = found.pairs.map(([a, b]) => differenceOf(a, b));
      return {
        json: { comparisons: differences, notComparable: found.only },
        text: [
          blocksText(differences.flatMap(differenceBlocks)) || "No scenario is computed on both sides.",
          ...(found.only.length === 0 ? [] : [`Not computed on both sides: ${plain(found.only.join(", "))}`]),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "stress reverse",
    summary:
      "What a fund bears, by its newest run: the largest redemption, the smallest haircut, how many quarters it lasts, and the frontier between them",
    options: [FUND, { flags: "--scenario <id>", about: "only this scenario" }],
    examples: ["stress reverse --fund DEMO", "stress reverse --fund DEMO --scenario base --output-format json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const row = await findStressRun(session, { run: undefined, fund: text(options, "fund") });
      const all = await outcomesOf(session, row.stress_run_id);
      const scenario = text(options, "scenario");
      const chosen = scenario === undefined ? all : [outcomeNamed(all, scenario)];
      const done = chosen.flatMap(({ outcome }) => (outcome === null ? [] : [outcome]));
      if (done.length === 0)
        throw new EvergreenError(
          "EG404",
          `Nothing was computed in the run ${row.stress_run_id}; \`stress report\` says why.`,
        );
      return {
        json: {
          runId: row.stress_run_id,
          fund: row.fund.code,
          asOf: row.as_of,
          endedAt: isoTime(row.ended_at),
          scenarios: done.map(({ scenarioId, reverse, survivalQuarters }) => ({
            scenarioId,
            ...reverse,
            survivalQuarters,
          })),
        },
        text: [
          `${plain(row.fund.code)} as of ${row.as_of ?? "–"}, run ${row.stress_run_id}`,
          ...(scenario === undefined
            ? [blocksText([reverseTable(done)]), "The frontier of a scenario: --scenario ID"]
            : done.map((outcome) => `${plain(outcome.scenarioId)}\n${blocksText(reverseBlocks(outcome))}`)),
        ].join("\n\n"),
      };
    },
  },
];
