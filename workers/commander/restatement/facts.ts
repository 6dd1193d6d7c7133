// Which restatement an event began.
import type { Reader } from "@evergreen-fund/supabase-client";

export async function readBegun(tx: Reader, eventId: string): Promise<{ strikeId: string; fundId: string } | null> {
  const event = await tx.fund_events.findUnique({ where: { event_id: eventId } });
  if (event === null || event.type !== "NAV_RESTATEMENT_BEGUN" || event.fund_id === null) return null;
  const strikeId = (event.payload as { strike_id?: string }).strike_id;
  return strikeId === undefined ? null : { strikeId, fundId: event.fund_id };
}
