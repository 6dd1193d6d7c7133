// NAV, its change since the strike before, and what moved it; the sum of the reasons is the change, made by the database.
import type { Morning } from "@evergreen-fund/domain/pages.ts";
import { lazy, Suspense } from "react";
import { DataTable } from "../ui/data-table.tsx";
import { date, direction, money, percent, signed, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

const LineChart = lazy(() => import("../ui/line-chart.tsx"));

const WORDS = { up: "up", down: "down", level: "unchanged" } as const;

export function NavTile({ morning: { nav, change, history, fund } }: { morning: Morning }) {
  if (nav === null)
    return (
      <section className="tile" aria-labelledby="nav">
        <h2 id="nav">Net asset value</h2>
        <p className="empty">No NAV has been struck yet.</p>
      </section>
    );
  const { currency, decimals } = fund;
  return (
    <section className="tile tall" aria-labelledby="nav">
      <h2 id="nav">Net asset value</h2>
      <p className="figure-large" data-figure="nav">
        {money(nav.nav, decimals)} <small>{currency}</small>
      </p>
      <p>
        {date(nav.date)}, {nav.state} version {nav.version}
        <span className="faint"> · recorded {time(nav.recorded_at)}</span>
      </p>
      {change === null ? (
        <p className="empty">It is the first NAV: there is nothing to compare it with.</p>
      ) : (
        <>
          <p className={direction(change.amount)} data-figure="change">
            {signed(change.amount, decimals)} {currency}
            {change.ratio !== null && ` (${percent(change.ratio)})`}, {WORDS[direction(change.amount)]} since{" "}
            {date(change.since)}
          </p>
          <DataTable
            caption={`What moved the NAV from ${date(change.since)} to ${date(nav.date)}`}
            columns={[
              { header: "Reason", cell: (row) => nameOf(row.reason), value: (row) => row.reason },
              {
                header: `Amount (${currency})`,
                figure: true,
                cell: (row) => signed(row.amount, decimals),
                value: (row) => row.amount,
              },
            ]}
            rows={[...change.reasons, { reason: "together", amount: change.amount }]}
            rowKey={(row) => row.reason}
            empty=""
            file="nav-change"
          />
        </>
      )}
      <Suspense fallback={<p className="faint">Drawing …</p>}>
        <LineChart
          title={`NAV at each strike (${currency})`}
          points={history.map((row) => ({ label: date(row.date), value: row.nav, shown: money(row.nav, decimals) }))}
        />
      </Suspense>
      <details>
        <summary>The same as a table</summary>
        <DataTable
          caption="NAV at each strike"
          columns={[
            { header: "Date", cell: (row) => date(row.date), value: (row) => row.date },
            { header: "State", cell: (row) => row.state, value: (row) => row.state },
            {
              header: `NAV (${currency})`,
              figure: true,
              cell: (row) => money(row.nav, decimals),
              value: (row) => row.nav,
            },
          ]}
          rows={[...history].reverse()}
          rowKey={(row) => row.date}
          empty="No NAV has been struck yet."
          file="nav"
        />
      </details>
    </section>
  );
}
