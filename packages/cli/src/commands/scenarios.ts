// `scenarios list|show|check|factors|new`: stress scenarios as files. No stack is needed.

import { writeFile } from "node:fs/promises";
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import {
  addressForm,
  FACTOR_NAMES,
  FACTORS,
  type FactorKind,
  partWords,
  readAddress,
  UNITS,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { type ResolvedScenario, scenarioCell } from "@evergreen-fund/finance/scenarios/index.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { type ScenarioFile, scenarioFileName, scenarioTemplate } from "@evergreen-fund/interchange/scenarios/index.ts";
import { type Command, text } from "../command.ts";
import { facts, plain, table } from "../output.ts";
import { resolvedScenario, scenarioFile, shippedScenarios } from "../scenario-source.ts";

const span = ({ periods }: Pick<ResolvedScenario, "periods">): string =>
  periods === null ? "instant" : `${periods.count} ${periods.unit}${periods.count === 1 ? "" : "s"}`;

/** What a person reads of one file: that it stands, or every line that is wrong. */
const checkedText = ({ file, resolved, problems }: ScenarioFile): string =>
  resolved === undefined
    ? problems.map((problem) => plain(problemLine(problem))).join("\n")
    : `${plain(file)}: ${resolved.id} version ${resolved.version} stands (${resolved.hash.slice(0, 12)})`;

const checkedJson = ({ file, resolved, problems }: ScenarioFile) => ({
  file,
  id: resolved?.id ?? null,
  version: resolved?.version ?? null,
  hash: resolved?.hash ?? null,
  problems: problems.map(({ line, field, words }) => ({ line, field, words })),
});

/** Columns a terminal has room for. */
const MOST_PERIODS = 14;

function factorTable(factors: Readonly<Record<string, readonly string[]>>): string {
  const count = Object.values(factors)[0]?.length ?? 0;
  const shown = count <= MOST_PERIODS ? [...Array(count).keys()] : [...Array(MOST_PERIODS - 1).keys(), count - 1];
  return table(
    Object.entries(factors),
    [
      { header: "Factor", value: ([address]) => address },
      { header: "Unit", value: ([address]) => unitOf(address) },
      ...shown.map((index) => ({
        header: count === 1 ? "Value" : String(index + 1),
        value: ([, values]: [string, readonly string[]]) => values[index] ?? null,
        figure: true as const,
      })),
    ],
    "It moves no factor of its own.",
  );
}

function unitOf(address: string): string {
  const read = readAddress(address);
  return "problem" in read ? "" : read.kind.unit;
}

export const scenarioCommands: readonly Command[] = [
  {
    path: "scenarios list",
    summary: "The stress scenarios that come with the platform",
    examples: ["scenarios list", "scenarios list --output-format json"],
    run: async () => {
      const { files } = await shippedScenarios();
      const broken = files.filter(({ resolved }) => resolved === undefined);
      const rows = files.flatMap(({ resolved, scenario }) =>
        resolved === undefined || scenario === undefined ? [] : [{ ...resolved, aliases: scenario.aliases ?? [] }],
      );
      return {
        json: rows.map(({ id, title, version, periods, cells, hash, aliases }) => ({
          id,
          title,
          version,
          periods,
          cells,
          hash,
          aliases,
        })),
        text: [
          table(rows, [
            { header: "Id", value: (row) => row.id },
            { header: "Title", value: (row) => row.title },
            { header: "Version", value: (row) => String(row.version), figure: true },
            { header: "Periods", value: span },
            { header: "Cells", value: (row) => String(row.cells), figure: true },
            { header: "Hash", value: (row) => row.hash.slice(0, 12) },
          ]),
          ...broken.map(checkedText),
        ].join("\n"),
        ...(broken.length === 0 ? {} : { exit: EXIT.usage }),
      };
    },
  },
  {
    path: "scenarios show",
    summary: "One scenario as it is computed: every factor in every period, tests, sources",
    arguments: [{ name: "<scenario>", about: "id, or a file" }],
    options: [{ flags: "--cell <number>", about: "one cell of its grid and draws, by number from 0" }],
    examples: [
      "scenarios show gfc_2008",
      "scenarios show bond_fund_shock --cell 1",
      "scenarios show my-scenario.yaml --output-format json",
    ],
    run: async (_context, args, options) => {
      const { scenario, resolved } = await resolvedScenario(args[0] ?? "");
      const number = text(options, "cell");
      if (number !== undefined && !/^\d{1,7}$/.test(number))
        throw new EvergreenError("EG400", "A cell is a whole number from 0.");
      const cell = number === undefined ? undefined : scenarioCell(resolved, Number(number));
      const { monteCarlo, solve } = resolved;
      return {
        json: { ...resolved, sources: scenario.sources, ...(cell === undefined ? {} : { cell }) },
        text: [
          facts([
            ["Id", resolved.id],
            ["Title", resolved.title],
            ["Version", String(resolved.version)],
            ["Hash", resolved.hash],
            ["About", resolved.about],
            ...(resolved.lineage.length === 0 ? [] : [["Extends", resolved.lineage.join(", ")] as const]),
            ["Periods", span(resolved)],
            ["Cells", String(resolved.cells)],
            ...Object.entries(resolved.grid).map(
              ([address, values]) => [`Grid ${address}`, values.join(", ")] as const,
            ),
            ...(monteCarlo === null
              ? []
              : [
                  [
                    "Monte Carlo",
                    `${monteCarlo.count} draws of ${Object.keys(monteCarlo.draws).join(", ")}; seed ${monteCarlo.seed}`,
                  ] as const,
                ]),
            ...(solve === null
              ? []
              : [
                  [
                    "Solves for",
                    `${solve.unknown} from ${solve.between.join(" to ")} while ${wordsOf(solve.holds)}`,
                  ] as const,
                ]),
            ["Tests", resolved.tests.map(wordsOf).join("; ") || "none"],
            ["Reports", resolved.reports.join(", ") || "none"],
            ...scenario.sources.map(({ words, evidence }) => ["Source", `${words} (${evidence})`] as const),
            ...(cell === undefined ? [] : [["Cell", String(cell.cell)] as const]),
          ]),
          factorTable(cell?.factors ?? resolved.factors),
        ].join("\n\n"),
      };
    },
  },
  {
    path: "scenarios check",
    summary:
      "Checks a scenario file, or all that come with the platform: every mistake with its line and what may stand there",
    arguments: [{ name: "[file]", about: "file, or id" }],
    options: [{ flags: "--all", about: "every file of scenarios/" }],
    examples: ["scenarios check my-scenario.yaml", "scenarios check --all"],
    run: async (_context, args, options) => {
      if ((args[0] === undefined) !== (options.all === true))
        throw new EvergreenError("EG400", "Name a file, or --all.");
      const shipped = await shippedScenarios();
      const files = args[0] === undefined ? shipped.files : [await scenarioFile(args[0], shipped)];
      const wrong = files.some(({ resolved, problems }) => resolved === undefined || problems.length > 0);
      return {
        json: { ok: !wrong, files: files.map(checkedJson) },
        text: files.map(checkedText).join("\n"),
        ...(wrong ? { exit: EXIT.usage } : {}),
      };
    },
  },
  {
    path: "scenarios factors",
    summary: "Every factor a scenario may move: how it is addressed, its unit, its limits and what it applies to",
    examples: ["scenarios factors", "scenarios factors --output-format json"],
    run: async () => {
      const rows = FACTOR_NAMES.map((name) => ({ name, form: addressForm(name), ...(FACTORS[name] as FactorKind) }));
      return {
        json: rows.map(({ parts, unit, ...row }) => ({
          ...row,
          unit,
          unitWords: UNITS[unit],
          parts: parts.map((part) => ({ name: part.name, words: partWords(part) })),
        })),
        text: table(rows, [
          { header: "Address", value: (row) => row.form },
          { header: "Unit", value: (row) => row.unit },
          { header: "Effect", value: (row) => row.effect },
          { header: "Timing", value: (row) => row.timing },
          { header: "From", value: (row) => String(row.least), figure: true },
          { header: "To", value: (row) => String(row.most), figure: true },
          { header: "What it is", value: (row) => row.about, most: 110 },
        ]),
      };
    },
  },
  {
    path: "scenarios new",
    summary: "Writes a scenario to start from: valid as it stands, with every part explained",
    arguments: [{ name: "<id>", about: "lower-case words joined by _, such as rates_up300" }],
    options: [
      { flags: "--extends <scenario>", about: "start from this one (id)" },
      { flags: "--to <file>", about: "where to write it; left out: here, under its own name" },
    ],
    examples: ["scenarios new rates_up300 --extends rates_up200", "scenarios new my_crisis --to crisis.yaml"],
    run: async (_context, args, options) => {
      const id = args[0] ?? "";
      const shipped = await shippedScenarios();
      const from = text(options, "extends");
      if (shipped.ids.includes(id))
        throw new EvergreenError("EG400", `There is a scenario ${plain(id)} already; take another id.`);
      const content = scenarioTemplate(id, from === undefined ? undefined : shipped.find(from));
      const file = text(options, "to") ?? scenarioFileName(id);
      await writeFile(file, content, { flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
        const reason = cause.code === "EEXIST" ? "is there already; nothing was written" : "cannot be written";
        throw new EvergreenError("EG400", `${plain(file)} ${reason}.`, { cause });
      });
      return {
        json: { id, file, extends: from ?? null },
        text: `Wrote ${plain(file)}; \`scenarios check\` checks it.`,
      };
    },
  },
];

/** A test in words: "rcr ≥ 1 (30d, 90d)". */
function wordsOf({ test, ...terms }: ResolvedScenario["tests"][number]): string {
  const words = Object.entries(terms).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : value}`,
  );
  return [test, ...words].join(" ");
}
