// What is held, its price with the day it was published, what it is worth, what was paid in and out.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { money, time, units } from "../words/format.ts";

type Holding = Home["holdings"][number];

const explained = (row: Holding, figure: "worth" | "units" | "paid_in" | "paid_out", text: string) => (
  <Figure figure={figure} id={row.investor_id} part={row.share_class_id}>
    {text}
  </Figure>
);

export function HoldingsTile({ home: { holdings, totals } }: { home: Home }) {
  const currencies = [...new Set(holdings.map(({ currency }) => currency))];
  // of several currencies each row says its own
  const unitOf = currencies.length === 1 ? ` (${currencies[0]})` : "";
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
            header: `Worth${unitOf}`,
            figure: true,
            cell: (row) =>
              row.worth === null ? "no price yet" : explained(row, "worth", money(row.worth, row.decimals)),
            value: (row) => row.worth ?? "",
          },
          {
            header: "Held (units)",
            figure: true,
            cell: (row) => explained(row, "units", units(row.units, row.units_dp)),
            value: (row) => row.units,
          },
          {
            header: `Price per unit${unitOf}`,
            figure: true,
            cell: (row) => (row.price === null ? "–" : units(row.price, row.price_dp)),
            value: (row) => row.price ?? "",
          },
          ...(currencies.length > 1
            ? [{ header: "Currency", cell: (row: Holding) => row.currency, value: (row: Holding) => row.currency }]
            : []),
          {
            header: "Price published",
            cell: (row) => (row.published_at === null ? "–" : time(row.published_at)),
            value: (row) => row.published_at ?? "",
          },
          {
            header: `Paid in${unitOf}`,
            figure: true,
            cell: (row) => explained(row, "paid_in", money(row.paid_in, row.decimals)),
            value: (row) => row.paid_in,
          },
          {
            header: `Paid out${unitOf}`,
            figure: true,
            cell: (row) => explained(row, "paid_out", money(row.paid_out, row.decimals)),
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
