// What Risk Guardian reacts to: the event itself. One snapshot.
import type { Reader } from "@evergreen-fund/supabase-client";

export async function readCause(tx: Reader, eventId: string): Promise<{ type: string; payload: unknown }> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  return { type: event.type, payload: event.payload };
}
