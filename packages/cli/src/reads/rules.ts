// Versions of packs of compliance rules, breaches and obligations, as rows.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";

const Row = z.object({
  version_id: z.string(),
  pack: z.string(),
  version: z.number(),
  status: z.string(),
  effective_from: z.string(),
  effective_until: z.string().nullable(),
  source: z.string(),
  hash: z.string(),
  body: z.unknown(),
});
const Approval = z.object({ version_id: z.string(), hash: z.string() });
export type Version = z.infer<typeof Row> & { approvals: number };

/** Every version, the newest of a pack first. */
export async function packVersions(session: Session): Promise<Version[]> {
  const [rows, approvals] = await Promise.all([
    session.read(
      "rule_pack_versions",
      "version_id,pack,version,status,effective_from,effective_until,source,hash,body",
      (query) => query.order("pack").order("version", { ascending: false }).limit(1000),
      Row,
    ),
    session.read("rule_approvals", "version_id,hash", (query) => query.limit(1000), Approval),
  ]);
  return rows.map((row) => ({
    ...row,
    approvals: approvals.filter(({ version_id, hash }) => version_id === row.version_id && hash === row.hash).length,
  }));
}

/** `name` (its newest version) or `name@version`. Errors: EG404 with what there is. */
export async function versionNamed(session: Session, given: string): Promise<Version> {
  const [name, number] = given.split("@");
  const all = await packVersions(session);
  const found = all.find((row) => row.pack === name && (number === undefined || String(row.version) === number));
  if (found === undefined)
    throw new EvergreenError(
      "EG404",
      `There is no version ${plain(given)} of a pack; there are ${all.map((row) => `${row.pack}@${row.version}`).join(", ") || "none"}.`,
    );
  return found;
}

const Breach = z.object({
  breach_id: z.string(),
  fund_id: z.string(),
  rule: z.string(),
  class: z.string(),
  cause: z.string(),
  value: z.string().nullable(),
  limit_value: z.string().nullable(),
  detected_at: z.string(),
  cure_by: z.string().nullable(),
  overdue_at: z.string().nullable(),
  cured_at: z.string().nullable(),
  cost: z.string().nullable(),
});
export type Breach = z.infer<typeof Breach>;

export const breachesOf = (session: Session, fundId: string | undefined, all: boolean): Promise<Breach[]> =>
  session.read(
    "breaches",
    "breach_id,fund_id,rule,class,cause,value::text,limit_value::text,detected_at,cure_by,overdue_at,cured_at,cost::text",
    (query) => {
      const open = all ? query : query.is("cured_at", null);
      return (fundId === undefined ? open : open.eq("fund_id", fundId)).order("detected_at").limit(1000);
    },
    Breach,
  );

const Obligation = z.object({
  obligation_id: z.string(),
  fund_id: z.string(),
  code: z.string(),
  title: z.string(),
  source: z.string(),
  due_on: z.string(),
  every_months: z.number().nullable(),
  overdue_at: z.string().nullable(),
  done_at: z.string().nullable(),
  evidence: z.string().nullable(),
});
export type Obligation = z.infer<typeof Obligation>;

export const obligationsOf = (session: Session, fundId: string | undefined, all: boolean): Promise<Obligation[]> =>
  session.read(
    "obligations",
    "obligation_id,fund_id,code,title,source,due_on,every_months,overdue_at,done_at,evidence",
    (query) => {
      const open = all ? query : query.is("done_at", null);
      return (fundId === undefined ? open : open.eq("fund_id", fundId)).order("due_on").limit(1000);
    },
    Obligation,
  );
