// NAV, its change since the strike before, and what moved it; the sum of the reasons is the change, made by the database.
import type { Morning } from "@evergreen-fund/domain/pages.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { date, direction, money, percent, signed, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { navSteps, within } from "./nav-steps.ts";
import { RANGES, type Range } from "./ranges.ts";
import "./cockpit.css";

const WaterfallChart = lazy(() => import("../ui/waterfall-chart.tsx"));
const LineChart = lazy(() => import("../ui/line-chart.tsx"));

const WORDS = { up: "up", down: "down", level: "unchanged" } as const;

export function NavTile({ morning }: { morning: Morning }) {
  const { nav, change, fund } = morning;
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
        <Figure figure="nav" id={nav.strike_id}>
          {money(nav.nav, decimals)}
        </Figure>{" "}
        <small>{currency}</small>
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
            <Figure figure="nav_change" id={fund.fund_id}>
              {signed(change.amount, decimals)}
            </Figure>{" "}
            {currency}
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
          <Suspense fallback={<p className="faint">Drawing …</p>}>
            <WaterfallChart
              title={`From one NAV to the next (${currency}); the axis does not begin at zero`}
              steps={navSteps(change).map((step) => ({
                label: STEPS[step.reason] ?? nameOf(step.reason),
                from: step.from,
                to: step.to,
                shown: step.from === null ? money(step.amount, 0) : signed(step.amount, 0),
              }))}
            />
          </Suspense>
        </>
      )}
      <History morning={morning} />
    </section>
  );
}

/** Under a bar there is room for a word. */
const STEPS: Readonly<Record<string, string>> = {
  opening: "Before",
  subscriptions: "Subscribed",
  redemptions: "Redeemed",
  distributions: "Distributed",
  management_fees: "Fee",
  result: "Result",
  closing: "Now",
};
const RANGE_NAMES: Readonly<Record<Range, string>> = {
  "1m": "1 month",
  "3m": "3 months",
  "1y": "1 year",
  all: "All",
};

function History({ morning: { history, fund } }: { morning: Morning }) {
  const { range = "all", fund: named } = useSearch({ from: "/pm" });
  const navigate = useNavigate();
  const { currency, decimals } = fund;
  const shown = within(history, range);
  return (
    <>
      <fieldset className="ranges">
        <legend>NAV over</legend>
        {(Object.keys(RANGES) as Range[]).map((one) => (
          <label key={one} className="choice">
            <input
              type="radio"
              name="range"
              checked={one === range}
              onChange={() =>
                void navigate({
                  to: "/pm",
                  search: { ...(named === undefined ? {} : { fund: named }), range: one },
                  replace: true,
                  resetScroll: false,
                })
              }
            />
            {RANGE_NAMES[one]}
          </label>
        ))}
      </fieldset>
      {shown.length < 2 && <p className="empty">One strike lies in this range: there is no line to draw.</p>}
      <Suspense fallback={<p className="faint">Drawing …</p>}>
        <LineChart
          title={`NAV at each strike (${currency})`}
          points={shown.map((row) => ({ label: date(row.date), value: row.nav, shown: money(row.nav, decimals) }))}
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
          rows={[...shown].reverse()}
          rowKey={(row) => row.date}
          empty="No NAV has been struck yet."
          file="nav"
        />
      </details>
    </>
  );
}
