// Waiting for something that happens elsewhere: asks again until there is an answer or the time is over.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/** Seconds of an option as milliseconds. Errors: EG400 unless a whole number from 1 to 86400. */
export function timeoutMs(seconds: string | undefined): number {
  if (seconds === undefined || !/^[1-9]\d{0,4}$/.test(seconds) || Number(seconds) > 86_400)
    throw new EvergreenError("EG400", "--timeout is a whole number of seconds from 1 to 86400.");
  return Number(seconds) * 1000;
}

/** A positive whole number of an option. Errors: EG400. */
export function countOf(name: string, text: string | undefined, most: number): number {
  if (text === undefined || !/^[1-9]\d{0,8}$/.test(text) || Number(text) > most)
    throw new EvergreenError("EG400", `--${name} is a whole number from 1 to ${most}.`);
  return Number(text);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The first answer that is not undefined; asks every 0.2 s at first, later every second. A service that is not there for a moment is asked again.
 * Errors: EG503 with `late`, or with the service's own words, when the time is over; whatever else `ask` throws.
 */
export async function until<T>(limitMs: number, ask: () => Promise<T | undefined>, late: string): Promise<T> {
  const end = Date.now() + limitMs;
  for (let gap = 200; ; gap = Math.min(1000, gap * 1.25)) {
    let away: EvergreenError | undefined;
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!(error instanceof EvergreenError) || !error.retryable) throw error;
      away = error;
    }
    if (Date.now() + gap > end) throw away ?? new EvergreenError("EG503", late);
    await pause(gap);
  }
}
