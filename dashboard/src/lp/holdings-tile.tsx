// What is held, its price with the day it was published, what it is worth, what was paid in and out.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { DataTable } from "../ui/data-table.tsx";
import { money, time, units } from "../words/format.ts";

export function HoldingsTile({ home: { holdings, totals } }: { home: Home }) {
  const synthetic = holdings.some((row) => row.synthetic);
  return (
    <section className="tile across" aria-labelledby="worth">
      <h2 id="worth">What it is worth{synthetic && <span className="tag">synthetic data</span>}</h2>
      {totals.map((total) => (
        <p key={total.currency} className="figure-large" data-figure="worth">
          {money(total.worth, total.decimals)} <small>{total.currency}</small>
        </p>
      ))}
      <DataTable
        caption="Holdings"
        columns={[
          {
            header: "Class",
            cell: (row) => `${row.fund} ${row.share_class}`,
            value: (row) => `${row.fund} ${row.share_class}`,
          },
          { header: "Held as", cell: (row) => row.investor, value: (row) => row.investor },
          {
            header: "Worth",
            figure: true,
            cell: (row) => (row.worth === null ? "no price yet" : `${money(row.worth, row.decimals)} ${row.currency}`),
            value: (row) => row.worth ?? "",
          },
          { header: "Units", figure: true, cell: (row) => units(row.units, row.units_dp), value: (row) => row.units },
          {
            header: "Price per unit",
            figure: true,
            cell: (row) => (row.price === null ? "–" : `${units(row.price, row.price_dp)} ${row.currency}`),
            value: (row) => row.price ?? "",
          },
          {
            header: "Price published",
            cell: (row) => (row.published_at === null ? "–" : time(row.published_at)),
            value: (row) => row.published_at ?? "",
          },
          {
            header: "Paid in",
            figure: true,
            cell: (row) => `${money(row.paid_in, row.decimals)} ${row.currency}`,
            value: (row) => row.paid_in,
          },
          {
            header: "Paid out",
            figure: true,
            cell: (row) => `${money(row.paid_out, row.decimals)} ${row.currency}`,
            value: (row) => row.paid_out,
          },
        ]}
        rows={holdings}
        rowKey={(row) => `${row.investor_id}/${row.share_class_id}`}
        empty="You hold no units."
        file="holdings"
      />
    </section>
  );
}
