// What a redemption could come to: how much of it is paid on which of the next dates, as far as the past of the class says. It places no order.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { Home } from "@evergreen-fund/domain/pages.ts";
import { Windows } from "@evergreen-fund/domain/pages-lp.ts";
import { redemptionOutlook } from "@evergreen-fund/finance/dealing/redemption-outlook.ts";
import { decimal, fixed } from "@evergreen-fund/finance/money.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, plainNumber, time, units as unitsWords } from "../words/format.ts";
import "./lp.css";

const FanChart = lazy(() => import("./fan-chart.tsx"));
const DRAWN = { paths: 2_000, seed: 20_261_122, stretch: 3 } as const;
const UNITS = /^\d{1,15}(\.\d{1,10})?$/;

type Holding = Home["holdings"][number];
const keyOf = (holding: Holding): string => `${holding.investor}.${holding.fund}.${holding.share_class}`;

export default function RedeemPage() {
  const query = useRpc("fn_read_home", {}, Home);
  return (
    <>
      <h1 tabIndex={-1}>Redeem: when and how much</h1>
      <ReadState query={query}>
        {({ holdings }) =>
          holdings.length === 0 ? <p className="empty">You hold no units.</p> : <Chosen holdings={holdings} />
        }
      </ReadState>
    </>
  );
}

function Chosen({ holdings }: { holdings: readonly Holding[] }) {
  const search = useSearch({ from: "/lp/redeem" });
  const navigate = useNavigate({ from: "/lp/redeem" });
  const holding = holdings.find((one) => keyOf(one) === search.holding) ?? holdings[0];
  if (holding === undefined) return null;
  const units = search.units ?? fixed(decimal(holding.units), holding.units_dp);
  return (
    <>
      <section className="tile choice" aria-labelledby="choice">
        <h2 id="choice">What you would redeem</h2>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const form = new FormData(event.currentTarget);
            const given = String(form.get("units")).replaceAll(",", "").trim();
            void navigate({
              search: { holding: String(form.get("holding")), ...(UNITS.test(given) ? { units: given } : {}) },
            });
          }}
        >
          <label>
            Holding
            <select name="holding" defaultValue={keyOf(holding)}>
              {holdings.map((one) => (
                <option key={keyOf(one)} value={keyOf(one)}>
                  {one.fund} {one.share_class}, {one.investor}: {unitsWords(one.units, one.units_dp)} units
                </option>
              ))}
            </select>
          </label>
          <label>
            Units
            <input
              name="units"
              key={units}
              inputMode="decimal"
              defaultValue={units}
              pattern="\d{1,15}(\.\d{1,10})?"
              title="Units with a point, as 120.5"
              required
            />
          </label>
          <button type="submit">Show the outlook</button>
        </form>
        {decimal(units).gt(decimal(holding.units)) && (
          <p role="alert">You hold {unitsWords(holding.units, holding.units_dp)} units: more cannot be redeemed.</p>
        )}
      </section>
      <Outlook holding={holding} units={units} />
    </>
  );
}

function Outlook({ holding, units }: { holding: Holding; units: string }) {
  const query = useRpc("fn_read_windows", { share_class_id: holding.share_class_id }, Windows);
  return <ReadState query={query}>{(windows) => <Drawn holding={holding} units={units} of={windows} />}</ReadState>;
}

const percentOf = (share: number): string => `${plainNumber((100 * share).toFixed(1), 0, 1)} %`;

function Drawn({ holding, units, of }: { holding: Holding; units: string; of: Windows }) {
  if (of.windows.length === 0) return <p className="empty">The class has no dealing date ahead.</p>;
  let outlook: ReturnType<typeof redemptionOutlook>;
  try {
    outlook = redemptionOutlook({
      fractions: of.history.map(({ fraction }) => fraction).reverse(),
      windows: of.windows.length,
      mostDealings: of.carry === "lapse_resubmit" ? null : of.most_dealings,
      ...DRAWN,
    });
  } catch (error) {
    if (error instanceof EvergreenError) return <p className="empty">{error.message}</p>;
    throw error;
  }
  const gated = of.history.filter(({ gate }) => gate).length;
  const rows = of.windows.map((window, at) => ({ ...window, ...outlook.windows[at]! }));
  const paidUnits = (share: number): string =>
    unitsWords(decimal(units).times(share).toFixed(holding.units_dp, 1), holding.units_dp);
  const first = rows[0]!;
  const middle = rows.find((row) => row.middle === 1);
  return (
    <section className="tile" aria-labelledby="outlook">
      <h2 id="outlook">Outlook{holding.synthetic && <span className="tag">synthetic data</span>}</h2>
      <p className="figure-large" data-figure="first-in-full">
        {percentOf(first.paidInFull)} <small>chance that all is dealt on {date(first.date)}</small>
      </p>
      <p>
        Notice must be given by {time(first.notice_until)}. What is dealt that day is paid on {date(first.paid_on)}.{" "}
        {middle === undefined
          ? `On half of the paths something is still open after ${date(rows.at(-1)!.date)}.`
          : `On half of the paths everything is dealt by ${date(middle.date)} and paid by ${date(middle.paid_on)}.`}
      </p>
      <Suspense fallback={<p className="state">Loading …</p>}>
        <FanChart
          title={`Share of ${unitsWords(units, holding.units_dp)} units dealt by each date`}
          points={rows.map((row) => ({
            label: date(row.date),
            low: row.low,
            middle: row.middle,
            high: row.high,
            shown: [percentOf(row.low), percentOf(row.middle), percentOf(row.high)],
          }))}
        />
      </Suspense>
      <DataTable
        caption="The next dates"
        columns={[
          { header: "Dealing day", cell: (row) => date(row.date), value: (row) => row.date },
          { header: "Paid on", cell: (row) => date(row.paid_on), value: (row) => row.paid_on },
          {
            header: "All dealt by then (% of paths)",
            figure: true,
            cell: (row) => percentOf(row.paidInFull),
            value: (row) => (100 * row.paidInFull).toFixed(1),
          },
          {
            header: "Units dealt, 9 of 10 paths",
            figure: true,
            cell: (row) => paidUnits(row.low),
            value: (row) => paidUnits(row.low).replaceAll(",", ""),
          },
          {
            header: "Units dealt, half of the paths",
            figure: true,
            cell: (row) => paidUnits(row.middle),
            value: (row) => paidUnits(row.middle).replaceAll(",", ""),
          },
          {
            header: "Units dealt, 1 of 10 paths",
            figure: true,
            cell: (row) => paidUnits(row.high),
            value: (row) => paidUnits(row.high).replaceAll(",", ""),
          },
        ]}
        rows={rows}
        rowKey={(row) => row.date}
        empty="The class has no dealing date ahead."
        file="redemption-outlook"
      />
      <details open>
        <summary>How this is computed, and what it does not know</summary>
        <p>
          {outlook.method}. {gated} of those dates had a gate. Rests are asked for again on the next date
          {of.most_dealings !== null && of.carry !== "lapse_resubmit" ? `, on ${of.most_dealings} dates at most` : ""}.
        </p>
        <p>
          Assumed: the coming dates are like the past ones. Not known: the price of those dates, what other investors
          will ask for, your locked lots, minimum holdings, tools the fund may use for the first time. It is no promise
          and places no order.
        </p>
      </details>
    </section>
  );
}
