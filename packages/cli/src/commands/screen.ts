// `screen NAME` and `screen file F`: names against sanctions lists in files. No stack is needed and nothing is recorded.
import { writeFile } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Match, ScreenedParty, ScreeningIndex } from "@evergreen-fund/screening";
import { type Command, type Options, text } from "../command.ts";
import type { Context } from "../context.ts";
import { facts, plain, table } from "../output.ts";

const LIST = {
  flags: "--list <lists>",
  about: "list files or folders, or names such as ofac, separated by commas; else every list in the cache folder",
};
const THRESHOLD = {
  flags: "--threshold <score>",
  about: "least score of the names, 0.5 to 1 (0.7 unless said otherwise)",
};
const LIMIT = { flags: "--limit <count>", about: "most matches of one party (10 unless said otherwise)" };
const HEADER = [
  "id",
  "row",
  "name",
  "outcome",
  "score",
  "list",
  "entity_id",
  "match",
  "features",
  "missing",
  "problem",
] as const;
/** From so many parties on threads are worth their start. */
const MANY = 2_000;
const LONGEST = 256 * 1024 * 1024;

function limits(options: Options): { threshold: number; limit: number } {
  const threshold = Number(text(options, "threshold") ?? "0.7");
  if (!(threshold >= 0.5 && threshold <= 1))
    throw new EvergreenError("EG400", "The threshold is a score from 0.5 to 1.");
  const limit = Number(text(options, "limit") ?? "10");
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw new EvergreenError("EG400", "The limit is a whole number from 1 to 1000.");
  return { threshold, limit };
}

async function opened(context: Context, options: Options): Promise<ScreeningIndex> {
  const { openLists } = await import("../list-source.ts");
  const { openIndex } = await import("@evergreen-fund/screening");
  const lists = await openLists(context.environment, text(options, "list"));
  if (lists.entries.length === 0)
    throw new EvergreenError("EG400", "The list is empty: nobody is cleared on an empty list.");
  return openIndex(lists.entries, lists.versions);
}

/** What was screened against: one list's version, or of several their versions under one name. */
function versionOf({ versions }: ScreeningIndex) {
  const id = versions.map(({ list, date, sha256 }) => `${list}@${date ?? "undated"}#${sha256.slice(0, 12)}`).join("+");
  return { id, entries: versions.reduce((sum, { entries }) => sum + entries, 0), lists: versions };
}

/** The gravest of the matches; no match is clear. */
const outcomeOf = (matches: readonly Match[]): Match["outcome"] =>
  matches.some(({ outcome }) => outcome === "alert")
    ? "alert"
    : matches.some(({ outcome }) => outcome === "ask")
      ? "ask"
      : "clear";

