// The stress laboratory: a scenario is chosen, its factors are edited, and it is run from the page; the run is then followed where every run is looked at.

import "./cockpit.css";
import {
  addressForm,
  FACTOR_NAMES,
  parseScenario,
  readAddress,
  type Scenario,
  UNITS,
} from "@evergreen-fund/domain/scenarios/index.ts";
import {
  type ResolvedScenario,
  readScenarioBody,
  type ScenarioShelf,
  scenarioText,
  tryResolve,
} from "@evergreen-fund/finance/scenarios/index.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useMemo, useState } from "react";
import { z } from "zod";
import { useTable } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { type Checked, checked, type Draft, draftOf, isUntouched, labIdOf } from "./lab-draft.ts";

const Saved = z.object({
  scenario_id: z.string(),
  version: z.int(),
  title: z.string(),
  body: z.string(),
  scenario_hash: z.string(),
});
type Saved = z.infer<typeof Saved>;
const Fund = z.object({ code: z.string(), name: z.string() });

/** The scenarios that come with the platform, composed as the command line does it. */
function shippedScenarios(): ResolvedScenario[] {
  const files = SHIPPED_SCENARIOS.flatMap((value) => parseScenario(value).scenario ?? []);
  const byId = new Map(files.map((file): [string, Scenario] => [file.id, file]));
  const shelf: ScenarioShelf = { ids: [...byId.keys()], get: (id) => byId.get(id) };
  return files.flatMap((file) => tryResolve(file, shelf).resolved ?? []);
}

/** What was saved, the newest version of each id, as far as this version of the platform computes it. */
function savedScenarios(rows: readonly Saved[]): ResolvedScenario[] {
  const newest = rows.filter(
    (row, at) => row.scenario_id.startsWith("lab_") && rows.findIndex((x) => x.scenario_id === row.scenario_id) === at,
  );
  return newest.flatMap((row) => {
    try {
      return [readScenarioBody(row.body, row.title)];
    } catch {
      return [];
    }
  });
}

export default function LabPage() {
  const saved = useTable("stress_scenarios", "scenario_id,version,title,body,scenario_hash", "recorded_at", 300, Saved);
  const funds = useTable("funds", "code,name", "created_at", 50, Fund);
  return (
    <>
      <h1 tabIndex={-1}>Stress laboratory</h1>
      <ReadState query={saved}>
        {(rows) =>
          funds.data === undefined || funds.data.length === 0 ? (
            <p className="empty">There is no fund yet that you may see.</p>
          ) : (
            <Chosen rows={rows} funds={[...funds.data].sort((a, b) => (a.code < b.code ? -1 : 1))} />
          )
        }
      </ReadState>
    </>
  );
}

function Chosen({ rows, funds }: { rows: readonly Saved[]; funds: readonly z.infer<typeof Fund>[] }) {
  const { scenario, fund } = useSearch({ from: "/pm/lab" });
  const navigate = useNavigate();
  const own = useMemo(shippedScenarios, []);
  const kept = useMemo(() => savedScenarios(rows), [rows]);
  const all = [...own, ...kept];
  const base = all.find(({ id }) => id === scenario) ?? all.find(({ id }) => id === "rates_up200") ?? all[0];
  if (base === undefined) return <p className="empty">There is no scenario to start from.</p>;
  const options = (list: readonly ResolvedScenario[]) =>
    list.map(({ id, title }) => (
      <option key={id} value={id}>
        {title} ({id})
      </option>
    ));
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="scenario">
        <h2 id="scenario">Scenario</h2>
        <p className="buttons">
          <label>
            Start from
            <select
              value={base.id}
              onChange={(event) =>
                void navigate({
                  to: "/pm/lab",
                  search: { scenario: event.target.value, ...(fund === undefined ? {} : { fund }) },
                })
              }
            >
              <optgroup label="Of the platform">{options(own)}</optgroup>
              {kept.length > 0 && <optgroup label="Saved in the laboratory">{options(kept)}</optgroup>}
            </select>
          </label>
        </p>
        {base.about !== "" && <p>{base.about}</p>}
        <p className="faint">
          Version {base.version} ·{" "}
          {base.periods === null ? "one instant" : `${base.periods.count} periods of a ${base.periods.unit}`} ·{" "}
          {base.cells} {base.cells === 1 ? "cell" : "cells"} · SHA-256 <span className="hash">{base.hash}</span>
        </p>
        <Form key={base.hash} base={base} rows={rows} funds={funds} />
      </section>
    </div>
  );
}

