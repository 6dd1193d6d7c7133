// `import register-movements`: whether a published statement of changes in units foots, and what it implies. Nothing is written anywhere.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { Exact, fixed, groupedText } from "@evergreen-fund/finance/money.ts";
import type { RegisterMovementsOutput } from "@evergreen-fund/finance/statement/register-movements.ts";
import type { z } from "zod";
import { type Command, text } from "../command.ts";
import { facts, plain, table } from "../output.ts";
import { bandRows, registerRows } from "../register-file.ts";

type Report = z.infer<typeof RegisterMovementsOutput>;
type Finding = Report["findings"][number];

/** What a finding means. */
const WORDS: Readonly<Record<Finding["what"], string>> = {
  does_not_foot: "is not the sum of the movements",
  no_opening: "has no opening row",
  no_closing: "has no closing row",
  repeated_row: "stands twice",
  wrong_sign: "has the wrong sign",
  price_outside_band: "implies a price outside the period's NAV band",
  price_unknown: "has an amount without units",
  no_band: "has no NAV band to hold its price against",
  transfers_do_not_cancel: "do not cancel over the fund",
};

export const registerCommands: readonly Command[] = [
  {
    path: "import register-movements",
    summary:
      "Checks a statement of changes in units: totals foot by class, every implied price lies in the period's NAV band",
    arguments: [
      { name: "<file>", about: "CSV with the columns class, movement, units, amount; lines with # are remarks" },
    ],
    options: [
      { flags: "--bands <file>", about: "CSV with class, low, high: lowest and highest NAV per unit of the period" },
      { flags: "--currency <code>", about: "of the amounts", default: "USD" },
      { flags: "--amounts-in <unit>", about: "1000 for a table in thousands", default: "1" },
      { flags: "--units-rounded-to <unit>", about: "what the units are rounded to, such as 0.001", default: "1" },
      {
        flags: "--sales-load <share>",
        about: "most a subscription may be above the band, such as 0.035",
        default: "0",
      },
      { flags: "--repurchase-fee <share>", about: "most a repurchase may be below the band", default: "0" },
    ],
    examples: [
      "import register-movements movements.csv --bands nav.csv",
      "import register-movements movements.csv --amounts-in 1000 --output-format json",
    ],
    run: async (context, args, options) => {
      const unit = text(options, "amountsIn") ?? "1";
      if (!/^(1|1000|1000000)$/.test(unit)) throw new EvergreenError("EG400", "--amounts-in is 1, 1000 or 1000000.");
      const path = args[0] ?? "";
      const { rows, skipped } = registerRows(await context.file(path), path, unit);
      const bandFile = text(options, "bands");
      const { registerMovements } = await import("@evergreen-fund/finance/statement/register-movements.ts");
      const report = registerMovements({
        currency: text(options, "currency") ?? "USD",
        rows,
        bands: bandFile === undefined ? [] : bandRows(await context.file(bandFile), bandFile),
        unitsRoundedTo: text(options, "unitsRoundedTo") ?? "1",
        ...(unit === "1" ? {} : { amountsRoundedTo: unit }),
        salesLoad: text(options, "salesLoad") ?? "0",
        repurchaseFee: text(options, "repurchaseFee") ?? "0",
      });
      return {
        json: { file: path, rows: rows.length, skipped, ...report },
        text: reportText(report),
        ...(report.foots ? {} : { exit: EXIT.failed }),
      };
    },
  },
];

function reportText(report: Report): string {
  const prices = report.classes.flatMap((of) => of.prices.map((price) => ({ of, ...price })));
  return [
    table(report.classes, [
      { header: "Class", value: (of) => of.class },
      { header: "Opening", value: (of) => groupedText(of.opening), figure: true },
      { header: "Issued", value: (of) => groupedText(of.issued), figure: true },
      { header: "Reinvested", value: (of) => groupedText(of.reinvested), figure: true },
      { header: "Transferred", value: (of) => groupedText(of.transferred), figure: true },
      { header: "Repurchased", value: (of) => groupedText(of.repurchased), figure: true },
      { header: "Closing", value: (of) => groupedText(of.closing), figure: true },
      { header: "Money", value: (of) => groupedText(of.amount), figure: true },
    ]),
    table(
      prices,
      [
        { header: "Class", value: ({ of }) => of.class },
        { header: "Movement", value: ({ movement }) => movement },
        { header: "Implied price", value: ({ price }) => fourDecimals(price), figure: true },
        {
          header: "Band",
          value: ({ of }) => (of.band ? `${fourDecimals(of.band.low)} to ${fourDecimals(of.band.high)}` : "–"),
        },
        { header: "", value: ({ insideBand }) => (insideBand === null ? "?" : insideBand ? "✓" : "✗") },
      ],
      "No movement has an amount: no price is implied.",
    ),
    facts([
      ["Units at the start", groupedText(report.totals.opening)],
      ["Movements", groupedText(report.totals.movements)],
      ["Units at the end", groupedText(report.totals.closing)],
    ]),
    report.foots
      ? "Everything foots."
      : ["What does not foot:", ...report.findings.map((finding) => `  ${sentence(finding)}`)].join("\n"),
  ].join("\n\n");
}

function sentence({ class: name, movement, what, expected, found }: Finding): string {
  const who = name === null ? "transfers" : `class ${plain(name)}: ${movement}`;
  const seen = what === "no_band" ? fourDecimals(found) : found;
  const figures = seen === "" ? "" : expected === "" ? ` (${seen})` : ` (${seen}, expected ${expected})`;
  return `${who} ${WORDS[what]}${figures}`;
}

/** For reading only: the JSON has every digit. */
const fourDecimals = (text: string): string => fixed(new Exact(text), 4);
