// One case: who it is about without a name, its candidates side by side, what was decided and why, and the next verdict.
import { CasePage as Case } from "@evergreen-fund/domain/desk-pages.ts";
import { useParams } from "@tanstack/react-router";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { CandidatesTable } from "./candidates-table.tsx";
import { CaseActions } from "./case-actions.tsx";
import { standing, verdictName } from "./case-words.ts";
import { clock } from "./clock.ts";
import { OpsMenu } from "./ops-menu.tsx";
import { actorText, Who } from "./who.tsx";

export default function CasePage() {
  const { code } = useParams({ from: "/ops/cases/$code" });
  const query = useRpc("fn_read_case", { case_code: code }, Case.nullable());
  return (
    <>
      <h1 tabIndex={-1}>Case {code}</h1>
      <OpsMenu />
      <ReadState query={query}>
        {(page) =>
          page === null ? <p className="empty">There is no such case that you may see.</p> : <Shown page={page} />
        }
      </ReadState>
    </>
  );
}

function Shown({ page }: { page: Case }) {
  const { person } = useSession();
  const { party } = page;
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="about">
        <h2 id="about">
          {nameOf(page.kind)}, {nameOf(page.severity)}: <span data-figure="status">{nameOf(page.status)}</span>
          {page.outcome !== null && `, ${verdictName(page.outcome)}`}
        </h2>
        <p>
          {page.decided_at === null ? (
            <>
              Due <strong>{clock(page.due_at, page.read_at)}</strong>, {time(page.due_at)}
            </>
          ) : (
            <>Decided {time(page.decided_at)}</>
          )}{" "}
          · opened {time(page.opened_at)} by {page.source} · owner{" "}
          {page.claimed_by === null ? "nobody" : <Who actor={page.claimed_by} />} · policy version {page.policy_version}
        </p>
        {party !== null && (
          <p>
            Party {party.code} ({nameOf(party.kind)}), risk {nameOf(party.risk_level)}
            {party.next_review !== null && `, next review ${date(party.next_review)}`}
            {party.synthetic && <span className="tag">synthetic</span>}
            {party.frozen_at !== null && <strong> · frozen since {time(party.frozen_at)}</strong>}
          </p>
        )}
        <CaseActions page={page} role={person?.role} />
      </section>
      <section className="tile across" aria-labelledby="candidates">
        <h2 id="candidates">Candidates side by side</h2>
        <CandidatesTable candidates={page.candidates} file={`case-${page.code}`} />
      </section>
      <section className="tile" aria-labelledby="decisions">
        <h2 id="decisions">Verdicts</h2>
        <DataTable
          caption="Who found what, and why"
          columns={[
            { header: "When", cell: (row) => time(row.at), value: (row) => row.at },
            { header: "Who", cell: (row) => <Who actor={row.by} />, value: (row) => actorText(row.by) },
            { header: "On", cell: (row) => row.entry_ref ?? "the case", value: (row) => row.entry_ref ?? "" },
            {
              header: "Verdict",
              cell: (row) => `${verdictName(row.verdict)} (${row.step})`,
              value: (row) => `${row.verdict} (${row.step})`,
            },
            { header: "Reason", cell: (row) => row.reason, value: (row) => row.reason },
          ]}
          rows={page.decisions}
          rowKey={(row) => row.decision_id}
          empty="Nobody has given a verdict yet."
          file={`verdicts-${page.code}`}
        />
        <h3>Notes</h3>
        {page.notes.length === 0 && <p className="empty">No notes.</p>}
        {page.notes.map((note) => (
          <p key={note.note_id}>
            {time(note.at)}, <Who actor={note.by} />: {note.body}
          </p>
        ))}
      </section>
      <section className="tile" aria-labelledby="evidence">
        <h2 id="evidence">Evidence</h2>
        <DataTable
          caption="What the party still owes, in the words it was asked in"
          columns={[
            { header: "Kind", cell: (row) => nameOf(row.kind), value: (row) => row.kind },
            { header: "In words", cell: (row) => row.words ?? "–", value: (row) => row.words ?? "" },
            { header: "Application", cell: (row) => row.application, value: (row) => row.application },
          ]}
          rows={page.missing}
          rowKey={(row) => `${row.application}/${row.kind}`}
          empty="Nothing is owed by an open application."
          file={`owed-${page.code}`}
        />
        <DataTable
          caption="What is on file, the newest of each kind"
          columns={[
            { header: "Kind", cell: (row) => nameOf(row.kind), value: (row) => row.kind },
            { header: "Dated", cell: (row) => date(row.dated_on), value: (row) => row.dated_on },
            {
              header: "Runs out",
              cell: (row) => (row.expires_on === null ? "–" : date(row.expires_on)),
              value: (row) => row.expires_on ?? "",
            },
          ]}
          rows={page.evidence}
          rowKey={(row) => row.kind}
          empty="Nothing is on file."
          file={`evidence-${page.code}`}
        />
        <p className="faint">
          {page.candidates.map((one) => `${one.entry_ref ?? "The case"}: ${standing(one)}`).join(" · ")}
        </p>
      </section>
    </div>
  );
}