const several = (given: string | undefined): string[] =>
  (given ?? "")
    .split(/[;,]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");

export const screenCommands: readonly Command[] = [
  {
    path: "screen",
    summary: "Screens one name against sanctions lists: who it may be, how sure, and why",
    arguments: [{ name: "<name>", about: "the name, in any script and order" }],
    options: [
      { flags: "--born <date>", about: "birth date: 1970, 1970-01 or 1970-01-31" },
      {
        flags: "--country <countries>",
        about: "countries of residence or nationality, codes or names, separated by commas",
      },
      {
        flags: "--kind <kind>",
        about: "what it is, when that is known",
        choices: ["person", "organisation", "vessel", "aircraft"],
      },
      {
        flags: "--identifier <identifier>",
        about: "kind:value or kind:value:country, for example passport:AB12345:RU",
      },
      LIST,
      THRESHOLD,
      LIMIT,
    ],
    examples: [
      'screen "Ivan Petrov" --born 1970-05-12 --country RU --list ofac',
      'screen "Nord Trading GmbH" --list sdn.csv,alt.csv,add.csv --output-format json',
    ],
    run: async (context, [name = ""], options) => {
      const { datesOf, identifier } = await import("@evergreen-fund/screening");
      const given = text(options, "born");
      const born = given === undefined ? [] : datesOf(given);
      if (given !== undefined && born.length === 0)
        throw new EvergreenError("EG400", "The birth date is a year, a month or a day such as 1970-01-31.");
      const kind = text(options, "kind") as ScreenedParty["kind"];
      const document = text(options, "identifier");
      const query: ScreenedParty = {
        names: [name],
        ...(kind === undefined ? {} : { kind }),
        ...(born.length === 0 ? {} : { born }),
        ...(text(options, "country") === undefined ? {} : { countries: several(text(options, "country")) }),
        ...(document === undefined ? {} : { identifiers: [identifier(document)] }),
      };
      const bounds = limits(options);
      const { checkedParty } = await import("@evergreen-fund/screening");
      checkedParty(query);
      const index = await opened(context, options);
      const matches = index.screen(query, bounds);
      const listVersion = versionOf(index);
      return {
        json: { query, listVersion, outcome: outcomeOf(matches), matches },
        text: matchesText(matches, listVersion),
      };
    },
  },
  {
    path: "screen file",
    summary:
      "Screens every row of a CSV file (columns name, and as known id, aliases, kind, born, countries, nationalities, identifiers)",
    arguments: [{ name: "<file>", about: "CSV with a header; several values of a cell are separated by ;" }],
    options: [
      LIST,
      THRESHOLD,
      LIMIT,
      { flags: "--out <file>", about: "writes the answer there instead of printing it" },
    ],
    examples: [
      "screen file investors.csv --list ofac --out screened.csv",
      "screen file investors.csv --list eu.xml --output-format json",
    ],
    run: async (context, [path = ""], options) => {
      const { csvLine, openScreeners, readParties } = await import("@evergreen-fund/screening");
      const bounds = limits(options);
      const rows = readParties(await context.file(path, LONGEST));
      const index = await opened(context, options);
      const listVersion = versionOf(index);
      const parties = rows.flatMap(({ party }) => (party === null ? [] : [party]));
      const found = await context.progress(
        `screen ${rows.length} ${rows.length === 1 ? "party" : "parties"}`,
        async ({ say }) => {
          const screeners = await openScreeners(index, parties.length < MANY ? 0 : undefined);
          try {
            return await screeners.screen(parties, bounds, (done) => say(`${done} of ${parties.length}`));
          } finally {
            await screeners.close();
          }
        },
      );
      let next = 0;
      const answers = rows.map((row) => {
        const matches = row.party === null ? [] : found[next++]!;
        return { ...row, matches, outcome: row.party === null ? ("refused" as const) : outcomeOf(matches) };
      });
      const counts = { alert: 0, ask: 0, clear: 0, refused: 0 };
      for (const { outcome } of answers) counts[outcome] += 1;
      const json = {
        listVersion,
        counts,
        rows: answers.map(({ id, row, outcome, matches, problem }) => ({ id, row, outcome, matches, problem })),
      };
      const lines = [csvLine(HEADER)];
      for (const { id, row, party, outcome, matches, problem } of answers) {
        const name = party?.names[0] ?? "";
        if (matches.length === 0)
          lines.push(
            csvLine([
              id,
              row,
              name,
              outcome,
              "",
              "",
              "",
              "",
              "",
              "",
              problem === null ? "" : `${problem.code} ${problem.says}`,
            ]),
          );
        for (const match of matches)
          lines.push(
            csvLine([
              id,
              row,
              name,
              match.outcome,
              match.score.toFixed(4),
              match.list,
              match.entityId,
              match.name,
              match.features.map(({ feature, score }) => `${feature} ${score.toFixed(2)}`).join(" "),
              match.missing.join(" "),
              "",
            ]),
          );
      }
      const out = text(options, "out");
      context.note(
        `${counts.alert} alert, ${counts.ask} ask, ${counts.clear} clear, ${counts.refused} refused; lists ${listVersion.id}`,
      );
      if (out === undefined) return { json, text: lines.map(plain).join("\n") };
      await writeFile(
        out,
        context.format === "json" ? `${JSON.stringify(json)}\n` : `${lines.map(plain).join("\n")}\n`,
      );
      return {
        json: { listVersion, counts, out },
        text: facts([
          ["Written to", out],
          ["Lists", listVersion.id],
        ]),
      };
    },
  },
];

function matchesText(matches: readonly Match[], version: ReturnType<typeof versionOf>): string {
  const head = facts([
    ["Outcome", outcomeOf(matches)],
    ["Lists", version.id],
    ["Entries", String(version.entries)],
    ...(matches.some(({ missing }) => missing.length > 0)
      ? [
          [
            "Ask for",
            [...new Set(matches.flatMap(({ missing }) => missing))]
              .map((one) => (one === "born" ? "date of birth" : one))
              .join(", "),
          ] as const,
        ]
      : []),
  ]);
  const list = table(
    matches,
    [
      { header: "Outcome", value: ({ outcome }) => outcome },
      { header: "Score", value: ({ score }) => score.toFixed(4), figure: true },
      { header: "List", value: (match) => match.list, most: 24 },
      { header: "Entry", value: ({ entityId }) => entityId, most: 24 },
      { header: "Name", value: ({ name }) => name },
      { header: "Why", value: ({ features }) => features.map(({ says }) => says).join(" "), most: 160 },
    ],
    "Nobody on the lists has a name like it.",
  );
  return `${head}\n\n${list}`;
}
