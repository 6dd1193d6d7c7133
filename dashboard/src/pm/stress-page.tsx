// Stress runs of every fund: what each scenario came to, and two runs side by side. The runs that are looked at stand in the address.
import { decimal } from "@evergreen-fund/finance/money.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { z } from "zod";
import { useRows, useTable } from "../api/read.ts";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, money, signed, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { LimitsTile } from "./limits-tile.tsx";

const Run = z.object({
  stress_run_id: z.uuid(),
  kind: z.string(),
  status: z.string(),
  as_of: z.string().nullable(),
  scenarios: z.int(),
  done: z.int(),
  failed: z.int(),
  currency: z.string(),
  reason: z.string().nullable(),
  started_at: z.string(),
  fund: z.object({ code: z.string() }),
});
type Run = z.infer<typeof Run>;
const Outcome = z.object({
  ordinal: z.int(),
  status: z.string(),
  reason: z.string().nullable(),
  nav_before: z.string().nullable(),
  nav_after: z.string().nullable(),
  scenario: z.object({ scenario_id: z.string(), version: z.int(), title: z.string() }),
});
type Outcome = z.infer<typeof Outcome>;

const RUNS = "stress_run_id,kind,status,as_of,scenarios,done,failed,currency,reason,started_at,fund:funds(code)";
const OUTCOMES =
  "ordinal,status,reason,nav_before::text,nav_after::text,scenario:stress_scenarios(scenario_id,version,title)";

export default function StressPage() {
  const query = useTable("stress_runs", RUNS, "started_at", 30, Run);
  return (
    <>
      <h1 tabIndex={-1}>Stress</h1>
      <ReadState query={query}>{(runs) => <Shown runs={runs} />}</ReadState>
    </>
  );
}

const runName = (run: Run): string => `${run.fund.code}, ${nameOf(run.kind)}, ${time(run.started_at)}`;

function Shown({ runs }: { runs: readonly Run[] }) {
  const { run, against } = useSearch({ from: "/pm/stress" });
  const shown =
    runs.find(({ stress_run_id }) => stress_run_id === run) ?? runs.find(({ status }) => status !== "running");
  const other = runs.find(({ stress_run_id }) => stress_run_id === against);
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        <DataTable
          caption="The newest runs"
          columns={[
            { header: "Run", cell: (row) => runName(row), value: (row) => row.stress_run_id },
            { header: "State", cell: (row) => nameOf(row.status), value: (row) => row.status },
            {
              header: "Book of",
              cell: (row) => (row.as_of === null ? "–" : date(row.as_of)),
              value: (row) => row.as_of ?? "",
            },
            {
              header: "Scenarios",
              figure: true,
              cell: (row) => `${row.done} of ${row.scenarios}`,
              value: (row) => `${row.done}/${row.scenarios}`,
            },
            { header: "Failed", figure: true, cell: (row) => String(row.failed), value: (row) => String(row.failed) },
          ]}
          rows={runs}
          rowKey={(row) => row.stress_run_id}
          empty="No stress run has begun yet. The nightly one runs by itself; or: evergreen stress run --help"
          file="stress-runs"
        />
        {shown !== undefined && <Choice runs={runs} shown={shown} other={other} />}
      </section>
      {shown !== undefined && <Outcomes run={shown} against={other} />}
      {shown !== undefined && <LimitsTile runId={shown.stress_run_id} />}
    </div>
  );
}

function Choice({ runs, shown, other }: { runs: readonly Run[]; shown: Run; other: Run | undefined }) {
  const navigate = useNavigate();
  const go = (run: string, against: string) =>
    void navigate({ to: "/pm/stress", search: { run, ...(against === "" ? {} : { against }) } });
  const list = runs.map((row) => (
    <option key={row.stress_run_id} value={row.stress_run_id}>
      {runName(row)}
    </option>
  ));
  return (
    <p className="buttons">
      <label>
        Run
        <select value={shown.stress_run_id} onChange={(event) => go(event.target.value, other?.stress_run_id ?? "")}>
          {list}
        </select>
      </label>
      <label>
        Compared with
        <select value={other?.stress_run_id ?? ""} onChange={(event) => go(shown.stress_run_id, event.target.value)}>
          <option value="">nothing</option>
          {list}
        </select>
      </label>
    </p>
  );
}

