// Alerts of Risk Guardian with what could be done about them, and who has looked.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { RemedyOption } from "@evergreen-fund/finance/stress-liquidity/remedy.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import { isUuid } from "./funds.ts";

/** What could be done, or why nothing could be computed. */
export const StoredRemedy = z.union([
  z.object({ why: z.string() }),
  z.object({
    scenario_id: z.string(),
    stress_run_id: z.string(),
    currency: z.string(),
    bucket: z.string(),
    required: z.string(),
    cover: z.string().nullable(),
    missingAssets: z.string(),
    excessLiabilities: z.string().nullable(),
    options: z.array(RemedyOption),
    plan: z.array(z.string()),
    without: z.array(z.object({ tool: z.string(), words: z.string() })),
    assumptions: z.array(z.string()),
  }),
]);
export type StoredRemedy = z.infer<typeof StoredRemedy>;

const AlertRow = z.object({
  alert_id: z.string(),
  fund_id: z.string(),
  kind: z.string(),
  severity: z.string(),
  reason: z.string(),
  event_id: z.string(),
  created_at: z.string(),
  acknowledged_at: z.string().nullable(),
  acknowledged_by: z.string().nullable(),
  acknowledged_note: z.string().nullable(),
  remedy: StoredRemedy.nullable(),
});
export type AlertRow = z.infer<typeof AlertRow>;
const COLUMNS =
  "alert_id,fund_id,kind,severity,reason,event_id,created_at,acknowledged_at,acknowledged_by,acknowledged_note,remedy";

export interface AlertFilter {
  fundId: string | undefined;
  /** Only those that nobody has looked at. */
  open: boolean;
  limit: number;
}

/** The newest alerts first. */
export function listAlerts(session: Session, { fundId, open, limit }: AlertFilter): Promise<AlertRow[]> {
  return session.read(
    "risk_alerts",
    COLUMNS,
    (query) => {
      const byFund = fundId === undefined ? query : query.eq("fund_id", fundId);
      const byState = open ? byFund.is("acknowledged_at", null) : byFund;
      return byState.order("created_at", { ascending: false }).range(0, limit - 1);
    },
    AlertRow,
  );
}

/** @throws EvergreenError EG404 */
export async function findAlert(session: Session, id: string): Promise<AlertRow> {
  const row = isUuid(id)
    ? await session.one("risk_alerts", COLUMNS, (query) => query.eq("alert_id", id), AlertRow)
    : undefined;
  if (row === undefined)
    throw new EvergreenError(
      "EG404",
      `There is no alert ${plain(id)}; see \`npx --no-install evergreen alerts list\`.`,
    );
  return row;
}
