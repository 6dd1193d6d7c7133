// What a dealing day waits for: the clock, an input, two people, cash, or the workers.
import { z } from "zod";
import { isoTime } from "../output.ts";
import type { Session } from "../session.ts";
import { listClasses } from "./classes.ts";
import { type DayRow, listDays } from "./deals.ts";
import { openPayments } from "./orders.ts";
import { approvalsOf, inputsOf, proposalOf, type StrikeRow } from "./strikes.ts";

export type WaitsFor =
  | { kind: "cut_off"; until: string | null }
  | { kind: "days"; days: { class: string; date: string; status: string }[] }
  | { kind: "inputs"; blockers: { label: string; blockedBy: string; ageDays: number | null }[] }
  | { kind: "approvals"; proposalId: string; hash: string; approvals: number; needed: number }
  | { kind: "tool"; tool: string; proposalId: string; hash: string; approvals: number; needed: number }
  | { kind: "proposal"; status: string }
  | { kind: "cash"; orders: number }
  | { kind: "suspension" }
  | { kind: "workers"; workflowId: string | null };

/** Whether only people, or the clock, can bring the day on. */
export const needsPeople = (waits: WaitsFor | null): boolean => waits !== null && waits.kind !== "workers";

/** Null: the day is over. */
export async function waitsFor(
  session: Session,
  day: DayRow,
  strike: StrikeRow | undefined,
  now: number,
): Promise<WaitsFor | null> {
  const workers: WaitsFor = { kind: "workers", workflowId: day.workflow_id };
  switch (day.status) {
    case "closed":
    case "discarded":
      return null;
    case "suspended":
      return { kind: "suspension" };
    case "open":
      return Date.parse(isoTime(day.cut_off_at) ?? "") > now
        ? { kind: "cut_off", until: isoTime(day.cut_off_at) }
        : workers;
    case "cut_off":
      return (await otherDays(session, day)) ?? workers;
    case "inputs_frozen": {
      const blockers = strike === undefined ? [] : await blockersOf(session, strike);
      return blockers.length > 0 ? { kind: "inputs", blockers } : ((await otherDays(session, day)) ?? workers);
    }
    case "nav_proposed":
      return (
        (await toolAsked(session, day)) ??
        (strike?.proposal_id ? await decisionOn(session, strike.proposal_id, workers) : workers)
      );
    case "claimable": {
      const orders = await openPayments(session, day.dealing_day_id);
      return orders > 0 ? { kind: "cash", orders } : workers;
    }
    default:
      return workers;
  }
}

async function decisionOn(session: Session, proposalId: string, workers: WaitsFor): Promise<WaitsFor> {
  const [proposal, approvals] = await Promise.all([proposalOf(session, proposalId), approvalsOf(session, proposalId)]);
  if (proposal === undefined || proposal.status === "approved" || proposal.status === "applied") return workers;
  if (proposal.status !== "pending") return { kind: "proposal", status: proposal.status };
  return {
    kind: "approvals",
    proposalId,
    hash: proposal.hash,
    approvals: approvals.filter((row) => row.decision === "approved").length,
    needed: proposal.approvals_needed,
  };
}

/** Inputs that are held back, and what stands in the way of the whole. */
async function blockersOf(session: Session, strike: StrikeRow) {
  const inputs = (await inputsOf(session, strike.strike_id)).flatMap((row) =>
    row.blocked_by === null ? [] : [{ label: row.label, blockedBy: row.blocked_by, ageDays: row.age_days }],
  );
  const draft = Draft.safeParse(strike.body);
  const others = draft.success ? draft.data.draft.blockers : [];
  return [...inputs, ...others.map(({ code, words }) => ({ label: code, blockedBy: words, ageDays: null }))];
}

const Draft = z.object({
  draft: z.object({ blockers: z.array(z.object({ code: z.string(), words: z.string() })).default([]) }),
});
const POSTED = ["posted", "claimable", "settled", "closed", "suspended", "discarded"];

/** One NAV per fund and date, over the register as it stands: other classes are past their cut-off, and earlier days are posted. */
async function otherDays(session: Session, day: DayRow): Promise<WaitsFor | undefined> {
  const [days, classes] = await Promise.all([
    listDays(session, { fundId: day.fund_id, classId: undefined, status: undefined, limit: 100 }),
    listClasses(session, day.fund_id),
  ]);
  const codes = new Map(classes.map((row) => [row.share_class_id, row.code]));
  const open = days.filter(
    (row) =>
      row.dealing_day_id !== day.dealing_day_id &&
      (row.dealing_date === day.dealing_date
        ? row.status === "open"
        : row.dealing_date < day.dealing_date && !POSTED.includes(row.status)),
  );
  if (open.length === 0) return undefined;
  return {
    kind: "days",
    days: open.map((row) => ({
      class: codes.get(row.share_class_id) ?? row.share_class_id,
      date: row.dealing_date,
      status: row.status,
    })),
  };
}

/** A liquidity tool that the run of the day asked people for. */
async function toolAsked(session: Session, day: DayRow): Promise<WaitsFor | undefined> {
  if (day.workflow_id === null) return undefined;
  const asked = await pendingTool(session, day.workflow_id);
  if (asked === undefined) return undefined;
  const approvals = await approvalsOf(session, asked.proposal_id);
  return {
    kind: "tool",
    tool: asked.body.tool,
    proposalId: asked.proposal_id,
    hash: asked.hash,
    approvals: approvals.filter((row) => row.decision === "approved").length,
    needed: asked.approvals_needed,
  };
}

const ToolProposal = z.object({
  proposal_id: z.string(),
  hash: z.string(),
  approvals_needed: z.number(),
  body: z.looseObject({ tool: z.string() }),
});

function pendingTool(session: Session, workflowId: string): Promise<z.infer<typeof ToolProposal> | undefined> {
  return session.one(
    "proposals",
    "proposal_id,hash,approvals_needed,body",
    (query) => query.eq("workflow_id", workflowId).eq("kind", "lmt").eq("status", "pending"),
    ToolProposal,
  );
}
