// How long something has until it is due, or since when it is late: told in words.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** "in 5 h", "in 3 days", "late by 2 h"; both moments as the server wrote them. */
export function clock(due: string, now: string): string {
  const left = Date.parse(due) - Date.parse(now);
  const length = Math.abs(left);
  const words =
    length < HOUR
      ? `${Math.max(1, Math.round(length / 60_000))} min`
      : length < 2 * DAY
        ? `${Math.round(length / HOUR)} h`
        : `${Math.round(length / DAY)} days`;
  return left < 0 ? `late by ${words}` : `in ${words}`;
}
