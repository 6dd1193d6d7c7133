// Sleeves against the mandate, with targets that can be typed: what would have to move is shown at once, and asked for through the same door as by the command line.
import type { Exposure } from "@evergreen-fund/domain/cockpit.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, lazy, Suspense, useMemo, useState } from "react";
import { z } from "zod";
import { useSession } from "../api/session.tsx";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { money, percent, signed, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { type DriftView, driftView, shareTyped } from "./drift-rows.ts";
import { fraction } from "./ratio.ts";
import { RunTile } from "./run-tile.tsx";
import "./cockpit.css";

const DriftChart = lazy(() => import("./drift-chart.tsx"));

const WORDS = { inside: "inside", below: "below its band", above: "above its band", none: "no band" } as const;

export function RebalanceTile({ exposure }: { exposure: Exposure }) {
  const { person } = useSession();
  const { event } = useSearch({ from: "/pm/exposure" });
  /** Targets in per cent as they are typed, by sleeve. */
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});

  const wrong = Object.keys(typed).find((sleeve) => shareTyped(typed[sleeve] ?? "") === null);
  const standing = useMemo(() => tried(exposure, {}), [exposure]);
  const preview = useMemo((): DriftView | string => {
    const wanted = Object.entries(typed).map(([sleeve, text]) => [sleeve, shareTyped(text)] as const);
    const bad = wanted.find(([, share]) => share === null);
    if (bad !== undefined) return `${bad[0]}: a target is a number from 0 to 100, in per cent.`;
    return tried(exposure, Object.fromEntries(wanted.map(([sleeve, share]) => [sleeve, share ?? "0"])));
  }, [exposure, typed]);
  if (exposure.mandate === null)
    return (
      <section className="tile across" aria-labelledby="drift">
        <h2 id="drift">Against the mandate</h2>
        <p className="empty">The fund has no mandate yet: evergreen mandate set --help</p>
      </section>
    );
  if (typeof standing === "string")
    return (
      <p className="state" role="alert">
        {standing}
      </p>
    );
  const view = typeof preview === "string" ? standing : preview;
  const { currency, decimals } = exposure.fund;
  return (
    <>
      <section className="tile across" aria-labelledby="drift">
        <h2 id="drift">Against the mandate</h2>
        <p data-figure="outside">
          {outsideWords(view)} {fraction(view.distance)} of the holdings would be turned over to stand at every target.
          <span className="faint">
            {" "}
            Mandate version {exposure.mandate.version}, set {time(exposure.mandate.set_at)}
          </span>
        </p>
        <Suspense fallback={<p className="faint">Drawing …</p>}>
          <DriftChart title="Weight of each sleeve, as a share of the holdings" lines={view.lines} />
        </Suspense>
        <DataTable
          caption={view.mandate === null ? "Sleeves against the mandate" : "Sleeves against the targets that are typed"}
          columns={[
            { header: "Sleeve", cell: (row) => row.sleeve, value: (row) => row.sleeve },
            {
              header: `Value (${currency})`,
              figure: true,
              cell: (row) => money(row.value, decimals),
              value: (row) => row.value,
            },
            {
              header: "Weight",
              figure: true,
              cell: (row) => (
                <Figure figure="weight" id={exposure.fund.fund_id} part={row.sleeve}>
                  {fraction(row.weight)}
                </Figure>
              ),
              value: (row) => row.weight,
            },
            { header: "Target", figure: true, cell: (row) => fraction(row.target), value: (row) => row.target },
            {
              header: "Band",
              figure: true,
              cell: (row) =>
                row.low === null || row.high === null ? "–" : `${fraction(row.low)} to ${fraction(row.high)}`,
              value: (row) => (row.low === null ? "" : `${row.low} to ${row.high}`),
            },
            {
              header: "Off target",
              figure: true,
              cell: (row) =>
                // against a target that is only typed there is nothing on record to explain
                view.mandate !== null ? (
                  percent(row.drift)
                ) : (
                  <Figure figure="drift" id={exposure.fund.fund_id} part={row.sleeve}>
                    {percent(row.drift)}
                  </Figure>
                ),
              value: (row) => row.drift,
            },
            { header: "Stands", cell: (row) => WORDS[row.band], value: (row) => row.band },
            {
              header: `To the target (${currency})`,
              figure: true,
              cell: (row) => signed(row.toTarget, decimals),
              value: (row) => row.toTarget,
            },
          ]}
          rows={view.lines}
          rowKey={(row) => row.sleeve}
          empty=""
          file="drift"
        />
      </section>
      <section className="tile across" aria-labelledby="rebalance">
        <h2 id="rebalance">Ask for a rebalancing</h2>
        {event !== undefined && <RunTile eventId={event} />}
        {exposure.open.map((row) => (
          <p key={row.proposal_id} className="hint">
            <Link to="/pm/proposals/$proposalId" params={{ proposalId: row.proposal_id }}>
              A rebalancing of {time(row.created_at)}
            </Link>{" "}
            is {nameOf(row.status)}.
          </p>
        ))}
        {person?.role === "pm_role" ? (
          <RebalanceForm
            exposure={exposure}
            standing={standing}
            typed={typed}
            setTyped={setTyped}
            preview={preview}
            wrong={wrong}
          />
        ) : (
          <p className="empty">Portfolio managers ask for rebalancings.</p>
        )}
      </section>
    </>
  );
}

