// The newest stress run that has ended, nightly ones first, with the scenarios that come out lowest.
import type { Morning } from "@evergreen-fund/domain/pages.ts";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { date, percent, signed, time } from "../words/format.ts";

export function StressTile({ morning: { stress, fund } }: { morning: Morning }) {
  return (
    <section className="tile" aria-labelledby="stress">
      <h2 id="stress">Stress</h2>
      {stress === null ? (
        <p className="empty">
          No stress run has ended yet. The nightly one runs by itself; or: evergreen stress run --fund {fund.code}
        </p>
      ) : (
        <>
          <p>
            {stress.kind === "nightly" ? "Last night's run" : "Newest run"}: {stress.done} of {stress.scenarios}{" "}
            scenarios
            {stress.failed > 0 && <strong>, {stress.failed} failed</strong>}
            <span className="faint">
              {stress.as_of !== null && ` · book of ${date(stress.as_of)}`}
              {stress.ended_at !== null && ` · ended ${time(stress.ended_at)}`}
            </span>
          </p>
          <DataTable
            caption="The scenarios with the lowest NAV"
            columns={[
              { header: "Scenario", cell: (row) => row.title, value: (row) => row.scenario_id },
              {
                header: `NAV change (${fund.currency})`,
                figure: true,
                cell: (row) => (
                  <Figure figure="stress_loss" id={stress.stress_run_id} part={row.scenario_id}>
                    {signed(row.amount, fund.decimals)}
                  </Figure>
                ),
                value: (row) => row.amount,
              },
              {
                header: "NAV change (%)",
                figure: true,
                cell: (row) => (row.ratio === null ? "–" : percent(row.ratio)),
                value: (row) => row.ratio ?? "",
              },
            ]}
            rows={stress.worst}
            rowKey={(row) => row.scenario_id}
            empty="No scenario of it was computed."
            file="stress"
          />
        </>
      )}
    </section>
  );
}
