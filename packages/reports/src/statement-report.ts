// The statement of one investor of one dealing day, and the letters about its fills, as documents. The page shows the same words. Pure.
import { currencyExponent, decimal, fixed, groupedText } from "@evergreen-fund/finance/money.ts";
import { fillLetters } from "@evergreen-fund/finance/statement/fill-letter.ts";
import type { StatementBody } from "@evergreen-fund/finance/statement/statement-body.ts";
import { type Block, factsBlock, heading, paragraph, type ReportDocument, tableBlock } from "./document.ts";
import { barPlot } from "./plot.ts";

/** A row of `statements`; `createdAt` as ISO 8601. */
export interface ReportedStatement {
  statementId: string;
  version: number;
  hash: string;
  createdAt: string;
  body: StatementBody;
}

type Line = StatementBody["account"]["lines"][number]["line"];
const LINES: Readonly<Record<Line, string>> = {
  opening: "Opening",
  contributions: "Paid in",
  redemptions: "Redeemed",
  distributions: "Distributed",
  transfers: "Transferred",
  result: "Result of the fund",
  management_fees: "Management fee",
  performance_fees: "Performance fee",
  equalisation: "Equalisation",
  dealing_difference: "Dealing between strike and price",
  rounding: "Rounding",
  closing: "Closing",
};
const STANDS: readonly Line[] = ["opening", "closing"];

const minus = (text: string): string => text.replace("-", "−");
/** In the minor units of the currency; a movement with its sign. */
function amountShown(body: StatementBody, amount: string, movement: boolean): string {
  const value = decimal(amount);
  const sign = movement && value.gt(0) ? "+" : "";
  return `${sign}${minus(groupedText(fixed(value, currencyExponent(body.currency))))}`;
}
const unitsShown = (body: StatementBody, units: string): string =>
  groupedText(fixed(decimal(units), body.shareClass.unitsDp));
const priceShown = (body: StatementBody, price: string): string =>
  `${groupedText(fixed(decimal(price), body.shareClass.priceDp))} ${body.currency}`;

export interface AccountRow {
  line: Line;
  label: string;
  /** As it is written; `exact` as it is kept. */
  shown: string;
  exact: string;
}

/** The lines of the account in their order, in the currency of the class. */
export const accountRows = (body: StatementBody): AccountRow[] =>
  body.account.lines.map(({ line, amount }) => ({
    line,
    label: LINES[line],
    shown: amountShown(body, amount, !STANDS.includes(line)),
    exact: amount,
  }));

/** What stands above and below the lines: label and value. */
export function statementFacts({ body, version, hash }: Pick<ReportedStatement, "body" | "version" | "hash">) {
  const { account, opening, strike, gate, orderRoot } = body;
  return [
    ["Dealing day", body.dealingDate],
    ["From", opening === null ? "the first price of the class" : opening.date],
    ["Units before", unitsShown(body, account.units.opening)],
    ["Units after", unitsShown(body, account.units.closing)],
    ["Price per unit", priceShown(body, strike.navPerUnit)],
    [
      "Gate",
      gate.active
        ? `in use: ${gate.fraction === null ? "a part" : gate.fraction} of what was asked was paid`
        : "not in use",
    ],
    ["Version", String(version)],
    ["SHA-256 of the data", hash],
    ["Order book", orderRoot ?? "none was committed"],
  ] as const;
}

export const statementTitle = ({ fund, shareClass, dealingDate }: StatementBody): string =>
  `${fund.name}, class ${shareClass.code}, ${dealingDate}${fund.synthetic && !/synthetic/i.test(fund.name) ? " (synthetic data)" : ""}`;

/** "It foots: …", or that it does not. */
export const footShown = (body: StatementBody): string =>
  `${body.account.foot.ok ? "It foots" : "It does not foot"}: opening and movements add up to ${amountShown(body, body.account.foot.sum, false)} ${body.currency}.`;

/** Sizes of the lines that are not zero; their signs stand in the labels. */
const linePlot = (body: StatementBody): Block[] => {
  const bars = accountRows(body).filter(({ exact }) => !decimal(exact).isZero());
  if (bars.length === 0) return [];
  return [
    {
      kind: "plot",
      plot: barPlot(
        "account",
        `Size of each line (${body.currency})`,
        bars.map(({ label, shown, exact }) => ({ name: label, value: decimal(exact).abs().toNumber(), label: shown })),
      ),
    },
  ];
};

/** The letters of the fills, one block group per order. */
function letterBlocks(body: StatementBody, only?: string): Block[] {
  const fills = only === undefined ? body.fills : body.fills.filter(({ orderId }) => orderId === only);
  return fillLetters({ ...body, fills }).letters.flatMap(({ subject, orderId, facts, text }) => {
    const why = text.split("\n").find((line) => /^(Why: |Everything was dealt)/.test(line));
    return [
      heading(2, subject),
      factsBlock([["Order", orderId], ...facts.map(({ label, value }) => [label, value] as const)]),
      ...(why === undefined ? [] : [paragraph(why)]),
      ...(body.orderRoot === null
        ? []
        : [
            paragraph(
              `The order book was committed at the cut-off under ${body.orderRoot}; the proof that the order is in it is yours to ask for.`,
            ),
          ]),
    ];
  });
}

/** The whole statement: account, plot, letters. */
export function statementDocument(statement: ReportedStatement): ReportDocument {
  const { body } = statement;
  return {
    title: `Statement: ${statementTitle(body)}`,
    at: statement.createdAt,
    name: "statement",
    blocks: [
      heading(1, "Statement"),
      paragraph(statementTitle(body)),
      factsBlock(statementFacts(statement)),
      tableBlock(accountRows(body), {
        "Capital account": (row) => row.label,
        [`>Amount (${body.currency})`]: (row) => row.shown,
      }),
      paragraph(footShown(body)),
      ...(body.account.feesStated
        ? []
        : [paragraph("The result is after fees: the price of that day does not state them apart.")]),
      ...linePlot(body),
      ...letterBlocks(body),
    ],
  };
}

/** The letter about one fill; undefined when the day has none of that order. */
export function letterDocument(statement: ReportedStatement, orderId: string): ReportDocument | undefined {
  const blocks = letterBlocks(statement.body, orderId);
  if (blocks.length === 0) return undefined;
  return {
    title: `Letter: ${statementTitle(statement.body)}`,
    at: statement.createdAt,
    name: `letter-${orderId}`,
    blocks: [
      heading(1, "About your order"),
      ...blocks,
      paragraph(`From statement version ${statement.version}, SHA-256 ${statement.hash}.`),
    ],
  };
}
