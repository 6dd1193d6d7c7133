// What Risk Guardian reacts to: the event itself, and of liquidity what a remedy is computed from. One snapshot.
import { EVENTS } from "@evergreen-fund/domain";
import type { Reader } from "@evergreen-fund/supabase-client";
import { LiquidityCause, type RemedyFacts, readRemedyFacts } from "./remedy/facts.ts";

export interface Cause {
  type: string;
  payload: unknown;
  /** The asset that the event is about, as people call it; null where there is none. */
  asset?: { name: string; issuer: string | null } | null;
  /** Of an event about liquidity; null where no stress run stands behind it. */
  liquidity?: { cause: LiquidityCause; facts: RemedyFacts | null };
}

const ABOUT_LIQUIDITY = ["LIQUIDITY_BREACH", "LIQUIDITY_TREND"];

export async function readCause(tx: Reader, eventId: string): Promise<Cause> {
  const { type, payload, fund_id } = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  if (type === "DATA_DRIFT") return { type, payload, asset: await readAsset(tx, payload) };
  if (!ABOUT_LIQUIDITY.includes(type) || fund_id === null) return { type, payload };
  const cause = LiquidityCause.parse({ scenario_id: "base", ...(payload as object) });
  return { type, payload, liquidity: { cause, facts: await readRemedyFacts(tx, fund_id, cause) } };
}

async function readAsset(tx: Reader, payload: unknown): Promise<{ name: string; issuer: string | null } | null> {
  const { asset_id: id } = EVENTS.DATA_DRIFT.payload.parse(payload);
  return tx.assets.findUnique({ where: { id }, select: { name: true, issuer: true } });
}
