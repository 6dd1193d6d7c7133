// A performance report for a person: one row per measure with its figure, its method and its window; what is ambiguous or missing says so. Pure.
import type { UnitPerformanceOutput } from "@evergreen-fund/finance/returns/unit-performance.ts";
import type { z } from "zod";
import { facts, money, multiple, percent, plain, table, when } from "./output.ts";

type Report = z.infer<typeof UnitPerformanceOutput>;
type Rate = Report["measures"]["rows"][number]["xirr"];
type Classes = readonly { code: string; twr: Report["classes"][number]["twr"] }[];
type Returns = Pick<Report, "twr" | "modifiedDietz"> & { classes: Classes };
interface Shown extends Omit<Report, "classes" | "gross"> {
  fund: { code: string; name: string; synthetic: boolean };
  investor: { code: string } | null;
  holders: number;
  currency: string;
  knownOn: string;
  classes: Classes;
  gross: Returns | null;
}

const WHY: Readonly<Record<NonNullable<Rate["reason"]>, string>> = {
  nothing_flows: "nothing flowed",
  one_day: "all flows on one day",
  one_sign: "all flows of one sign",
  no_root_in_range: "no rate solves the flows",
  not_representable: "too large or too small to say",
  too_many_flows: "not decided",
};

/** A rate, and in words what makes it doubtful: several rates solve the flows, none does, or the one that does is outside the usual range. */
export function rateText(rate: Rate): string {
  if (rate.rate === null) return `none: ${rate.reason === null ? "not known" : WHY[rate.reason]}`;
  if (rate.ambiguous)
    return `${percent(rate.rate)} AMBIGUOUS: ${rate.roots.map((root) => percent(root.rate)).join(" and ")} solve the flows too; the one nearest 10 % a year is shown`;
  if (rate.verdict === "outside_range") return `${percent(rate.rate)} (outside −99 % to 1,000 %)`;
  return percent(rate.rate);
}

interface Row {
  what: string;
  figure: string;
  label: string;
}

function returnRows({ twr, modifiedDietz, classes }: Returns): Row[] {
  const rows: Row[] = [];
  if (twr) {
    rows.push({ what: "TWR", figure: percent(twr.cumulative), label: twr.label.text });
    if (twr.yearly !== null) rows.push({ what: "TWR a year", figure: percent(twr.yearly), label: twr.label.text });
  }
  if (modifiedDietz)
    rows.push({
      what: "Modified Dietz",
      figure: modifiedDietz.return === null ? "none: no capital on average" : percent(modifiedDietz.return),
      label: modifiedDietz.label.text,
    });
  for (const { code, twr: price } of classes)
    if (price) rows.push({ what: `TWR class ${code}`, figure: percent(price.cumulative), label: price.label.text });
  return rows;
}

export function performanceText(report: Shown): string {
  const { fund, currency, window, measures } = report;
  const synthetic = fund.synthetic && !/synthetic/i.test(fund.name) ? " (synthetic)" : "";
  const rows: Row[] = measures.rows.flatMap((row) => [
    { what: "XIRR", figure: rateText(row.xirr), label: row.xirr.label.text },
    { what: "Paid in", figure: `${money(row.multiples.paidIn)} ${currency}`, label: row.multiples.label.text },
    { what: "DPI", figure: multiple(row.multiples.dpi), label: row.multiples.label.text },
    { what: "RVPI", figure: multiple(row.multiples.rvpi), label: row.multiples.label.text },
    { what: "TVPI", figure: multiple(row.multiples.tvpi), label: row.multiples.label.text },
    ...(row.ksPme ? [{ what: "KS-PME", figure: ratio(row.ksPme.ksPme), label: row.ksPme.label.text }] : []),
    ...(row.pmePlus
      ? [
          { what: "PME+ λ", figure: ratio(row.pmePlus.lambda), label: row.pmePlus.label.text },
          {
            what: "PME+ index rate",
            figure: row.pmePlus.index
              ? rateText({ ...row.xirr, ...row.pmePlus.index })
              : "none: nothing was distributed",
            label: row.pmePlus.label.text,
          },
        ]
      : []),
    ...(row.directAlpha
      ? [{ what: "Direct Alpha", figure: rateText(row.directAlpha), label: row.directAlpha.label.text }]
      : []),
  ]);
  if (report.gross !== null) rows.push(...returnRows(report.gross));
  rows.push(...returnRows(report));
  const missing = measures.missing.map(
    ({ fees, subscriptionLine }) =>
      `Not known: ${fees} of fees${subscriptionLine === "none" ? "" : `, ${subscriptionLine} subscription line`}.`,
  );
  return [
    facts([
      ["Fund", `${fund.code} ${fund.name}${synthetic}`],
      ["Holding", report.investor ? report.investor.code : `${report.holders} holders together`],
      ["Window", `${window.from} to ${window.to}`],
      ["Value", `${money(window.opening)} at the start, ${money(window.closing)} ${currency} at the end`],
      ["As known on", when(report.knownOn)],
    ]),
    table(rows, [
      { header: "Measure", value: ({ what }) => what },
      { header: "Figure", value: ({ figure }) => figure, most: 120 },
      { header: "Method and window", value: ({ label }) => label, most: 160 },
    ]),
    [...missing, ...report.remarks].map(plain).join("\n"),
  ]
    .filter((block) => block !== "")
    .join("\n\n");
}

/** Four decimals are enough for a person; the JSON has them all. */
function ratio(text: string | null): string {
  if (text === null) return "none";
  const [whole = "0", decimals = ""] = text.split(".");
  const kept = decimals.slice(0, 4).replace(/0+$/, "");
  return kept === "" ? whole : `${whole}.${kept}`;
}
