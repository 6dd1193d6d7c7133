// Returns of the own holdings, by the formulas that the statement and the command line use, each with its method and window.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Measure, netPerformance, PerformanceBooks } from "@evergreen-fund/finance/returns/net-performance.ts";
import { useRpc } from "../api/read.ts";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { money, percent, plainNumber } from "../words/format.ts";

interface Row {
  measure: Measure;
  what: string;
  figure: string;
  unit: string;
  exact: string;
  method: string;
}

const WORDS: Readonly<Record<Measure, string>> = {
  twr: "Return over the whole time",
  twr_yearly: "The same per year",
  xirr: "Return on your money per year",
  paid_in: "Paid in",
  tvpi: "Worth and paid out, for each unit of money paid in",
  dpi: "Paid out, for each unit of money paid in",
};

export const performanceRows = (books: PerformanceBooks): Row[] =>
  netPerformance(books).map(({ measure, value, label }) => {
    const isRate = measure === "twr" || measure === "twr_yearly" || measure === "xirr";
    const figure = isRate ? percent(value).replace(" %", "") : plainNumber(value, 2, 2);
    return {
      measure,
      what: WORDS[measure],
      figure: measure === "paid_in" ? money(value, 2) : figure,
      unit: measure === "paid_in" ? books.currency : isRate ? "%" : "times",
      exact: value,
      method: label,
    };
  });

function rowsOrReason(books: PerformanceBooks): { rows: Row[]; reason: string } {
  try {
    return { rows: performanceRows(books), reason: "There is no performance yet." };
  } catch (error) {
    if (error instanceof EvergreenError) return { rows: [], reason: error.message };
    throw error;
  }
}

export default function PerformanceTile({ fund }: { fund: string }) {
  const query = useRpc("fn_performance_books", { fund }, PerformanceBooks);
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
                {
                  header: "Figure",
                  figure: true,
                  cell: (row) => (
                    <Figure figure="performance" id={fund} part={row.measure} exact={row.exact}>
                      {row.figure}
                    </Figure>
                  ),
                  value: (row) => row.exact,
                },
                // the file holds a rate as the ratio that it is
                { header: "Unit", cell: (row) => row.unit, value: (row) => (row.unit === "%" ? "ratio" : row.unit) },
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
