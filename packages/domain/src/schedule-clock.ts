// What a Temporal Schedule says of itself, for whoever shows it or acts on it: words for when it fires, times by the clock of its zone, the times of a
// span of dates, how a run ended. The client is handed in, as much of it as is used.

/** Days of a backfill at most: a year, so that a slip of the pen opens no decade. */
export const MOST_DATES = 366;
const DAY_MS = 86_400_000;

export interface ClockSpec {
  timezone?: string | undefined;
  calendars?: readonly object[] | undefined;
  intervals?: readonly { every: number }[] | undefined;
}

/** Days of the week and months are named by the client, the rest are numbers. */
type Range = { start: number | string; end: number | string; step: number };
const whole = (ranges: readonly Range[] | undefined, first: number | string, last: number | string): boolean =>
  ranges === undefined || ranges.some(({ start, end, step }) => start === first && end === last && step === 1);

/** "14:30 every day" where it is that simple. */
export function firesWords(spec: ClockSpec): string {
  const [calendar, ...others] = spec.calendars ?? [];
  const intervals = (spec.intervals ?? []).map(({ every }) => `every ${every / 1000} s`);
  if (calendar === undefined || others.length > 0) return intervals[0] ?? "several clocks";
  const { hour, minute, dayOfWeek, dayOfMonth, month } = calendar as Record<string, Range[] | undefined>;
  const at = [hour ?? [], minute ?? []].map((ranges) =>
    ranges.length === 1 && ranges[0]?.start === ranges[0]?.end ? String(ranges[0]?.start ?? 0).padStart(2, "0") : "*",
  );
  const daily =
    whole(dayOfWeek, "SUNDAY", "SATURDAY") && whole(dayOfMonth, 1, 31) && whole(month, "JANUARY", "DECEMBER");
  const [day, ...days] = dayOfMonth ?? [];
  const monthly =
    days.length === 0 &&
    day?.start === day?.end &&
    whole(dayOfWeek, "SUNDAY", "SATURDAY") &&
    whole(month, "JANUARY", "DECEMBER");
  const on = daily ? "every day" : monthly ? `on day ${day?.start} of every month` : "on some days";
  return `${at.join(":")} ${on}`;
}

/** An instant by the clock of a zone: "2026-11-23 14:30". */
export function localTime(at: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(at);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")} ${of("hour")}:${of("minute")}`;
}

export const localDate = (at: Date, zone: string): string => localTime(at, zone).slice(0, 10);

export const zoneOf = ({ spec }: { spec: ClockSpec }): string => spec.timezone || "UTC";

interface Times {
  connection: {
    workflowService: {
      listScheduleMatchingTimes(request: {
        namespace: string;
        scheduleId: string;
        startTime: never;
        endTime: never;
      }): Promise<{ startTime?: readonly { seconds?: unknown; nanos?: number | null }[] | null }>;
    };
  };
  options: { namespace: string };
}

/** Every time at which a schedule would fire on local dates from `from` to `to`, as Temporal itself counts them. */
export async function dueTimes(
  client: Times,
  one: { scheduleId: string; spec: ClockSpec },
  from: string,
  to: string,
): Promise<Date[]> {
  const seconds = (date: string, days: number) => ({ seconds: (Date.parse(date) + days * DAY_MS) / 1000 }) as never;
  const { startTime } = await client.connection.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId: one.scheduleId,
    // a zone is at most 14 hours away from UTC
    startTime: seconds(from, -1),
    endTime: seconds(to, 2),
  });
  return (startTime ?? [])
    .map((at) => new Date(Number(at.seconds ?? 0) * 1000 + Math.floor((at.nanos ?? 0) / 1_000_000)))
    .filter((at) => localDate(at, zoneOf(one)) >= from && localDate(at, zoneOf(one)) <= to);
}

interface Runs {
  workflow: {
    getHandle(workflowId: string, runId?: string): { describe(): Promise<{ status: { name: string } }> };
  };
}

/** How a run ended; what Temporal keeps no more is "forgotten". */
export async function statusOf(client: Runs, workflowId: string, runId: string): Promise<string> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId).describe();
    return status.name.toLowerCase().replaceAll("_", " ");
  } catch (error) {
    if (error instanceof Error && error.name === "WorkflowNotFoundError") return "forgotten";
    throw error;
  }
}
