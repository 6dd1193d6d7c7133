// The queue of cases: what is due first comes first, with its clock, its owner and what it waits for; several are claimed at once.
import { CASE_STATES, CaseQueue } from "@evergreen-fund/domain/desk-pages.ts";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { z } from "zod";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { useAct } from "./act.ts";
import { WAITS_FOR } from "./case-words.ts";
import { type CasesSearch, OWNERS, SEVERITIES } from "./cases-search.ts";
import { clock } from "./clock.ts";
import { OpsMenu } from "./ops-menu.tsx";
import { actorText, Who } from "./who.tsx";

type Case = CaseQueue["cases"][number];

export default function CasesPage() {
  const search = useSearch({ from: "/ops/cases" });
  const query = useRpc("fn_read_cases", search.state === undefined ? {} : { state: search.state }, CaseQueue);
  return (
    <>
      <h1 tabIndex={-1}>Cases</h1>
      <OpsMenu />
      <p className="faint">
        What people decide about parties. No investor sees that a case exists, and nothing here may reach one.
      </p>
      <Filters search={search} />
      <ReadState query={query}>{(queue) => <Queue queue={queue} search={search} />}</ReadState>
    </>
  );
}

function Filters({ search }: { search: CasesSearch }) {
  const navigate = useNavigate();
  const choice = (name: keyof CasesSearch, label: string, all: string, values: readonly string[]) => (
    <label>
      {label}
      <select
        value={search[name] ?? ""}
        onChange={(event) => {
          const { [name]: _, ...others } = search;
          const next = event.target.value;
          void navigate({ to: "/ops/cases", search: next === "" ? others : { ...others, [name]: next } });
        }}
      >
        <option value="">{all}</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {nameOf(value)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form className="filters" aria-label="Which cases">
      {choice("state", "State", "undecided", CASE_STATES)}
      {choice("severity", "Severity", "any", SEVERITIES)}
      {choice("owner", "Owner", "anybody", OWNERS)}
    </form>
  );
}

const wanted = ({ severity, owner }: CasesSearch, one: Case): boolean =>
  (severity === undefined || one.severity === severity) &&
  (owner === undefined || (owner === "mine" ? one.mine : one.claimed_by === null));

function Queue({ queue, search }: { queue: CaseQueue; search: CasesSearch }) {
  const { person } = useSession();
  const [picked, setPicked] = useState<readonly string[]>([]);
  const cases = queue.cases.filter((one) => wanted(search, one));
  const free = cases.filter((one) => one.claimed_by === null && one.status !== "decided");
  const chosen = free.filter(({ case_id }) => picked.includes(case_id));
  const late = cases.filter((one) => one.status !== "decided" && Date.parse(one.due_at) < Date.parse(queue.read_at));
  const mayClaim = person?.role === "ops_role" || person?.role === "pm_role";
  return (
    <>
      <p data-figure="cases">
        {cases.length} {cases.length === 1 ? "case" : "cases"}, {late.length} late.
      </p>
      <DataTable
        caption="Cases, by due time"
        columns={[
          {
            header: "Case",
            cell: (row) => (
              <>
                {mayClaim && free.includes(row) && (
                  <input
                    type="checkbox"
                    aria-label={`Choose ${row.code}`}
                    checked={picked.includes(row.case_id)}
                    onChange={(event) =>
                      setPicked((now) =>
                        event.target.checked ? [...now, row.case_id] : now.filter((id) => id !== row.case_id),
                      )
                    }
                  />
                )}{" "}
                <Link to="/ops/cases/$code" params={{ code: row.code }}>
                  {row.code}
                </Link>
              </>
            ),
            value: (row) => row.code,
          },
          {
            header: "Due",
            cell: (row) => (
              <>
                {row.status !== "decided" && <strong>{clock(row.due_at, queue.read_at)}</strong>}{" "}
                <span className="method">{time(row.due_at)}</span>
              </>
            ),
            value: (row) => row.due_at,
          },
          { header: "Severity", cell: (row) => nameOf(row.severity), value: (row) => row.severity },
          { header: "Kind", cell: (row) => nameOf(row.kind), value: (row) => row.kind },
          {
            header: "Waits for",
            cell: (row) =>
              row.waits_for === null ? `Decided: ${nameOf(row.outcome ?? "")}` : WAITS_FOR[row.waits_for],
            value: (row) => row.waits_for ?? row.outcome ?? "",
          },
          {
            header: "Owner",
            cell: (row) => (row.claimed_by === null ? "–" : <Who actor={row.claimed_by} />),
            value: (row) => (row.claimed_by === null ? "" : actorText(row.claimed_by)),
          },
          { header: "Party", cell: (row) => row.party ?? "–", value: (row) => row.party ?? "" },
          {
            header: "Open candidates",
            figure: true,
            cell: (row) => `${row.undecided} of ${row.candidates}`,
            value: (row) => String(row.undecided),
          },
          {
            header: "Highest score",
            figure: true,
            cell: (row) => row.top_score ?? "–",
            value: (row) => row.top_score ?? "",
          },
          { header: "Raised by", cell: (row) => row.source, value: (row) => row.source },
        ]}
        rows={cases}
        rowKey={(row) => row.case_id}
        empty="No case is like that."
        file="cases"
      />
      {mayClaim && chosen.length > 0 && <ClaimForm chosen={chosen} done={() => setPicked([])} />}
    </>
  );
}

/** What would happen stands there before it does: each case is claimed by itself, and what was refused is said by its code. */
function ClaimForm({ chosen, done }: { chosen: readonly Case[]; done: () => void }) {
  const act = useAct();
  const [said, setSaid] = useState("");
  async function claim() {
    const refused: string[] = [];
    for (const { case_id, code } of chosen)
      if ((await act.run("fn_claim_case", { case_id }, z.string())) === undefined) refused.push(code);
    setSaid(refused.length === 0 ? "" : `Not claimed: ${refused.join(", ")}.`);
    if (refused.length === 0) done();
  }
  return (
    <section className="hint" aria-label="What was chosen">
      <p>
        You would claim {chosen.length === 1 ? "one case" : `${chosen.length} cases`}:{" "}
        {chosen.map(({ code }) => code).join(", ")}. Until you release or decide them, nobody else decides on them.
      </p>
      <p className="buttons">
        <button type="button" disabled={act.busy} onClick={() => void claim()}>
          Claim {chosen.length}
        </button>
        <button type="button" className="quiet" onClick={done}>
          None of them
        </button>
      </p>
      <p role="alert" className="problem">
        {said === "" ? "" : `${said} ${act.problem}`}
      </p>
    </section>
  );
}
