// What decides when a class deals: its policies in the order in which they took force, the holidays of their calendars, the days that there are.
import type { Reader } from "@evergreen-fund/supabase-client";

export interface CalendarFacts {
  fund: string;
  code: string;
  /** All versions; when each was set is also when the class could first deal. */
  policies: { version: number; effectiveFrom: string; recordedOn: string; body: unknown }[];
  holidays: { calendar: string; date: string }[];
  opened: string[];
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** `since`: dealing days before it are not looked at. */
export async function readCalendar(tx: Reader, shareClassId: string, since: string): Promise<CalendarFacts | null> {
  const row = await tx.share_classes.findUnique({
    where: { share_class_id: shareClassId },
    include: {
      fund: { select: { code: true, calendar: true } },
      policies: { orderBy: [{ effective_from: "asc" }, { version: "asc" }] },
    },
  });
  if (row === null) return null;
  const named = row.policies.map(({ body }) => (body as { calendar?: string }).calendar ?? row.fund.calendar);
  const holidays = await tx.calendar_holidays.findMany({ where: { calendar: { in: [...new Set(named)] } } });
  const days = await tx.dealing_days.findMany({
    where: { share_class_id: shareClassId, dealing_date: { gte: new Date(since) } },
    select: { dealing_date: true },
  });
  return {
    fund: row.fund.code,
    code: row.code,
    policies: row.policies.map(({ version, effective_from, recorded_at, body }) => ({
      version,
      effectiveFrom: dayOf(effective_from),
      recordedOn: dayOf(recorded_at),
      body,
    })),
    holidays: holidays.map(({ calendar, date }) => ({ calendar, date: dayOf(date) })),
    opened: days.map(({ dealing_date }) => dayOf(dealing_date)),
  };
}
