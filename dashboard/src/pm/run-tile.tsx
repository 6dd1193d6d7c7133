// A rebalancing that was asked for, followed: the run while it goes on, then its proposal, or why there is none.
import { Link } from "@tanstack/react-router";
import { z } from "zod";
import { useRow, useRows } from "../api/read.ts";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

const Run = z.object({
  workflow_id: z.string(),
  status: z.string(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
});
const Proposal = z.object({ proposal_id: z.uuid(), status: z.string() });

export function RunTile({ eventId }: { eventId: string }) {
  const run = useRow(
    "workflow_runs",
    "workflow_id,status,started_at,ended_at,metadata",
    "workflow_id",
    `event/${eventId}`,
    Run,
  );
  const proposals = useRows("proposals", "proposal_id,status", "event_id", eventId, Proposal);
  const [proposal] = proposals.data ?? [];
  const reason = run.data?.metadata.reason;
  return (
    <p className="hint" role="status" data-figure="run">
      {proposal !== undefined && proposal.status !== "checking" ? (
        <>
          <Link to="/pm/proposals/$proposalId" params={{ proposalId: proposal.proposal_id }}>
            The proposal
          </Link>{" "}
          stands: {nameOf(proposal.status)}.
        </>
      ) : run.data?.ended_at ? (
        <>
          The run has ended without a proposal: {nameOf(run.data.status)}
          {typeof reason === "string" && `, ${reason}`}.
        </>
      ) : proposal !== undefined ? (
        <>
          <progress aria-label="The rooms check the trades" /> The trades are computed; the rooms check them.
        </>
      ) : (
        <>
          <progress aria-label="The run computes the trades" />{" "}
          {run.data
            ? `The run began ${time(run.data.started_at)} and computes the trades.`
            : "Asked for: the run begins."}
        </>
      )}
    </p>
  );
}
