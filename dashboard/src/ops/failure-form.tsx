// What can be done about a failure beside trying again: leave it, with the reason and where money is concerned a second person; or hand it to a role.
import type { Troubles } from "@evergreen-fund/domain/desk-pages.ts";
import { type FormEvent, useState } from "react";
import { z } from "zod";
import { useSession } from "../api/session.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { useAct } from "./act.ts";
import { Who } from "./who.tsx";

export interface Failure {
  kind: "event" | "batch" | "run";
  subject: string;
  what: string;
  skip: Troubles["runs"][number]["skip"];
  escalated: Troubles["runs"][number]["escalated"];
}

const LEAST_WORDS = 10;
const Stepped = z.object({ step_id: z.string(), done: z.boolean() });

/** In a day from now, by the clock of whoever fills it in. */
function tomorrow(): string {
  const at = new Date(Date.now() + 86_400_000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What people decided so far, in words. */
export function Decided({ failure: { skip, escalated } }: { failure: Failure }) {
  if (skip === null && escalated === null) return "nothing";
  return (
    <>
      {escalated !== null && (
        <span>
          {nameOf(escalated.to_role)}, due {time(escalated.due_at)}: {escalated.reason}{" "}
        </span>
      )}
      {skip !== null && (
        <span>
          <Who actor={skip.by} /> asked to leave it: {skip.reason}. A second person confirms.
        </span>
      )}
    </>
  );
}

export function FailureForm({ failure, close }: { failure: Failure; close: () => void }) {
  const { person } = useSession();
  const act = useAct();
  const [chosen, setChosen] = useState<"skip" | "escalate">("skip");
  const [reason, setReason] = useState("");
  const [role, setRole] = useState("pm_role");
  const [due, setDue] = useState(tomorrow);
  const [waits, setWaits] = useState(false);
  const of = { kind: failure.kind, subject: failure.subject };
  const { skip } = failure;
  // what somebody asked to leave already can only be confirmed, or handed on
  const action = skip === null ? chosen : "escalate";
  async function send(event: FormEvent) {
    event.preventDefault();
    const answer =
      action === "skip"
        ? await act.run("fn_skip_failure", { ...of, reason }, Stepped)
        : await act.run(
            "fn_escalate_failure",
            { ...of, to_role: role, due_at: new Date(due).toISOString(), reason },
            Stepped,
          );
    if (answer === undefined) return;
    if (answer.done) close();
    else setWaits(true);
  }
  async function confirm() {
    if ((await act.run("fn_confirm_skip", { step_id: skip?.step_id }, Stepped)) !== undefined) close();
  }
  return (
    <form className="hint" onSubmit={send} aria-label={`What to do about ${failure.what}`}>
      <p>
        <strong>{failure.what}</strong> <code>{failure.subject}</code>. What was done before stays done, whatever is
        chosen here.
      </p>
      {skip !== null && (
        <p className="buttons">
          {skip.by === `user:${person?.userId}` ? (
            "You asked to leave it; somebody else confirms."
          ) : (
            <button type="button" disabled={act.busy} onClick={() => void confirm()}>
              Confirm that it is left
            </button>
          )}
        </p>
      )}
      <div className="filters">
        <label>
          Do
          <select value={action} onChange={(event) => setChosen(event.target.value as "skip" | "escalate")}>
            {skip === null && <option value="skip">Leave it</option>}
            <option value="escalate">Escalate</option>
          </select>
        </label>
        {action === "escalate" && (
          <>
            <label>
              To
              <select value={role} onChange={(event) => setRole(event.target.value)}>
                <option value="pm_role">Portfolio managers</option>
                <option value="ops_role">Operations</option>
              </select>
            </label>
            <label>
              Due
              <input type="datetime-local" value={due} onChange={(event) => setDue(event.target.value)} required />
            </label>
          </>
        )}
        <label>
          Why (no personal data)
          <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} required />
        </label>
      </div>
      <p>
        {action === "skip"
          ? "It is taken off the desk and stays on record. Where money or units are concerned, a second person confirms first. It can still be handed over again."
          : "It stays on the desk, due at that time, and says whose it is."}
      </p>
      <p className="buttons">
        <button type="submit" disabled={act.busy || (waits && action === "skip") || reason.trim().length < LEAST_WORDS}>
          {action === "skip" ? "Leave it" : "Escalate"}
        </button>
        <button type="button" className="quiet" onClick={close}>
          Close
        </button>
      </p>
      <p role="status">{waits && "Asked. It concerns money or units: a second person confirms before it is left."}</p>
      <p role="alert" className="problem">
        {act.problem}
      </p>
    </form>
  );
}
