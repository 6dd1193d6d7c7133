// What the fund bears in a stress run (R35): the frontier of redemption and haircut of a scenario, and how many scenarios still pay their gate, quarter by quarter.
import { StressLimits } from "@evergreen-fund/domain/figures.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { fraction } from "./ratio.ts";
import { survivalCurve } from "./survival.ts";

const ShareLine = lazy(() => import("../ui/share-line.tsx"));

const survives = (survival: string | null): string =>
  survival === null ? "no gate is set" : survival.startsWith(">=") ? `${survival.slice(2)} or more` : survival;

export function LimitsTile({ runId }: { runId: string }) {
  const query = useRpc("fn_read_stress_limits", { stress_run_id: runId }, StressLimits.array());
  return (
    <section className="tile across" aria-labelledby="limits">
      <h2 id="limits">What the fund bears</h2>
      <ReadState query={query}>
        {(limits) =>
          limits.length === 0 ? (
            <p className="empty">No scenario of the run is done yet.</p>
          ) : (
            <>
              <Frontier limits={limits} />
              <Survival limits={limits} />
            </>
          )
        }
      </ReadState>
    </section>
  );
}

function Frontier({ limits }: { limits: readonly StressLimits[] }) {
  const search = useSearch({ from: "/pm/stress" });
  const navigate = useNavigate();
  const drawn = limits.filter(({ frontier }) => frontier.length > 0);
  const shown = drawn.find(({ scenario_id }) => scenario_id === search.scenario) ?? drawn[0];
  if (shown === undefined) return <p className="empty">No scenario of the run asked what the fund bears.</p>;
  const rows = shown.frontier.flatMap(({ redemption, haircut }) => (haircut === null ? [] : [{ redemption, haircut }]));
  return (
    <>
      <h3>Frontier</h3>
      <p className="buttons">
        <label>
          Scenario
          <select
            value={shown.scenario_id}
            onChange={(event) =>
              void navigate({
                to: "/pm/stress",
                search: { ...search, scenario: event.target.value },
                replace: true,
                resetScroll: false,
              })
            }
          >
            {drawn.map(({ scenario_id, title }) => (
              <option key={scenario_id} value={scenario_id}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </p>
      <p>
        {shown.largest_redemption === null
          ? "No redemption is borne. "
          : `At today's prices redemptions of ${fraction(shown.largest_redemption.share)} of NAV are borne. `}
        {shown.smallest_haircut !== null &&
          `With what is due, a haircut of ${fraction(shown.smallest_haircut.haircut)} is the smallest that breaks the cover.`}
      </p>
      <Suspense fallback={<p className="faint">Drawing …</p>}>
        <ShareLine
          title="The largest redemption that is borne at each haircut; above the line it is not"
          across="Haircut on what is sold"
          upward="Redemption borne (share of NAV)"
          points={rows.map(({ redemption, haircut }) => ({
            x: haircut,
            y: redemption,
            label: `Haircut ${fraction(haircut)}`,
            shown: fraction(redemption),
          }))}
        />
      </Suspense>
      <DataTable
        caption={`Frontier of ${shown.title}`}
        columns={[
          { header: "Haircut (%)", figure: true, cell: (row) => fraction(row.haircut), value: (row) => row.haircut },
          {
            header: "Largest redemption borne (% of NAV)",
            figure: true,
            cell: (row) => fraction(row.redemption),
            value: (row) => row.redemption,
          },
        ]}
        rows={rows}
        rowKey={(row) => row.haircut}
        empty=""
        file="frontier"
      />
    </>
  );
}

function Survival({ limits }: { limits: readonly StressLimits[] }) {
  const curve = survivalCurve(limits);
  return (
    <>
      <h3>Survival</h3>
      {curve.length === 0 ? (
        <p className="empty">The terms of the fund have no gate by a share of the NAV: there is nothing to outlast.</p>
      ) : (
        <Suspense fallback={<p className="faint">Drawing …</p>}>
          <ShareLine
            title="Share of the scenarios in which the largest gate is still paid in full, by quarter"
            across="Quarters in a row"
            upward="Still paid in full"
            points={curve.map(({ quarter, holding, of, share }) => ({
              x: String(quarter),
              y: share,
              label: `${quarter} ${quarter === 1 ? "quarter" : "quarters"}`,
              shown: `${holding} of ${of} scenarios`,
            }))}
            counts
            steps
          />
        </Suspense>
      )}
      <DataTable
        caption="Quarters for which the gate is paid in full"
        columns={[
          { header: "Scenario", cell: (row) => row.title, value: (row) => row.scenario_id },
          {
            header: "Quarters",
            figure: true,
            cell: (row) => survives(row.survival),
            value: (row) => row.survival ?? "",
          },
          {
            header: "Largest redemption borne (% of NAV)",
            figure: true,
            cell: (row) => (row.largest_redemption === null ? "–" : fraction(row.largest_redemption.share)),
            value: (row) => row.largest_redemption?.share ?? "",
          },
        ]}
        rows={limits}
        rowKey={(row) => row.scenario_id}
        empty=""
        file="survival"
      />
    </>
  );
}