/** After less before, exactly; null where either is not there. */
const change = (row: Outcome | undefined): string | null =>
  row?.nav_before == null || row.nav_after === null ? null : decimal(row.nav_after).minus(row.nav_before).toFixed();

function Outcomes({ run, against }: { run: Run; against: Run | undefined }) {
  const query = useRows("stress_outcomes", OUTCOMES, "stress_run_id", run.stress_run_id, Outcome);
  const other = useRows(
    "stress_outcomes",
    OUTCOMES,
    "stress_run_id",
    against?.stress_run_id ?? run.stress_run_id,
    Outcome,
  );
  const rows = other.data ?? [];
  const byId = new Map(rows.map((row) => [row.scenario.scenario_id, row]));
  // two runs of one scenario each are a question and its variation, whatever they are called
  const only = rows.length === 1 && query.data?.length === 1 ? rows[0] : undefined;
  const inOther = (row: Outcome) => byId.get(row.scenario.scenario_id) ?? only;
  const difference = (row: Outcome): string | null => {
    const [one, two] = [change(row), change(inOther(row))];
    return one === null || two === null ? null : decimal(one).minus(two).toFixed();
  };
  const shown = (amount: string | null) => (amount === null ? "–" : signed(amount, 2));
  return (
    <section className="tile across" aria-labelledby="outcomes">
      <h2 id="outcomes">{runName(run)}</h2>
      {run.status === "running" && (
        <p role="status">
          <progress value={run.done + run.failed} max={run.scenarios} aria-label="Scenarios of the run that are done" />{" "}
          {run.done + run.failed} of {run.scenarios} scenarios
        </p>
      )}
      <ReadState query={query}>
        {(rows) => (
          <DataTable
            caption={
              against === undefined
                ? "What each scenario came to"
                : `What each scenario came to, beside ${runName(against)}`
            }
            columns={[
              {
                header: "Scenario",
                cell: (row) => (
                  <>
                    {row.scenario.title} <small className="method">{row.reason ?? row.scenario.scenario_id}</small>
                  </>
                ),
                value: (row) => row.scenario.scenario_id,
              },
              { header: "State", cell: (row) => nameOf(row.status), value: (row) => row.status },
              {
                header: `NAV before (${run.currency})`,
                figure: true,
                cell: (row) => (row.nav_before === null ? "–" : money(row.nav_before, 2)),
                value: (row) => row.nav_before ?? "",
              },
              {
                header: `NAV after (${run.currency})`,
                figure: true,
                cell: (row) =>
                  row.nav_after === null ? (
                    "–"
                  ) : (
                    <Figure figure="stress_nav_after" id={run.stress_run_id} part={row.scenario.scenario_id}>
                      {money(row.nav_after, 2)}
                    </Figure>
                  ),
                value: (row) => row.nav_after ?? "",
              },
              {
                header: `Change (${run.currency})`,
                figure: true,
                cell: (row) =>
                  change(row) === null ? (
                    "–"
                  ) : (
                    <Figure figure="stress_loss" id={run.stress_run_id} part={row.scenario.scenario_id}>
                      {shown(change(row))}
                    </Figure>
                  ),
                value: (row) => change(row) ?? "",
              },
              ...(against === undefined
                ? []
                : [
                    {
                      header: `Change in the other run (${against.currency})`,
                      figure: true,
                      cell: (row: Outcome) => shown(change(inOther(row))),
                      value: (row: Outcome) => change(inOther(row)) ?? "",
                    },
                    ...(against.currency === run.currency
                      ? [
                          {
                            header: `Difference (${run.currency})`,
                            figure: true,
                            cell: (row: Outcome) => shown(difference(row)),
                            value: (row: Outcome) => difference(row) ?? "",
                          },
                        ]
                      : []),
                  ]),
            ]}
            rows={[...rows].sort((a, b) => a.ordinal - b.ordinal)}
            rowKey={(row) => row.scenario.scenario_id}
            empty="The run has no scenario."
            file="stress-outcomes"
          />
        )}
      </ReadState>
    </section>
  );
}
