// One proposal as a person decides on it: what is asked and why, before and after, what the rooms found, what is remembered; approve or reject, with the keyboard too.
import { ProposalPage as Page } from "@evergreen-fund/domain/proposal-page.ts";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { Who } from "../ops/who.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { wordsWithout } from "../words/hidden.ts";
import { nameOf } from "../words/names.ts";
import { ChecksTable } from "./checks-table.tsx";
import { MemoriesTile } from "./memories-tile.tsx";
import { Blocks } from "./proposal-blocks.tsx";
import { viewOf } from "./proposal-views.ts";

type Proposal = Page["proposal"];

export default function ProposalPage() {
  const { proposalId } = useParams({ from: "/pm/proposals/$proposalId" });
  const query = useRpc("fn_read_proposal", { proposal_id: proposalId }, Page.nullable());
  return (
    <>
      <h1 tabIndex={-1}>Proposal</h1>
      <ReadState query={query}>
        {(page) =>
          page === null ? <p className="empty">There is no such proposal that you may see.</p> : <Shown page={page} />
        }
      </ReadState>
    </>
  );
}

function Shown({ page }: { page: Page }) {
  const { proposal, approvals, checks, memories } = page;
  const { person } = useSession();
  const me = `user:${person?.userId}`;
  const decided = approvals.some(({ decided_by }) => decided_by === person?.userId);
  const asked = [proposal.requested_by, proposal.proposed_by].includes(me);
  // a hint: the database has the last word
  const may = person?.role === "pm_role" && proposal.status === "pending" && !asked && !decided;
  const view = viewOf(page);
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="what">
        <h2 id="what">
          {nameOf(proposal.kind)} of {proposal.fund.code}: <span data-figure="status">{nameOf(proposal.status)}</span>
        </h2>
        <p>
          <strong data-figure="asks">{view.asks}.</strong>
        </p>
        {view.why !== null && <p data-figure="why">Why: {wordsWithout(view.why)}</p>}
        {view.effect !== "" && <p>What an approval brings about: {view.effect}</p>}
        {!view.known && (
          <p className="hint">
            This page has no words for it yet: below stands every value of it by its name, as the hash covers them.
          </p>
        )}
        <p>
          {approvals.filter(({ decision }) => decision === "approved").length} of {proposal.approvals_needed} approvals
          {proposal.status === "pending" && <> · decide before {time(proposal.expires_at)}</>}
        </p>
        <WhoAsked page={page} />
        {approvals.map((approval) => (
          <p key={approval.decided_at + approval.decided_by}>
            {nameOf(approval.decision)} by <Who actor={`user:${approval.decided_by}`} />, {time(approval.decided_at)}
            {approval.reason !== null && `: ${approval.reason}`}
          </p>
        ))}
        {proposal.refusal !== null && <p className="problem">It came to nothing: {wordsWithout(proposal.refusal)}</p>}
        {asked && proposal.status === "pending" && <p className="hint">You asked for it: somebody else decides.</p>}
        {decided && proposal.status === "pending" && <p className="hint">You have decided. Somebody else must, too.</p>}
        <p className="faint hash">What is approved is this: SHA-256 {proposal.hash}</p>
        {may && <DecisionForm proposal={proposal} />}
      </section>
      <Blocks blocks={view.blocks} />
      {(checks.length > 0 || proposal.kind === "rebalancing") && <ChecksTable checks={checks} />}
      {proposal.kind === "rebalancing" && <MemoriesTile memories={memories} />}
    </div>
  );
}

/** Who asked, when, by which event and run, and for which dealing day. */
function WhoAsked({ page: { proposal, refers } }: { page: Page }) {
  return (
    <p>
      Asked for by <Who actor={proposal.requested_by} />
      {proposal.proposed_by !== proposal.requested_by && (
        <>
          , written by <Who actor={proposal.proposed_by} />
        </>
      )}
      , {time(proposal.created_at)}
      {refers.day !== null && (
        <>
          {" "}
          ·{" "}
          <Link to="/pm/dealing" search={{ day: refers.day.dealing_day_id }}>
            dealing day {refers.day.date}, class {refers.day.class}
          </Link>
        </>
      )}{" "}
      ·{" "}
      <Link to="/audit/timeline" search={{ of: proposal.proposal_id }}>
        what happened to it
      </Link>{" "}
      · run <code className="hash">{proposal.workflow_id}</code>
    </p>
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
