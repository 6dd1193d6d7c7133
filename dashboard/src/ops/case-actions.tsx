// What a person may do with a case: claim it, give it back, write a note, and give a verdict with its reason.
import type { CasePage } from "@evergreen-fund/domain/desk-pages.ts";
import { type FormEvent, useState } from "react";
import { z } from "zod";
import { useAct } from "./act.ts";
import { cannotDecide, isSettled, VERDICTS, type Verdict } from "./case-words.ts";

const Decided = z.object({ status: z.string(), outcome: z.string().nullable(), waiting_for: z.string().nullable() });
const SHORTEST = 10;

export function CaseActions({ page, role }: { page: CasePage; role: string | undefined }) {
  const act = useAct();
  const may = role === "ops_role" || role === "pm_role";
  if (!may || page.status === "decided") return null;
  const of = { case_id: page.case_id };
  return (
    <>
      <p className="buttons">
        {page.claimed_by === null && (
          <button type="button" disabled={act.busy} onClick={() => void act.run("fn_claim_case", of, z.string())}>
            Claim it
          </button>
        )}
        {(page.mine || (page.claimed_by !== null && role === "pm_role")) && (
          <button
            type="button"
            className="quiet"
            disabled={act.busy}
            onClick={() => void act.run("fn_release_case", of, z.string())}
          >
            Give it back
          </button>
        )}
      </p>
      <p role="alert" className="problem">
        {act.problem}
      </p>
      <VerdictForm page={page} role={role} />
      <NoteForm caseId={page.case_id} />
    </>
  );
}

function VerdictForm({ page, role }: { page: CasePage; role: string | undefined }) {
  const act = useAct();
  const open = page.candidates.filter((one) => !isSettled(one));
  const [verdict, setVerdict] = useState<Verdict | "">("");
  const [candidate, setCandidate] = useState("");
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState("");
  const chosen = candidate === "" ? open : open.filter(({ candidate_id }) => candidate_id === candidate);
  const barred = cannotDecide(page, role, chosen);

  async function decide(event: FormEvent) {
    event.preventDefault();
    const made = await act.run(
      "fn_decide_case",
      { case_id: page.case_id, verdict, reason, ...(candidate === "" ? {} : { candidate_id: candidate }) },
      Decided,
    );
    if (made === undefined) return;
    setReason("");
    setVerdict("");
    setSaid(made.waiting_for === null ? "The case is decided." : `Recorded. It waits for ${made.waiting_for}.`);
  }

  return (
    <form onSubmit={decide} className="decide" aria-label="Your verdict">
      <fieldset>
        <legend>Your verdict</legend>
        {VERDICTS.map(([code, name, follows]) => (
          <label key={code} className="choice">
            <input
              type="radio"
              name="verdict"
              value={code}
              checked={verdict === code}
              onChange={() => setVerdict(code)}
            />
            <span>
              <strong>{name}.</strong> {follows}
              {page.second_person.includes(code) && " A second person has to confirm it."}
            </span>
          </label>
        ))}
      </fieldset>
      {open.length > 1 && (
        <label>
          On
          <select value={candidate} onChange={(event) => setCandidate(event.target.value)}>
            <option value="">all {open.length} that are undecided</option>
            {open.map((one) => (
              <option key={one.candidate_id} value={one.candidate_id}>
                {one.list} {one.entry_ref}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Reason, as colleagues and auditors will read it (no personal data)
        <textarea
          value={reason}
          rows={3}
          minLength={SHORTEST}
          maxLength={2000}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {barred !== null && <p className="hint">{barred}</p>}
      <p className="buttons">
        <button
          type="submit"
          className={verdict === "true_match" ? "danger" : undefined}
          disabled={act.busy || barred !== null || verdict === "" || reason.trim().length < SHORTEST}
        >
          Record the verdict
        </button>
      </p>
      <p role="status">{said}</p>
      <p role="alert" className="problem">
        {act.problem}
      </p>
    </form>
  );
}

function NoteForm({ caseId }: { caseId: string }) {
  const act = useAct();
  const [body, setBody] = useState("");
  async function note(event: FormEvent) {
    event.preventDefault();
    if ((await act.run("fn_note_case", { case_id: caseId, body }, z.string())) !== undefined) setBody("");
  }
  return (
    <form onSubmit={note} className="line" aria-label="A note">
      <label>
        Note for colleagues (no personal data; no investor reads it)
        <input value={body} maxLength={2000} onChange={(event) => setBody(event.target.value)} />
      </label>
      <button type="submit" className="quiet" disabled={act.busy || body.trim() === ""}>
        Add
      </button>
      <p role="alert" className="problem">
        {act.problem}
      </p>
    </form>
  );
}
