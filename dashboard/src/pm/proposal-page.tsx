// One proposal as a person decides on it: what it would change, what the rooms found, what is remembered; approve or reject, with the keyboard too.
import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { z } from "zod";
import { useRow } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { ChecksTable } from "./checks-table.tsx";
import { NavBody } from "./nav-body.tsx";
import { RebalancingBody } from "./rebalancing-body.tsx";

const Proposal = z.object({
  proposal_id: z.uuid(),
  kind: z.string(),
  status: z.string(),
  hash: z.string(),
  body: z.record(z.string(), z.unknown()),
  proposed_by: z.string(),
  requested_by: z.string(),
  approvals_needed: z.int(),
  expires_at: z.string(),
  workflow_id: z.string(),
  fund: z.object({ code: z.string(), currency: z.string() }),
  approvals: z.array(
    z.object({ decision: z.string(), decided_by: z.string(), decided_at: z.string(), reason: z.string().nullable() }),
  ),
});
type Proposal = z.infer<typeof Proposal>;

const COLUMNS =
  "proposal_id,kind,status,hash,body,proposed_by,requested_by,approvals_needed,expires_at,workflow_id,fund:funds!proposals_fund_id_fkey(code,currency:base_currency),approvals(decision,decided_by,decided_at,reason)";

export default function ProposalPage() {
  const { proposalId } = useParams({ from: "/pm/proposals/$proposalId" });
  const query = useRow("proposals", COLUMNS, "proposal_id", proposalId, Proposal);
  return (
    <>
      <h1 tabIndex={-1}>Proposal</h1>
      <ReadState query={query}>
        {(proposal) =>
          proposal === null ? (
            <p className="empty">There is no such proposal that you may see.</p>
          ) : (
            <Shown proposal={proposal} />
          )
        }
      </ReadState>
    </>
  );
}

function Shown({ proposal }: { proposal: Proposal }) {
  const { person } = useSession();
  const me = `user:${person?.userId}`;
  const decided = proposal.approvals.some(({ decided_by }) => decided_by === person?.userId);
  const asked = [proposal.requested_by, proposal.proposed_by].includes(me);
  // a hint: the database has the last word
  const may = person?.role === "pm_role" && proposal.status === "pending" && !asked && !decided;
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="what">
        <h2 id="what">
          {nameOf(proposal.kind)} of {proposal.fund.code}: <span data-figure="status">{nameOf(proposal.status)}</span>
        </h2>
        <p>
          {proposal.approvals.filter(({ decision }) => decision === "approved").length} of {proposal.approvals_needed}{" "}
          approvals · decide before {time(proposal.expires_at)} · run{" "}
          <code className="hash">{proposal.workflow_id}</code>
        </p>
        {proposal.approvals.map((approval) => (
          <p key={approval.decided_at + approval.decided_by}>
            {nameOf(approval.decision)} by <code className="hash">{approval.decided_by}</code>,{" "}
            {time(approval.decided_at)}
            {approval.reason !== null && `: ${approval.reason}`}
          </p>
        ))}
        {asked && proposal.status === "pending" && <p className="hint">You asked for it: somebody else decides.</p>}
        {decided && proposal.status === "pending" && <p className="hint">You have decided. Somebody else must, too.</p>}
        <p className="faint hash">What is approved is this: SHA-256 {proposal.hash}</p>
        {may && <DecisionForm proposal={proposal} />}
      </section>
      {proposal.kind === "rebalancing" && <RebalancingBody body={proposal.body} />}
      {proposal.kind === "nav" && <NavBody body={proposal.body} currency={proposal.fund.currency} />}
      {!["rebalancing", "nav"].includes(proposal.kind) && (
        <section className="tile across" aria-labelledby="body">
          <h2 id="body">What it says</h2>
          <pre className="scroll">{JSON.stringify(proposal.body, null, 2)}</pre>
        </section>
      )}
      <ChecksTable proposalId={proposal.proposal_id} />
    </div>
  );
}

type Decision = "approved" | "rejected";

function DecisionForm({ proposal }: { proposal: Proposal }) {
  const { supabase } = useSession();
  const cache = useQueryClient();
  const [choice, setChoice] = useState<Decision | null>(null);
  const [reason, setReason] = useState("");
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  const confirm = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const writing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "a") setChoice("approved");
      if (event.key === "r") setChoice("rejected");
      if (event.key === "Escape") setChoice(null);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  useEffect(() => {
    if (choice !== null) confirm.current?.focus();
  }, [choice]);

  async function decide(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setMessage("");
    const { error } = await supabase.rpc("fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: choice,
      reason: reason === "" ? null : reason,
      // the same decision sent twice is one
      request_id: `dashboard/${proposal.proposal_id}/${proposal.hash.slice(0, 12)}/${choice}`,
    });
    setBusy(false);
    if (error !== null)
      setMessage(error.code ? error.message : "The server does not answer: nothing is decided yet. Try again.");
    await cache.invalidateQueries();
  }

  return (
    <form onSubmit={decide} className="decide">
      {choice === null ? (
        <p className="buttons">
          <button type="button" aria-keyshortcuts="a" onClick={() => setChoice("approved")}>
            Approve … <kbd>a</kbd>
          </button>
          <button type="button" className="quiet" aria-keyshortcuts="r" onClick={() => setChoice("rejected")}>
            Reject … <kbd>r</kbd>
          </button>
        </p>
      ) : (
        <>
          <p className="buttons">
            <button
              ref={confirm}
              type="submit"
              disabled={busy}
              className={choice === "rejected" ? "danger" : undefined}
            >
              {choice === "approved" ? "Yes, approve" : "Yes, reject"}
            </button>
            <button type="button" className="quiet" aria-keyshortcuts="Escape" onClick={() => setChoice(null)}>
              Not yet <kbd>Esc</kbd>
            </button>
          </p>
          <label>
            Reason, as others will read it (not needed)
            <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
          </label>
        </>
      )}
      <p role="alert" className="problem">
        {message}
      </p>
    </form>
  );
}
