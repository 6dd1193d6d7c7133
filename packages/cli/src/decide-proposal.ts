// A person decides on the hash of what was looked at, whatever is proposed: trades, a NAV, a liquidity tool.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Answer, type Options, text } from "./command.ts";
import { type Context, requestIdOf } from "./context.ts";
import { inWords, plain } from "./output.ts";
import { findProposal, POSTINGS, type Proposal } from "./reads/proposals.ts";
import type { Session } from "./session.ts";
import { timeoutMs, until } from "./wait.ts";

const Decided = z.object({ proposal_id: z.string(), status: z.string(), workflow_id: z.string() });

/** What follows when enough people approved, in words. */
const APPLIED: Readonly<Record<string, string>> = {
  rebalancing: "applied",
  nav: "struck",
  lmt: "put to use",
  token: "begun on the chain",
};
const AT_WORK: Readonly<Record<string, string>> = {
  rebalancing: "Applying the allocations",
  nav: "Striking the NAV",
  lmt: "Putting the tool to use",
  token: "Beginning it on the chain",
};

/** Decides, and with --wait stays until what was decided is done. `kind`: what the command is for. Errors: EG400 for another kind. */
export async function decide(
  context: Context,
  decision: "approved" | "rejected",
  args: readonly (string | undefined)[],
  options: Options,
  kind?: string,
): Promise<Answer> {
  const proposalId = args[0] ?? "";
  const hash = text(options, "hash") ?? "";
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new EvergreenError("EG400", "--hash is the 64 hexadecimal digits that `evergreen proposals show` prints.");
  const limit = options.wait ? timeoutMs(text(options, "timeout")) : 0;
  const session = await context.session("pm_role");
  const { row } = await findProposal(session, proposalId);
  if (options.wait && (POSTINGS as readonly string[]).includes(row.kind))
    throw new EvergreenError(
      "EG400",
      "No run posts that by itself: the command that proposed it posts it once two people approved.",
    );
  if (kind !== undefined && row.kind !== kind)
    throw new EvergreenError(
      "EG400",
      `${row.proposal_id} is a proposal of kind ${plain(row.kind)}; use \`evergreen proposals approve\`.`,
    );
  const answer = await session.call(
    "fn_decide_proposal",
    {
      proposal_id: row.proposal_id,
      hash,
      decision,
      reason: text(options, "reason"),
      request_id: requestIdOf(text(options, "requestId")),
    },
    Decided,
  );
  const settled = options.wait
    ? await context.progress(AT_WORK[row.kind] ?? "Waiting", () => waitUntilSettled(session, row.proposal_id, limit))
    : await findProposal(session, row.proposal_id);
  const status = options.wait ? settled.row.status : answer.status;
  const version =
    options.wait && status === "applied" && row.kind === "rebalancing"
      ? await appliedVersion(session, row.proposal_id)
      : null;
  const isRefused = options.wait === true && status !== "applied" && decision === "approved";
  const given = settled.approvals.filter((approval) => approval.decision === "approved").length;
  return {
    json: {
      proposalId: row.proposal_id,
      kind: row.kind,
      status,
      workflowId: answer.workflow_id,
      approvals: given,
      approvalsNeeded: row.approvals_needed,
      allocationsVersion: version,
      refusal: settled.row.refusal,
    },
    text: isRefused
      ? `The proposal is ${status}: ${settled.row.refusal?.reason ?? "no reason given"}`
      : version !== null
        ? `Proposal ${row.proposal_id} is applied: allocations of ${row.fund.code} are now version ${version}.`
        : status === "pending"
          ? `Your approval is recorded; ${inWords(row.approvals_needed - given)} more ${row.approvals_needed - given === 1 ? "is" : "are"} needed, of somebody else:\n  npx --no-install evergreen proposals approve ${row.proposal_id} --hash ${row.hash} --as <another portfolio manager>`
          : `Proposal ${row.proposal_id} is ${status === "applied" ? (APPLIED[row.kind] ?? status) : status}.`,
    ...(isRefused ? { exit: EXIT.refused } : {}),
  };
}

/** Until it is applied, refused or taken back; while others have to approve, nothing is settled. */
function waitUntilSettled(session: Session, proposalId: string, limitMs: number): Promise<Proposal> {
  return until(
    limitMs,
    async () => {
      const found = await findProposal(session, proposalId);
      return found.row.status === "approved" || found.row.status === "pending" ? undefined : found;
    },
    "The proposal is not applied yet; look at it with `evergreen proposals show`, and at the workers with `evergreen status`.",
  );
}

async function appliedVersion(session: Session, proposalId: string): Promise<string | null> {
  const found = await session.one(
    "portfolio_allocations",
    "version::text",
    (query) => query.eq("proposal_id", proposalId),
    z.object({ version: z.string() }),
  );
  return found?.version ?? null;
}
