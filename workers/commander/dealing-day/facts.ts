// What the Commander reads of a dealing day row by row: which day an event announced, and the draft that stands with a strike.
import type { Reader } from "@evergreen-fund/supabase-client";

export interface AnnouncedDay {
  type: string;
  dealingDayId: string;
  fundId: string;
  workflowId: string | undefined;
}

export async function readAnnouncedDay(tx: Reader, eventId: string): Promise<AnnouncedDay | null> {
  const event = await tx.fund_events.findUnique({ where: { event_id: eventId } });
  const id = (event?.payload as { dealing_day_id?: string } | undefined)?.dealing_day_id;
  const day = id === undefined ? null : await tx.dealing_days.findUnique({ where: { dealing_day_id: id } });
  if (event === null || day === null) return null;
  return {
    type: event.type,
    dealingDayId: day.dealing_day_id,
    fundId: day.fund_id,
    workflowId: day.workflow_id ?? undefined,
  };
}

/** The strike of a day and the body that was frozen with it. */
export async function readDraft(tx: Reader, dealingDayId: string): Promise<{ strikeId: string; body: unknown } | null> {
  const day = await tx.dealing_days.findUnique({ where: { dealing_day_id: dealingDayId }, include: { strike: true } });
  return day?.strike ? { strikeId: day.strike.strike_id, body: day.strike.body } : null;
}

/** The strike of a day, and the classes that deal at it and are struck. */
export async function readStruckDay(
  tx: Reader,
  dealingDayId: string,
): Promise<{ fundId: string; strikeId: string; struck: string[] } | null> {
  const day = await tx.dealing_days.findUnique({ where: { dealing_day_id: dealingDayId } });
  if (day === null || day.strike_id === null) return null;
  const struck = await tx.dealing_days.findMany({ where: { strike_id: day.strike_id, status: "struck" } });
  return {
    fundId: day.fund_id,
    strikeId: day.strike_id,
    struck: struck.map(({ share_class_id }) => share_class_id),
  };
}

export async function readStrikeId(tx: Reader, dealingDayId: string): Promise<string | null> {
  const day = await tx.dealing_days.findUnique({
    where: { dealing_day_id: dealingDayId },
    select: { strike_id: true },
  });
  return day?.strike_id ?? null;
}
