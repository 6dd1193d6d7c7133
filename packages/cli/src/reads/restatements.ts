// Restatements of a NAV as rows: the strike that corrects another one, what it came to per dealing day and per deal, what is still owed, who was told.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import { isUuid } from "./funds.ts";
import { type StrikeRow, strikeById, strikesOf } from "./strikes.ts";

const RestatementRow = z.object({
  restatement_id: z.string(),
  strike_id: z.string(),
  dealing_day_id: z.string(),
  share_class_id: z.string(),
  published: z.string(),
  correct: z.string(),
  error: z.string(),
  tolerance: z.string(),
  material: z.boolean(),
  direction: z.string(),
  deals: z.number(),
  fund_pays: z.string(),
  fund_receives: z.string(),
});
export type RestatementRow = z.infer<typeof RestatementRow>;
const COLUMNS =
  "restatement_id,strike_id,dealing_day_id,share_class_id,published::text,correct::text,error::text,tolerance::text,material,direction,deals,fund_pays::text,fund_receives::text";

/** What an order took of a series, at the published and at the correct price. */
export const SeriesPart = z.object({
  series: z.string(),
  units: z.string(),
  published: z.string(),
  correct: z.string(),
});
const CompensationRow = z.object({
  compensation_id: z.string(),
  restatement_id: z.string(),
  flow_id: z.string(),
  investor_id: z.string(),
  kind: z.string(),
  units_dealt: z.string(),
  units_due: z.string().nullable(),
  cash_due: z.string().nullable(),
  difference: z.string(),
  owed_to: z.string(),
  owed_by: z.string(),
  pays: z.boolean(),
  /** Of an order under a performance fee. */
  due: z.object({ performance_fee: z.string().optional(), series: z.array(SeriesPart).optional() }),
  created_at: z.string(),
});
export type CompensationRow = z.infer<typeof CompensationRow>;
const DEALS =
  "compensation_id,restatement_id,flow_id,investor_id,kind,units_dealt::text,units_due::text,cash_due::text,difference::text,owed_to,owed_by,pays,due,created_at";

/** Versions that correct another one, the newest first. */
export async function correctionsOf(session: Session, fundId: string): Promise<StrikeRow[]> {
  return (await strikesOf(session, fundId)).filter((row) => row.supersedes !== null);
}

export const restatementsOf = (session: Session, fundId: string): Promise<RestatementRow[]> =>
  session.all(
    "restatements",
    COLUMNS,
    "restatement_id",
    (row) => row.restatement_id,
    (query) => query.eq("fund_id", fundId),
    RestatementRow,
  );

/** The deals of one restated dealing day, by order. */
export async function compensationsOf(session: Session, restatementId: string): Promise<CompensationRow[]> {
  const rows = await session.all(
    "compensations",
    DEALS,
    "compensation_id",
    (row) => row.compensation_id,
    (query) => query.eq("restatement_id", restatementId),
    CompensationRow,
  );
  return rows.sort((a, b) => (a.flow_id < b.flow_id ? -1 : 1));
}

/** Every compensation that the caller may see: an LP its own, staff all; the newest first. */
export async function allCompensations(session: Session): Promise<CompensationRow[]> {
  const rows = await session.all(
    "compensations",
    DEALS,
    "compensation_id",
    (row) => row.compensation_id,
    (query) => query,
    CompensationRow,
  );
  return rows.sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0));
}

const Entry = z.object({ entry_id: z.string(), flow_id: z.string().nullable(), amount: z.string() });

/** What is owed for the deals of orders and not paid yet: entries of the account to add up, by order. Not more orders than a URL holds. */
export async function owedEntries(
  session: Session,
  flowIds: readonly string[],
): Promise<{ flowId: string; amount: string }[]> {
  const found: { flowId: string; amount: string }[] = [];
  for (let at = 0; at < flowIds.length; at += 100) {
    const rows = await session.all(
      "cash_movements",
      "entry_id,flow_id,amount::text",
      "entry_id",
      (row) => row.entry_id,
      (query) => query.eq("account", "compensation_payable").in("flow_id", flowIds.slice(at, at + 100)),
      Entry,
    );
    for (const { flow_id, amount } of rows) if (flow_id !== null) found.push({ flowId: flow_id, amount });
  }
  return found;
}

const NoteRow = z.object({ event_id: z.string(), payload: z.record(z.string(), z.unknown()) });

export interface Notification {
  dueFrom: string;
  dueBy: string;
  /** Document by which the authority was told; null while it is not. */
  document: string | null;
}

/** What a material error asks for, by the strike that corrects it. */
export async function notificationsOf(session: Session, fundId: string): Promise<Map<string, Notification>> {
  const notes = (type: string) =>
    session.all(
      "fund_events",
      "event_id,payload",
      "event_id",
      (row) => row.event_id,
      (query) => query.eq("fund_id", fundId).eq("type", type),
      NoteRow,
    );
  const [asked, told] = await Promise.all([notes("NAV_ERROR_TO_NOTIFY"), notes("NAV_ERROR_NOTIFIED")]);
  const documents = new Map(told.map(({ payload }) => [String(payload.strike_id), String(payload.document)]));
  return new Map(
    asked.map(({ payload }) => [
      String(payload.strike_id),
      {
        dueFrom: String(payload.due_from),
        dueBy: String(payload.due_by),
        document: documents.get(String(payload.strike_id)) ?? null,
      },
    ]),
  );
}

/** Errors: EG400 when that is no id, EG404 when there is no such strike, EG428 when it corrects nothing. */
export async function findCorrection(session: Session, strikeId: string): Promise<StrikeRow> {
  if (!isUuid(strikeId))
    throw new EvergreenError(
      "EG400",
      `${plain(strikeId)} is not the id of a strike; see \`evergreen nav restatements\`.`,
    );
  const strike = await strikeById(session, strikeId);
  if (strike === undefined)
    throw new EvergreenError("EG404", `There is no strike ${plain(strikeId)} that you may see.`);
  if (strike.supersedes === null) throw new EvergreenError("EG428", "That strike restates no other one.");
  return strike;
}
