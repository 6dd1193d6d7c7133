// Returns of the own holdings, by the formulas that the statement and the command line use, each with its method and window.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { unitPerformance } from "@evergreen-fund/finance/returns/unit-performance.ts";
import { z } from "zod";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { money, number, percent } from "../words/format.ts";

type Facts = Parameters<typeof unitPerformance>[0];

/** The books of the holdings; unitPerformance checks prices and flows. */
const Books = z.object({
  currency: z.string(),
  classes: z.array(z.object({ id: z.string(), prices: z.array(z.unknown()), flows: z.array(z.unknown()) })),
  dates: z.array(z.object({ staleShare: z.string().nullable() })),
});

interface Row {
  what: string;
  figure: string;
  exact: string;
  method: string;
}

const TO_THE_NEWEST_PRICE = "9999-12-31";

export function performanceRows(books: z.infer<typeof Books>): Row[] {
  const report = unitPerformance({
    currency: books.currency,
    to: TO_THE_NEWEST_PRICE,
    classes: books.classes.filter(({ flows }) => flows.length > 0) as Facts["classes"],
    basis: { fees: "net", subscriptionLine: "none", staleShare: books.dates.at(-1)?.staleShare ?? null },
  });
  const net = report.measures.rows.find(({ multiples }) => multiples.label.fees === "net");
  const rows: Row[] = [];
  if (report.twr) {
    const { cumulative, yearly, label } = report.twr;
    rows.push({
      what: "Return over the whole time",
      figure: percent(cumulative),
      exact: cumulative,
      method: label.text,
    });
    if (yearly !== null)
      rows.push({ what: "The same per year", figure: percent(yearly), exact: yearly, method: label.text });
  }
  if (net) {
    const { xirr, multiples } = net;
    const { paidIn, tvpi, dpi, label } = multiples;
    if (xirr.rate !== null && !xirr.ambiguous)
      rows.push({
        what: "Return on your money per year",
        figure: percent(xirr.rate),
        exact: xirr.rate,
        method: xirr.label.text,
      });
    rows.push({ what: `Paid in (${books.currency})`, figure: money(paidIn, 2), exact: paidIn, method: label.text });
    if (tvpi !== null)
      rows.push({
        what: "Worth and paid out, for each unit of money paid in",
        figure: `${number(tvpi, 2, 2)} ×`,
        exact: tvpi,
        method: label.text,
      });
    if (dpi !== null)
      rows.push({
        what: "Paid out, for each unit of money paid in",
        figure: `${number(dpi, 2, 2)} ×`,
        exact: dpi,
        method: label.text,
      });
  }
  return rows;
}

function rowsOrReason(books: z.infer<typeof Books>): { rows: Row[]; reason: string } {
  try {
    return { rows: performanceRows(books), reason: "There is no performance yet." };
  } catch (error) {
    if (error instanceof EvergreenError) return { rows: [], reason: error.message };
    throw error;
  }
}

export default function PerformanceTile({ fund }: { fund: string }) {
  const query = useRpc("fn_performance_books", { fund }, Books);
  return (
    <section className="tile" aria-labelledby={`performance-${fund}`}>
      <h2 id={`performance-${fund}`}>Performance of your units of {fund}</h2>
      <ReadState query={query}>
        {(books) => {
          const { rows, reason } = rowsOrReason(books);
          return (
            <DataTable
              caption="Measures, each with its method and window"
              columns={[
                {
                  header: "Measure",
                  cell: (row) => (
                    <>
                      {row.what} <small className="method">{row.method}</small>
                    </>
                  ),
                  value: (row) => row.what,
                },
                { header: "Figure", figure: true, cell: (row) => row.figure, value: (row) => row.exact },
                { header: "Method", value: (row) => row.method },
              ]}
              rows={rows}
              rowKey={(row) => row.what}
              empty={reason}
              file="performance"
            />
          );
        }}
      </ReadState>
    </section>
  );
}
