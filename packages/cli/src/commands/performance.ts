// `performance`: internal rate, time-weighted return, modified Dietz, multiples and market equivalents of a fund, a class or a holding, each labelled.
import { basename } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Command, FUND, text } from "../command.ts";
import { dayOption, knownOnOption } from "../day-options.ts";
import { indexLevels } from "../index-file.ts";
import { performanceText } from "../performance-text.ts";
import { findInvestor, type PerformanceBooks, readPerformanceBooks } from "../reads/statements.ts";
import { KNOWN_ON } from "./statement.ts";

export const performanceCommands: readonly Command[] = [
  {
    path: "performance",
    summary:
      "XIRR, TWR, modified Dietz, multiples and, with an index, KS-PME, PME+ and Direct Alpha, after fees and, where every strike says what it charged, before them; each with method and window",
    options: [
      FUND,
      { flags: "--investor <code>", about: "only the holding of this investor; an LP sees the own ones anyway" },
      { flags: "--class <code>", about: "only this class" },
      { flags: "--from <day>", about: "day of the opening value; the first flow when left out" },
      { flags: "--to <day>", about: "last day; the newest price when left out" },
      { flags: "--index <file>", about: "levels of an index to compare with: CSV (date, level) or JSON" },
      { flags: "--index-name <name>", about: "name of the index in the labels; the file's when left out" },
      { flags: "--index-age <days>", about: "oldest level a day may take", default: "7" },
      {
        flags: "--subscription-line <line>",
        about: "whether the figures are with the effect of a subscription line, without it, or the fund has none",
        choices: ["with", "without", "none"],
        default: "none",
      },
      KNOWN_ON,
    ],
    examples: [
      "performance --fund KY1",
      "performance --fund KY1 --class A --from 2025-12-31 --to 2026-12-31",
      "performance --fund KY1 --investor INV-0001 --index index.csv --index-name 'World, net total return'",
      "performance --fund KY1 --output-format json --as lp1@demo.evergreen.example",
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const from = dayOption("--from", text(options, "from"));
      const to = dayOption("--to", text(options, "to")) ?? "9999-12-31";
      const knownOn = knownOnOption(text(options, "knownOn"));
      const age = Number(text(options, "indexAge"));
      if (!Number.isInteger(age) || age < 0 || age > 366)
        throw new EvergreenError("EG400", "--index-age is a number of days from 0 to 366.");
      const file = text(options, "index");
      const index =
        file === undefined
          ? undefined
          : {
              index: indexLevels(await context.file(file), file),
              indexName: text(options, "indexName") ?? basename(file).replace(/\.[^.]*$/, ""),
              maxIndexAgeDays: age,
            };
      const { unitPerformance } = await import("@evergreen-fund/finance/returns/unit-performance.ts");
      const session = await context.session("pm_role");
      const named = text(options, "investor");
      const investor = named === undefined ? undefined : await findInvestor(session, named);
      const books = await readPerformanceBooks(session, {
        fund: text(options, "fund") ?? "",
        investorIds: investor && [investor.investor_id],
        shareClass: text(options, "class"),
        knownOn,
      });
      const line = text(options, "subscriptionLine") as "with" | "without" | "none";
      const day = valuedOn(books, to);
      const report = unitPerformance({
        currency: books.currency,
        ...(from === undefined ? {} : { from }),
        to,
        classes: books.classes
          .filter(({ flows }) => flows.length > 0)
          .map(({ id, prices, flows }) => ({ id, prices, flows })),
        basis: { fees: "net", subscriptionLine: line, staleShare: day?.staleShare ?? null },
        ...(index === undefined ? {} : { index }),
      });
      const codes = new Map(books.classes.map(({ id, code }) => [id, code]));
      const answer = {
        fund: books.fund,
        investor: investor ? { id: investor.investor_id, code: investor.code } : null,
        holders: books.holders,
        currency: books.currency,
        knownOn: books.knownOn,
        ...report,
        classes: report.classes.map(({ id, twr }) => ({ id, code: codes.get(id) ?? id, twr })),
        gross: report.gross && {
          ...report.gross,
          classes: report.gross.classes.map(({ id, twr }) => ({ id, code: codes.get(id) ?? id, twr })),
        },
        remarks: [
          ...report.remarks,
          ...(day?.borrows && line === "none"
            ? ["The fund borrows: if that is a subscription line, say so with --subscription-line."]
            : []),
        ],
      };
      return { json: answer, text: performanceText(answer) };
    },
  },
];

/** What is known of the strike the window ends with. Errors: EG404 when nothing was held. */
function valuedOn({ classes, dates }: PerformanceBooks, to: string): PerformanceBooks["dates"][number] | undefined {
  if (classes.every(({ flows }) => flows.length === 0))
    throw new EvergreenError("EG404", "Nothing was held in that fund by then, as known on that time.");
  return dates.filter(({ date }) => date <= to).at(-1);
}