const outsideWords = ({ lines }: DriftView): string => {
  const outside = lines.filter(({ band }) => band === "below" || band === "above").map(({ sleeve }) => sleeve);
  return outside.length === 0 ? "Every sleeve is inside its band." : `Outside: ${outside.join(", ")}.`;
};

function tried(exposure: Exposure, targets: Readonly<Record<string, string>>): DriftView | string {
  try {
    return driftView(exposure, targets);
  } catch (error) {
    return error instanceof Error && "code" in error
      ? error.message
      : "The mandate is of another form than this page reads: look at it with evergreen mandate show.";
  }
}

function RebalanceForm({
  exposure,
  standing,
  typed,
  setTyped,
  preview,
  wrong,
}: {
  exposure: Exposure;
  standing: DriftView;
  typed: Readonly<Record<string, string>>;
  setTyped: (typed: Readonly<Record<string, string>>) => void;
  preview: DriftView | string;
  wrong: string | undefined;
}) {
  const { supabase, person } = useSession();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [method, setMethod] = useState("lp");
  const [reason, setReason] = useState("");
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  const [began, setBegan] = useState(() => Date.now());

  async function ask(event: FormEvent) {
    event.preventDefault();
    if (typeof preview === "string") return;
    setBusy(true);
    setMessage("");
    const { data, error } = await supabase.rpc("fn_request_rebalance", {
      fund: exposure.fund.code,
      method,
      reason: reason === "" ? null : reason,
      ...(preview.mandate === null ? {} : { mandate: preview.mandate }),
      // asking twice from one form is asking once
      request_id: `dashboard/${person?.userId}/${began}/rebalance`,
    });
    setBusy(false);
    const asked = z.object({ event_id: z.uuid() }).safeParse(data);
    if (error !== null || !asked.success) {
      setMessage(error?.code ? error.message : "The server does not answer: nothing has been asked for. Try again.");
      return;
    }
    setBegan(Date.now());
    await navigate({ to: "/pm/exposure", search: { fund: exposure.fund.code, event: asked.data.event_id } });
    await cache.invalidateQueries();
  }

  const shown = (target: string) => decimal(target).times(100).toFixed();
  return (
    <form onSubmit={ask} className="lab">
      <details>
        <summary>Other targets</summary>
        <fieldset>
          <legend>Targets in % of the holdings; with cash they add up to 100</legend>
          <div className="targets">
            {standing.lines.map(({ sleeve, target }) => (
              <label key={sleeve}>
                {sleeve}
                <input
                  className="figure"
                  inputMode="decimal"
                  value={typed[sleeve] ?? shown(target)}
                  aria-invalid={wrong === sleeve}
                  onChange={(event) => setTyped({ ...typed, [sleeve]: event.target.value })}
                />
              </label>
            ))}
          </div>
          <button type="button" className="quiet" onClick={() => setTyped({})}>
            As the mandate has them
          </button>
        </fieldset>
      </details>
      {typeof preview === "string" && (
        <p className="problem" role="alert">
          {preview}
        </p>
      )}
      {typeof preview !== "string" && preview.mandate !== null && (
        <p className="hint">
          The targets become the mandate of the fund with this request, as version{" "}
          {(exposure.mandate?.version ?? 0) + 1}.
        </p>
      )}
      <p className="buttons">
        <label>
          Method
          <select value={method} onChange={(event) => setMethod(event.target.value)}>
            <option value="lp">least cost</option>
            <option value="qp">smallest deviation, weighed against cost</option>
          </select>
        </label>
        <label>
          Reason, as others will read it (not needed)
          <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
      </p>
      <p className="buttons">
        <button type="submit" disabled={busy || typeof preview === "string"}>
          Ask for a rebalancing
        </button>
      </p>
      <p className="faint">
        The answer is a proposal that somebody else decides on: the solver chooses the trades within bands, limits,
        liquidity and cost.
      </p>
      <p role="alert" className="problem">
        {message}
      </p>
    </form>
  );
}
