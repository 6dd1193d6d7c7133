// `proposals list|show|approve|reject`: a second person decides on the hash of what was looked at.
import { ANY_FUND, type Command, REASON, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { decide } from "../decide-proposal.ts";
import { isoTime, table, when } from "../output.ts";
import { proposalText, subjectOf } from "../proposal-text.ts";
import { findFund } from "../reads/funds.ts";
import { findProposal, listProposals, proposalJson } from "../reads/proposals.ts";
import { countOf } from "../wait.ts";

const STATUSES = ["checking", "pending", "approved", "rejected", "expired", "refused", "applied", "withdrawn"] as const;
const ID = { name: "<id>", about: "id of the proposal" };
const HASH = { flags: "--hash <hash>", about: "hash of the proposal you looked at", required: true } as const;

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
          ...(row.kind === "rebalancing"
            ? { trades: row.body.trades.length, cost: row.body.cost, currency: row.body.currency }
            : {}),
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
            { header: "Of what", value: subjectOf, most: 48 },
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
    summary: "One proposal (trades, a NAV, a liquidity tool) with all that a second person decides on, and its hash",
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
      { flags: "--wait", about: "return when what was approved is done" },
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
