// NAV strikes as rows: state, inputs with their ages, prices of the classes, and the proposal that two people decide on.
import { z } from "zod";
import type { Session } from "../session.ts";

const StrikeRow = z.object({
  strike_id: z.string(),
  fund_id: z.string(),
  nav_date: z.string(),
  version: z.number(),
  state: z.enum(["estimated", "provisional", "final", "restated"]),
  inputs_hash: z.string(),
  total_assets: z.string().nullable(),
  liabilities: z.string().nullable(),
  gnav: z.string().nullable(),
  performance_fee: z.string().nullable(),
  nav: z.string().nullable(),
  proposal_id: z.string().nullable(),
  supersedes: z.string().nullable(),
  reason: z.string().nullable(),
  recorded_at: z.string(),
  body: z.record(z.string(), z.unknown()),
});
export type StrikeRow = z.infer<typeof StrikeRow>;
const COLUMNS =
  "strike_id,fund_id,nav_date,version,state,inputs_hash,total_assets::text,liabilities::text,gnav::text,performance_fee::text,nav::text,proposal_id,supersedes,reason,recorded_at,body";

const InputRow = z.object({
  input_id: z.string(),
  asset_id: z.string().nullable(),
  kind: z.string(),
  label: z.string(),
  value: z.string(),
  as_of: z.string(),
  source: z.string(),
  age_days: z.number(),
  blocked_by: z.string().nullable(),
  mark: z.string().nullable(),
  beta: z.string().nullable(),
  index_series: z.string().nullable(),
  index_at_mark: z.string().nullable(),
  index_now: z.string().nullable(),
  payments: z.array(z.object({ on: z.string(), amount: z.string(), index: z.string() })).nullable(),
});
export type InputRow = z.infer<typeof InputRow>;

const ClassNavRow = z.object({
  share_class_id: z.string(),
  nav: z.string(),
  units: z.string(),
  nav_per_unit: z.string(),
  performance_accrued: z.string(),
  dealing_price_sub: z.string().nullable(),
  dealing_price_red: z.string().nullable(),
  swing_factor: z.string(),
  published_at: z.string().nullable(),
});
export type ClassNavRow = z.infer<typeof ClassNavRow>;

const ApprovalRow = z.object({
  proposal_hash: z.string(),
  decision: z.string(),
  decided_by: z.string(),
  reason: z.string().nullable(),
  decided_at: z.string(),
});
export type ApprovalRow = z.infer<typeof ApprovalRow>;

const NavProposalRow = z.object({
  proposal_id: z.string(),
  status: z.string(),
  hash: z.string(),
  kind: z.string(),
  body: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), z.unknown()),
  approvals_needed: z.number(),
  proposed_by: z.string(),
  requested_by: z.string(),
  expires_at: z.string(),
});
export type NavProposalRow = z.infer<typeof NavProposalRow>;

/** The strike with this id, or undefined when the caller sees none. */
export function strikeById(session: Session, strikeId: string): Promise<StrikeRow | undefined> {
  return session.one("nav_strikes", COLUMNS, (query) => query.eq("strike_id", strikeId), StrikeRow);
}

/** Every version of every NAV of a fund, the newest first. */
export async function strikesOf(session: Session, fundId: string): Promise<StrikeRow[]> {
  const rows = await session.all(
    "nav_strikes",
    COLUMNS,
    "strike_id",
    (row) => row.strike_id,
    (query) => query.eq("fund_id", fundId),
    StrikeRow,
  );
  return rows.sort((a, b) => (a.nav_date === b.nav_date ? b.version - a.version : a.nav_date < b.nav_date ? 1 : -1));
}

/** The final version of a fund's NAV of a date. */
export function finalStrike(session: Session, fundId: string, date: string): Promise<StrikeRow | undefined> {
  return session.one(
    "nav_strikes",
    COLUMNS,
    (query) => query.eq("fund_id", fundId).eq("nav_date", date).eq("state", "final"),
    StrikeRow,
  );
}

/** The newest version of a fund's NAV of a date, or of its newest date. */
export function newestStrike(
  session: Session,
  fundId: string,
  date: string | undefined,
): Promise<StrikeRow | undefined> {
  return session.one(
    "nav_strikes",
    COLUMNS,
    (query) =>
      (date === undefined ? query.eq("fund_id", fundId) : query.eq("fund_id", fundId).eq("nav_date", date))
        .order("nav_date", { ascending: false })
        .order("version", { ascending: false }),
    StrikeRow,
  );
}

/** Frozen inputs, in the order of kind and label. */
export async function inputsOf(session: Session, strikeId: string): Promise<InputRow[]> {
  const rows = await session.all(
    "nav_inputs",
    "input_id,asset_id,kind,label,value::text,as_of,source,age_days,blocked_by,mark::text,beta::text,index_series,index_at_mark::text,index_now::text,payments",
    "input_id",
    (row) => row.input_id,
    (query) => query.eq("strike_id", strikeId),
    InputRow,
  );
  const key = (row: InputRow): string => `${row.kind}\n${row.label}`;
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

export function classNavsOf(session: Session, strikeId: string): Promise<ClassNavRow[]> {
  return session.read(
    "class_navs",
    "share_class_id,nav::text,units::text,nav_per_unit::text,performance_accrued::text,dealing_price_sub::text,dealing_price_red::text,swing_factor::text,published_at",
    (query) => query.eq("strike_id", strikeId).order("share_class_id"),
    ClassNavRow,
  );
}

/** A proposal of any kind. */
export function proposalOf(session: Session, proposalId: string): Promise<NavProposalRow | undefined> {
  return session.one(
    "proposals",
    "proposal_id,kind,status,hash,body,inputs,approvals_needed,proposed_by,requested_by,expires_at",
    (query) => query.eq("proposal_id", proposalId),
    NavProposalRow,
  );
}

export function approvalsOf(session: Session, proposalId: string): Promise<ApprovalRow[]> {
  return session.read(
    "approvals",
    "proposal_hash,decision,decided_by,reason,decided_at",
    (query) => query.eq("proposal_id", proposalId).order("decided_at"),
    ApprovalRow,
  );
}
