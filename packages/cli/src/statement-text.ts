// A capital account statement for a person: the lines with their words, the sum, and what a reader must know. Pure.
import type { Statement } from "@evergreen-fund/finance/statement/capital-account.ts";
import { facts, money, plain, table, when } from "./output.ts";
import type { StatementBooks } from "./reads/statements.ts";

/** What each line is called in a statement; the order is that of the addition. */
export const LINE_WORDS: Readonly<Record<Statement["lines"][number]["line"], string>> = {
  opening: "Opening value",
  contributions: "Subscriptions and calls",
  redemptions: "Redemptions",
  distributions: "Distributions",
  transfers: "Units transferred or taken over",
  result: "Result before fees",
  management_fees: "Management fees",
  performance_fees: "Performance fees",
  equalisation: "Equalisation",
  dealing_difference: "Dealing difference (swing, levies, charges, rounding of units)",
  rounding: "Rounding",
  closing: "Closing value",
};
/** Lines that are shown even when nothing stands on them. */
const ALWAYS = new Set(["opening", "contributions", "redemptions", "result", "closing"]);
const NOTHING = /^-?0(\.0*)?$/;

export function remarksOf({ feesStated, takenOver }: { feesStated: boolean; takenOver: boolean }): string[] {
  return [
    ...(takenOver ? ["Units taken over with the register come in at the value they were taken over at."] : []),
    ...(feesStated
      ? []
      : ["Not every strike of the window says what it charged: where it does not, the result is after fees."]),
  ];
}

export function accountText(
  books: StatementBooks,
  code: string,
  statement: Statement,
  remarks: readonly string[],
): string {
  const { fund, shareClass } = books;
  const synthetic = fund.synthetic && !/synthetic/i.test(fund.name) ? " (synthetic)" : "";
  const shown = statement.lines.filter(({ line, amount }) => ALWAYS.has(line) || !NOTHING.test(amount));
  return [
    facts([
      ["Investor", code],
      ["Fund", `${fund.code} ${fund.name}${synthetic}, class ${shareClass.code}`],
      ["Period", `${statement.from} to ${statement.to}`],
      ["As known on", when(statement.knownOn)],
      ["Units", `${statement.units.opening} at the start, ${statement.units.closing} at the end`],
    ]),
    table(shown, [
      { header: "Line", value: ({ line }) => LINE_WORDS[line], most: 70 },
      {
        header: `Amount (${statement.currency})`,
        value: ({ amount }) => (amount.includes(".") ? money(amount) : amount),
        figure: true,
      },
    ]),
    `The lines add up to ${money(statement.foot.sum)} ${statement.currency}: the closing value, to the minor unit.`,
    ...remarks.map(plain),
  ].join("\n\n");
}
