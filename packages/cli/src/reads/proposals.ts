// Proposals as rows: body and inputs as the rebalancing room writes them, the checks of the rooms, the memories it cites.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { TokenProposal } from "@evergreen-fund/domain/proposal-page.ts";
import { type PortfolioSide, ProposalBody } from "@evergreen-fund/domain/proposals.ts";
import { z } from "zod";
import { isoTime, plain, trimmedMoney } from "../output.ts";
import type { Session } from "../session.ts";
import { listClasses } from "./classes.ts";
import { isUuid } from "./funds.ts";
import { type ApprovalRow, approvalsOf } from "./strikes.ts";

const Inputs = z.looseObject({
  memory_ids: z.array(z.string()).default([]),
  mandate_version: z.union([z.string(), z.number()]).nullable().optional(),
});
const Refusal = z.object({ code: z.string().optional(), reason: z.string() }).nullable();

const Figure = z.union([z.string(), z.number()]);
/** What a NAV proposes: figures of the fund, and the value and price of each class. */
const NavBody = z.looseObject({
  nav_date: z.string(),
  version: Figure,
  reason: z.string().nullish(),
  total_assets: Figure,
  liabilities: Figure,
  performance_fee: Figure,
  nav: Figure,
  classes: z.array(z.looseObject({ share_class_id: z.string(), nav: Figure, nav_per_unit: Figure })),
});
/** A liquidity tool with the notice that people read before they decide. */
const ToolBody = z.looseObject({ tool: z.string(), notice: z.string() });

/** A posting that takes the consent of two people: what is posted, as fn_propose_posting has it. */
const PostingBody = z.looseObject({});
export const POSTINGS = ["cancellation", "crystallisation", "distribution", "in_kind"] as const;

const ProposalHead = z.object({
  proposal_id: z.string(),
  fund_id: z.string(),
  status: z.string(),
  hash: z.string(),
  inputs: Inputs,
  event_id: z.string(),
  workflow_id: z.string(),
  proposed_by: z.string(),
  requested_by: z.string(),
  approvals_needed: z.number(),
  expires_at: z.string(),
  created_at: z.string(),
  decided_at: z.string().nullable(),
  applied_at: z.string().nullable(),
  refusal: Refusal,
  fund: z.object({ code: z.string() }),
});
export const ProposalRow = z.discriminatedUnion("kind", [
  ProposalHead.extend({ kind: z.literal("rebalancing"), body: ProposalBody }),
  ProposalHead.extend({ kind: z.literal("nav"), body: NavBody }),
  ProposalHead.extend({ kind: z.literal("lmt"), body: ToolBody }),
  ProposalHead.extend({ kind: z.literal("token"), body: TokenProposal }),
  ProposalHead.extend({ kind: z.enum(POSTINGS), body: PostingBody }),
]);
export type ProposalRow = z.infer<typeof ProposalRow>;
export type RowOf<K extends ProposalRow["kind"]> = Extract<ProposalRow, { kind: K }>;

const CheckRow = z.object({
  room: z.string(),
  rule: z.string(),
  result: z.string(),
  value: z.string().nullable(),
  limit_value: z.string().nullable(),
  detail: z.string(),
});
export type CheckRow = z.infer<typeof CheckRow>;

const MemoryRow = z.object({
  memory_id: z.string(),
  text: z.string(),
  workflow_id: z.string().nullable(),
  langfuse_trace_id: z.string().nullable(),
  recorded_at: z.string(),
});
export type MemoryRow = z.infer<typeof MemoryRow>;

const COLUMNS =
  "proposal_id,fund_id,kind,status,hash,body,inputs,event_id,workflow_id,proposed_by,requested_by,approvals_needed,expires_at,created_at,decided_at,applied_at,refusal,fund:funds!proposals_fund_id_fkey(code)";

/** A proposal with what the rooms found and what it remembers. */
export interface Proposal {
  row: ProposalRow;
  checks: CheckRow[];
  memories: MemoryRow[];
  approvals: ApprovalRow[];
  /** Of the fund, where a NAV is proposed. */
  classCodes: ReadonlyMap<string, string>;
}

/** Errors: EG400 when that is no id, EG404 when the caller sees no such proposal. */
export async function findProposal(session: Session, proposalId: string): Promise<Proposal> {
  if (!isUuid(proposalId))
    throw new EvergreenError(
      "EG400",
      `${plain(proposalId)} is not a proposal id; see \`npx --no-install evergreen proposals list\`.`,
    );
  const row = await session.one("proposals", COLUMNS, (query) => query.eq("proposal_id", proposalId), ProposalRow);
  if (!row) throw new EvergreenError("EG404", `There is no proposal ${plain(proposalId)} that you may see.`);
  return withChecks(session, row);
}

/** The newest proposal of an event, or undefined while there is none. */
export async function proposalOfEvent(session: Session, eventId: string): Promise<ProposalRow | undefined> {
  return session.one(
    "proposals",
    COLUMNS,
    (query) => query.eq("event_id", eventId).order("created_at", { ascending: false }),
    ProposalRow,
  );
}