function Form({
  base,
  rows,
  funds,
}: {
  base: ResolvedScenario;
  rows: readonly Saved[];
  funds: readonly z.infer<typeof Fund>[];
}) {
  const { supabase, person } = useSession();
  const navigate = useNavigate();
  const [draft, setDraft] = useState<Draft>(() => draftOf(base));
  // of the address, or the first by code
  const { scenario, fund: named } = useSearch({ from: "/pm/lab" });
  const fund = (funds.find(({ code }) => code === named) ?? funds[0])?.code ?? "";
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  // asking for the same twice from one form is asking once
  const [began] = useState(() => Date.now());
  const untouched = isUntouched(draft) && draft.title === base.title;
  const id = untouched ? base.id : labIdOf(draft.title);
  const version = untouched
    ? base.version
    : 1 + Math.max(0, ...rows.filter((r) => r.scenario_id === id).map((r) => r.version));
  const found = useMemo(() => checked(draft, id, version), [draft, id, version]);
  const change = (key: number, part: Partial<{ address: string; value: string }>) =>
    setDraft((now) => ({ ...now, rows: now.rows.map((row) => (row.key === key ? { ...row, ...part } : row)) }));

  async function run(event: FormEvent) {
    event.preventDefault();
    const { resolved } = found;
    if (resolved === null) return;
    setBusy(true);
    setMessage("");
    const { data, error } = await supabase.rpc("fn_request_stress", {
      fund,
      // a what-if is not the fund's own stress
      kind: untouched && !base.id.startsWith("lab_") ? "on_demand" : "laboratory",
      scenarios: [
        {
          scenario_id: resolved.id,
          version: resolved.version,
          title: draft.title.trim(),
          scenario_hash: resolved.hash,
          body: scenarioText(resolved),
        },
      ],
      request_id: `dashboard/${person?.userId}/${began}/${fund}/${resolved.hash.slice(0, 16)}`,
    });
    setBusy(false);
    const asked = z.object({ stress_run_id: z.uuid() }).safeParse(data);
    if (error !== null || !asked.success)
      setMessage(error?.code ? error.message : "The server does not answer: nothing has been asked for. Try again.");
    else void navigate({ to: "/pm/stress", search: { run: asked.data.stress_run_id } });
  }

  return (
    <form onSubmit={run} className="lab">
      <p className="buttons">
        <label>
          Title
          <input
            value={draft.title}
            minLength={5}
            maxLength={120}
            required
            onChange={(event) => setDraft({ ...draft, title: event.target.value })}
          />
        </label>
        {funds.length > 1 && (
          <label>
            Fund
            <select
              value={fund}
              onChange={(event) =>
                void navigate({
                  to: "/pm/lab",
                  search: { ...(scenario === undefined ? {} : { scenario }), fund: event.target.value },
                  replace: true,
                  resetScroll: false,
                })
              }
            >
              {funds.map(({ code, name }) => (
                <option key={code} value={code}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
      </p>
      <Factors draft={draft} found={found} change={change} setDraft={setDraft} />
      {found.others.length > 0 && (
        <ul className="problem" role="alert">
          {found.others.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
      <p className="buttons">
        <button type="submit" disabled={busy || found.resolved === null || person?.role !== "pm_role"}>
          {untouched ? "Run" : "Run and save to the laboratory"}
        </button>
        <button type="button" className="quiet" onClick={() => setDraft(draftOf(base))}>
          As it was
        </button>
      </p>
      {untouched ? (
        <p className="hint">
          Nothing is changed: it runs as {base.id}, version {base.version}.
        </p>
      ) : (
        <p className="hint">
          It is saved as <code>{id}</code>, version {version}, with its factors; the fund's own stress stays as it is.
        </p>
      )}
      <p role="alert" className="problem">
        {message}
      </p>
    </form>
  );
}

function Factors({
  draft,
  found,
  change,
  setDraft,
}: {
  draft: Draft;
  found: Checked;
  change: (key: number, part: Partial<{ address: string; value: string }>) => void;
  setDraft: (draft: Draft) => void;
}) {
  const next = 1 + Math.max(0, ...draft.rows.map(({ key }) => key));
  return (
    <fieldset>
      <legend>Factors</legend>
      <datalist id="factor-names">
        {FACTOR_NAMES.map((name) => (
          <option key={name} value={addressForm(name)} />
        ))}
      </datalist>
      {draft.rows.map((row) => {
        const read = readAddress(row.address.trim());
        const problems = found.ofRow.get(row.key) ?? [];
        return (
          <div key={row.key} className="factor">
            <label>
              Factor
              <input
                value={row.address}
                list="factor-names"
                spellCheck={false}
                aria-invalid={problems.length > 0}
                onChange={(event) => change(row.key, { address: event.target.value })}
              />
            </label>
            <label>
              {draft.base.periods === null ? "Value" : "Value, or one per period with commas"}
              <input
                className="figure"
                value={row.value}
                aria-invalid={problems.length > 0}
                aria-describedby={`factor-${row.key}`}
                onChange={(event) => change(row.key, { value: event.target.value })}
              />
            </label>
            <button
              type="button"
              className="quiet"
              onClick={() => setDraft({ ...draft, rows: draft.rows.filter(({ key }) => key !== row.key) })}
            >
              Remove<span className="unseen"> {row.address}</span>
            </button>
            <p id={`factor-${row.key}`} className={problems.length > 0 ? "problem" : "faint"}>
              {problems.length > 0
                ? problems.join("; ")
                : "problem" in read
                  ? ""
                  : `${read.kind.about} In ${UNITS[read.kind.unit]}; ${read.kind.least} to ${read.kind.most}.`}
            </p>
          </div>
        );
      })}
      <button
        type="button"
        className="quiet"
        onClick={() => setDraft({ ...draft, rows: [...draft.rows, { key: next, address: "", value: "0" }] })}
      >
        Add a factor
      </button>
    </fieldset>
  );
}
