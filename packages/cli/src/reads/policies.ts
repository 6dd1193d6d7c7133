// Dealing terms and liquidity tools as they are in force, and what people have put to use.
import { DealingPolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import type { Session } from "../session.ts";

const PolicyRow = z.object({
  policy_id: z.string(),
  version: z.number(),
  effective_from: z.string(),
  body: z.record(z.string(), z.unknown()),
  hash: z.string(),
  set_by: z.string(),
  recorded_at: z.string(),
});
export type PolicyRow = z.infer<typeof PolicyRow>;
const COLUMNS = "policy_id,version,effective_from,body,hash,set_by,recorded_at";
const ToolsRow = PolicyRow.extend({ pack: z.string() });
export type ToolsRow = z.infer<typeof ToolsRow>;

/** All versions of a class's dealing terms, the one that takes effect last first. */
export function termsOf(session: Session, classId: string): Promise<PolicyRow[]> {
  return session.read(
    "dealing_policies",
    COLUMNS,
    (query) =>
      query
        .eq("share_class_id", classId)
        .order("effective_from", { ascending: false })
        .order("version", { ascending: false }),
    PolicyRow,
  );
}

/** All versions of a fund's liquidity tools, the one that takes effect last first. */
export function toolsOf(session: Session, fundId: string): Promise<ToolsRow[]> {
  return session.read(
    "lmt_policies",
    `${COLUMNS},pack`,
    (query) =>
      query.eq("fund_id", fundId).order("effective_from", { ascending: false }).order("version", { ascending: false }),
    ToolsRow,
  );
}

/** The version in force on a day: the greatest effective date up to it, then the greatest version. */
export const inForce = <T extends PolicyRow>(rows: readonly T[], day: string): T | undefined =>
  rows.find((row) => row.effective_from <= day);

/** The body as this version of Evergreen reads it, or undefined when it does not. */
export const termsBody = (row: PolicyRow | undefined): DealingPolicy | undefined =>
  row === undefined ? undefined : DealingPolicy.safeParse(row.body).data;
export const toolsBody = (row: PolicyRow | undefined): LmtPolicy | undefined =>
  row === undefined ? undefined : LmtPolicy.safeParse(row.body).data;

const ActivationRow = z.object({
  activation_id: z.string(),
  tool: z.string(),
  trigger: z.record(z.string(), z.unknown()),
  status: z.enum(["proposed", "active", "ended"]),
  proposal_id: z.string(),
  notice: z.string(),
  active_from: z.string().nullable(),
  active_until: z.string().nullable(),
  end_reason: z.string().nullable(),
  nca_notified_at: z.string().nullable(),
  created_at: z.string(),
  proposal: z.object({
    status: z.string(),
    hash: z.string(),
    approvals_needed: z.number(),
    expires_at: z.string(),
  }),
});
export type ActivationRow = z.infer<typeof ActivationRow>;

/** Liquidity tools that were proposed or used, the newest first. */
export function activationsOf(session: Session, fundId: string): Promise<ActivationRow[]> {
  return session.read(
    "lmt_activations",
    "activation_id,tool,trigger,status,proposal_id,notice,active_from,active_until,end_reason,nca_notified_at,created_at,proposal:proposals!lmt_activations_proposal_id_fkey(status,hash,approvals_needed,expires_at)",
    (query) => query.eq("fund_id", fundId).order("created_at", { ascending: false }),
    ActivationRow,
  );
}

/** The use of a tool that is not over: the newest that is active, or proposed and may still be decided. */
export async function standingUse(session: Session, fundId: string, tool: string): Promise<ActivationRow | undefined> {
  const rows = (await activationsOf(session, fundId)).filter((row) => row.tool === tool);
  return (
    rows.find((row) => row.status === "active") ??
    rows.find((row) => row.status === "proposed" && ["pending", "approved"].includes(row.proposal.status))
  );
}