export async function withChecks(session: Session, row: ProposalRow): Promise<Proposal> {
  const cited = row.inputs.memory_ids.filter(isUuid);
  const [checks, memories, approvals, classes] = await Promise.all([
    session.read(
      "proposal_checks",
      "room,rule,result,value::text,limit_value::text,detail",
      (query) => query.eq("proposal_id", row.proposal_id).order("room").order("rule"),
      CheckRow,
    ),
    cited.length === 0 ? [] : memoriesWhere(session, (query) => query.in("memory_id", cited)),
    approvalsOf(session, row.proposal_id),
    row.kind === "nav" ? listClasses(session, row.fund_id) : [],
  ]);
  const classCodes = new Map(classes.map((shareClass) => [shareClass.share_class_id, shareClass.code]));
  return { row, checks, memories, approvals, classCodes };
}

export function memoriesWhere(session: Session, narrow: Parameters<Session["read"]>[2]): Promise<MemoryRow[]> {
  return session.read(
    "agent_memories",
    "memory_id,text,workflow_id,langfuse_trace_id,recorded_at",
    (query) => narrow(query).order("recorded_at"),
    MemoryRow,
  );
}

export interface ProposalFilter {
  fundId: string | undefined;
  status: string | undefined;
  limit: number;
}

/** The newest proposals first. */
export function listProposals(session: Session, filter: ProposalFilter): Promise<ProposalRow[]> {
  return session.read(
    "proposals",
    COLUMNS,
    (query) => {
      const byFund = filter.fundId === undefined ? query : query.eq("fund_id", filter.fundId);
      const byStatus = filter.status === undefined ? byFund : byFund.eq("status", filter.status);
      return byStatus.order("created_at", { ascending: false }).range(0, filter.limit - 1);
    },
    ProposalRow,
  );
}

/** The trades of a rebalancing; a NAV and a liquidity tool have none. */
export const tradesJson = (row: ProposalRow) =>
  row.kind !== "rebalancing"
    ? []
    : row.body.trades.map((trade) => ({
        assetId: trade.asset_id,
        name: trade.name,
        sleeve: trade.sleeve,
        side: trade.side,
        amount: trade.amount,
        cost: trade.cost,
        reason: trade.reason,
      }));

export const checksJson = (checks: readonly CheckRow[]) =>
  checks.map((check) => ({
    room: check.room,
    rule: check.rule,
    result: check.result,
    value: check.value,
    limit: check.limit_value,
    detail: check.detail,
  }));

export const memoriesJson = (memories: readonly MemoryRow[]) =>
  memories.map((memory) => ({
    memoryId: memory.memory_id,
    text: memory.text,
    workflowId: memory.workflow_id,
    traceId: memory.langfuse_trace_id,
    recordedAt: isoTime(memory.recorded_at),
  }));

const sideJson = (side: PortfolioSide) => ({
  netAssets: trimmedMoney(side.net_assets),
  cash: side.cash,
  sleeves: side.sleeves,
  liquidity: {
    assets30d: side.liquidity.assets_30d,
    required30d: side.liquidity.required_30d,
    ratio: side.liquidity.ratio,
  },
});

const rebalancingJson = (row: RowOf<"rebalancing">) => ({
  currency: row.body.currency,
  cost: row.body.cost,
  turnover: row.body.turnover,
  method: row.body.method,
  objective: row.body.objective,
  dualBound: row.body.dual_bound,
  mandateVersion:
    row.inputs.mandate_version === undefined || row.inputs.mandate_version === null
      ? null
      : String(row.inputs.mandate_version),
  words: row.body.words,
  steered: row.body.steered,
  widened: row.body.widened,
  before: sideJson(row.body.before),
  after: sideJson(row.body.after),
  trades: tradesJson(row),
});

/** Everything about a proposal for a script; one that several people decide on names who did. */
export const proposalJson = ({ row, checks, memories, approvals }: Proposal) => ({
  proposalId: row.proposal_id,
  proposalHash: row.hash,
  fundId: row.fund_id,
  fundCode: row.fund.code,
  kind: row.kind,
  status: row.status,
  eventId: row.event_id,
  workflowId: row.workflow_id,
  requestedBy: row.requested_by,
  proposedBy: row.proposed_by,
  createdAt: isoTime(row.created_at),
  expiresAt: isoTime(row.expires_at),
  decidedAt: isoTime(row.decided_at),
  appliedAt: isoTime(row.applied_at),
  refusal: row.refusal,
  ...(row.kind === "rebalancing"
    ? { ...rebalancingJson(row), checks: checksJson(checks), memories: memoriesJson(memories) }
    : {
        body: row.body,
        inputs: row.inputs,
        approvalsNeeded: row.approvals_needed,
        approvals: approvals.map((approval) => ({
          decision: approval.decision,
          by: `user:${approval.decided_by}`,
          reason: approval.reason,
          at: isoTime(approval.decided_at),
        })),
      }),
});
