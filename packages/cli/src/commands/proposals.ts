// `proposals list|show|approve|reject`: a second person decides on the hash of what was looked at.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import {
  ANY_FUND,
  type Answer,
  type Command,
  type Options,
  REASON,
  REQUEST_ID,
  text,
  WAIT_SECONDS,
} from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { isoTime, money, table, when } from "../output.ts";
import { proposalText } from "../proposal-text.ts";
import { findFund } from "../reads/funds.ts";
import { findProposal, listProposals, type ProposalRow, proposalJson } from "../reads/proposals.ts";
import type { Session } from "../session.ts";
import { countOf, timeoutMs, until } from "../wait.ts";

const Decided = z.object({ proposal_id: z.string(), status: z.string(), workflow_id: z.string() });
const STATUSES = ["checking", "pending", "approved", "rejected", "expired", "refused", "applied", "withdrawn"] as const;
const ID = { name: "<id>", about: "id of the proposal" };
const HASH = { flags: "--hash <hash>", about: "hash of the proposal you looked at", required: true } as const;

async function decide(
  context: Context,
  decision: "approved" | "rejected",
  args: readonly (string | undefined)[],
  options: Options,
): Promise<Answer> {
  const proposalId = args[0] ?? "";
  const hash = text(options, "hash") ?? "";
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new EvergreenError(
      "EG400",
      "--hash is the 64 hexadecimal digits that `npx --no-install evergreen proposals show` prints.",
    );
  const limit = options.wait ? timeoutMs(text(options, "timeout")) : 0;
  const session = await context.session("pm_role");
  const { row } = await findProposal(session, proposalId);
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
    ? await context.progress("Applying the allocations", () => waitUntilSettled(session, row.proposal_id, limit))
    : undefined;
  const status = settled?.status ?? answer.status;
  const version = settled?.status === "applied" ? await appliedVersion(session, row.proposal_id) : null;
  const refused = settled !== undefined && settled.status !== "applied" && decision === "approved";
  return {
    json: {
      proposalId: row.proposal_id,
      status,
      workflowId: answer.workflow_id,
      allocationsVersion: version,
      refusal: settled?.refusal ?? null,
    },
    text: refused
      ? `The proposal is ${status}: ${settled.refusal?.reason ?? "no reason given"}`
      : version
        ? `Proposal ${row.proposal_id} is applied: allocations of ${row.fund.code} are now version ${version}.`
        : `Proposal ${row.proposal_id} is ${status}.`,
    ...(refused ? { exit: EXIT.refused } : {}),
  };
}

/** Approved, and not yet applied or taken back: the only states in which something is still to come. */
function waitUntilSettled(session: Session, proposalId: string, limitMs: number): Promise<ProposalRow> {
  return until(
    limitMs,
    async () => {
      const { row } = await findProposal(session, proposalId);
      return row.status === "approved" || row.status === "pending" ? undefined : row;
    },
    "The proposal is approved and not applied yet; look at it with `npx --no-install evergreen proposals show`, and at the workers with `npx --no-install evergreen status`.",
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

export const proposalCommands: readonly Command[] = [
  {
    path: "proposals list",
    summary: "Proposals, the newest first",
    options: [
      ANY_FUND,
      { flags: "--status <status>", about: "only those that are so", choices: STATUSES },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["proposals list", "proposals list --status pending"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const session = await context.session("pm_role");
      const fund = text(options, "fund");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const rows = await listProposals(session, { fundId, status: text(options, "status"), limit });
      return {
        json: rows.map((row) => ({
          proposalId: row.proposal_id,
          proposalHash: row.hash,
          fundCode: row.fund.code,
          kind: row.kind,
          status: row.status,
          trades: row.body.trades.length,
          cost: row.body.cost,
          currency: row.body.currency,
          requestedBy: row.requested_by,
          createdAt: isoTime(row.created_at),
          expiresAt: isoTime(row.expires_at),
        })),
        text: table(
          rows,
          [
            { header: "Proposal", value: (row) => row.proposal_id },
            { header: "Fund", value: (row) => row.fund.code },
            { header: "Status", value: (row) => row.status },
            { header: "Trades", value: (row) => String(row.body.trades.length), figure: true },
            { header: "Cost", value: (row) => `${money(row.body.cost)} ${row.body.currency}`, figure: true },
            { header: "Made at", value: (row) => when(row.created_at) },
            { header: "Decide by", value: (row) => (row.status === "pending" ? when(row.expires_at) : "–") },
          ],
          "No proposals. Ask for one with `npx --no-install evergreen rebalance --fund CODE --wait`.",
        ),
      };
    },
  },
  {
    path: "proposals show",
    summary: "One proposal: trades with reasons, cost, weights and liquidity before and after, checks, hash",
    arguments: [ID],
    examples: ["proposals show 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11"],
    role: "pm_role",
    run: async (context, args) => {
      const session = await context.session("pm_role");
      const proposal = await findProposal(session, args[0] ?? "");
      return { json: proposalJson(proposal), text: proposalText(proposal, session.people) };
    },
  },
  {
    path: "proposals approve",
    summary: "Approves the hash of a proposal, as another person than the one who asked for it",
    arguments: [ID],
    options: [
      HASH,
      REASON,
      { flags: "--wait", about: "return when the allocations are applied" },
      WAIT_SECONDS,
      REQUEST_ID,
    ],
    examples: [
      "proposals approve 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --hash H --as pm2@demo.evergreen.example --wait",
    ],
    role: "pm_role",
    run: (context, args, options) => decide(context, "approved", args, options),
  },
  {
    path: "proposals reject",
    summary: "Rejects the hash of a proposal with a reason",
    arguments: [ID],
    options: [HASH, { ...REASON, required: true }, REQUEST_ID],
    examples: [
      'proposals reject 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --hash H --reason "wait for the quarter end" --as pm2@demo.evergreen.example',
    ],
    role: "pm_role",
    run: (context, args, options) => decide(context, "rejected", args, options),
  },
];
