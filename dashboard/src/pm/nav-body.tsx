// What a NAV proposes: the figures of the fund and the price of each class, from the frozen inputs that its hash covers.
import { z } from "zod";
import { DataTable } from "../ui/data-table.tsx";
import { date, number } from "../words/format.ts";

const text = z.union([z.string(), z.number()]).transform(String);
const Nav = z.looseObject({
  nav_date: z.string(),
  version: text,
  total_assets: text,
  liabilities: text,
  performance_fee: text,
  nav: text,
  classes: z.array(z.looseObject({ share_class_id: z.string(), nav: text, nav_per_unit: text })),
});

export function NavBody({ body, currency }: { body: Record<string, unknown>; currency: string }) {
  const read = Nav.safeParse(body);
  if (!read.success)
    return (
      <p className="state" role="alert">
        The proposal is of another form than this page reads: look at it with evergreen proposals show.
      </p>
    );
  const nav = read.data;
  return (
    <section className="tile" aria-labelledby="nav-body">
      <h2 id="nav-body">
        NAV of {date(nav.nav_date)}, version {nav.version}
      </h2>
      <DataTable
        caption={`Figures of the fund (${currency})`}
        columns={[
          { header: "Figure", cell: (row) => row.what, value: (row) => row.what },
          { header: "Amount", figure: true, cell: (row) => number(row.amount, 2, 4), value: (row) => row.amount },
        ]}
        rows={[
          { what: "Total assets", amount: nav.total_assets },
          { what: "Liabilities", amount: nav.liabilities },
          { what: "Performance fee", amount: nav.performance_fee },
          { what: "NAV", amount: nav.nav },
        ]}
        rowKey={(row) => row.what}
        empty=""
        file="nav-proposal"
      />
      <DataTable
        caption="Classes"
        columns={[
          {
            header: "Class",
            cell: (row) => <code className="hash">{row.share_class_id}</code>,
            value: (row) => row.share_class_id,
          },
          { header: "NAV", figure: true, cell: (row) => number(row.nav, 2, 4), value: (row) => row.nav },
          {
            header: "NAV per unit",
            figure: true,
            cell: (row) => number(row.nav_per_unit, 4, 8),
            value: (row) => row.nav_per_unit,
          },
        ]}
        rows={nav.classes}
        rowKey={(row) => row.share_class_id}
        empty="The fund has no class."
        file="nav-classes"
      />
    </section>
  );
}
