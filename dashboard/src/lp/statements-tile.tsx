// The statements that stand, the newest first; each opens as a page that prints.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { Link } from "@tanstack/react-router";
import { DataTable } from "../ui/data-table.tsx";
import { date, number } from "../words/format.ts";

type Statement = Home["statements"][number];

export function StatementsTile({ home: { statements } }: { home: Home }) {
  const currencies = [...new Set(statements.map(({ currency }) => currency))];
  return (
    <section className="tile across" aria-labelledby="statements">
      <h2 id="statements">Statements</h2>
      <DataTable
        caption="Capital account statements"
        columns={[
          {
            header: "Dealing day",
            cell: (row) => (
              <Link to="/lp/statements/$statementId" params={{ statementId: row.statement_id }}>
                {date(row.dealing_date)}
                <span className="unseen">
                  {" "}
                  {row.investor} class {row.share_class}
                </span>
              </Link>
            ),
            value: (row) => row.dealing_date,
          },
          { header: "Held as", cell: (row) => row.investor, value: (row) => row.investor },
          { header: "Class", cell: (row) => row.share_class, value: (row) => row.share_class },
          {
            header: currencies.length === 1 ? `Closing (${currencies[0]})` : "Closing",
            figure: true,
            cell: (row) => number(row.closing, 2, 4),
            value: (row) => row.closing,
          },
          // of several currencies each row says its own
          ...(currencies.length > 1
            ? [{ header: "Currency", cell: (row: Statement) => row.currency, value: (row: Statement) => row.currency }]
            : []),
          { header: "Version", figure: true, cell: (row) => String(row.version), value: (row) => String(row.version) },
        ]}
        rows={statements}
        rowKey={(row) => row.statement_id}
        empty="There is no statement yet: the first one follows the first dealing day."
        file="statements"
      />
    </section>
  );
}
