// What a dealing day waits for: the clock, an input, two people, cash, or the workers.
import { isoTime } from "../output.ts";
import type { Session } from "../session.ts";
import type { DayRow } from "./deals.ts";
import { openPayments } from "./orders.ts";
import { approvalsOf, inputsOf, proposalOf, type StrikeRow } from "./strikes.ts";

export type WaitsFor =
  | { kind: "cut_off"; until: string | null }
  | { kind: "inputs"; blockers: { label: string; blockedBy: string; ageDays: number }[] }
  | { kind: "approvals"; proposalId: string; hash: string; approvals: number; needed: number }
  | { kind: "proposal"; status: string }
  | { kind: "cash"; orders: number }
  | { kind: "suspension" }
  | { kind: "workers"; workflowId: string | null };

/** Whether only people, or the clock, can bring the day on. */
export const needsPeople = (waits: WaitsFor | null): boolean => waits !== null && waits.kind !== "workers";

/** Null: the day is closed. */
export async function waitsFor(
  session: Session,
  day: DayRow,
  strike: StrikeRow | undefined,
  now: number,
): Promise<WaitsFor | null> {
  const workers: WaitsFor = { kind: "workers", workflowId: day.workflow_id };
  switch (day.status) {
    case "closed":
      return null;
    case "suspended":
      return { kind: "suspension" };
    case "open":
      return Date.parse(isoTime(day.cut_off_at) ?? "") > now
        ? { kind: "cut_off", until: isoTime(day.cut_off_at) }
        : workers;
    case "inputs_frozen": {
      const blocked = strike === undefined ? [] : await inputsOf(session, strike.strike_id);
      const blockers = blocked.flatMap((row) =>
        row.blocked_by === null ? [] : [{ label: row.label, blockedBy: row.blocked_by, ageDays: row.age_days }],
      );
      return blockers.length > 0 ? { kind: "inputs", blockers } : workers;
    }
    case "nav_proposed":
      return strike?.proposal_id ? await decisionOn(session, strike.proposal_id, workers) : workers;
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
