// What a fresh process loads lazily (connections, models, the solver) is loaded right after it is ready, so that the first event is not the slow one.
import { type EvergreenError, isErrorCode } from "@evergreen-fund/domain";

/** Loads one after another, so that the work that has already arrived gets its turns. A failure is one line in the log: whoever needs the part meets it again. */
export async function warmUp(parts: Record<string, () => Promise<void>>, log: (line: string) => void): Promise<void> {
  for (const [name, load] of Object.entries(parts)) {
    try {
      await load();
    } catch (failure) {
      const { code, message } = (failure ?? {}) as Partial<EvergreenError>;
      log(`warm-up of ${name}: ${isErrorCode(code) ? `${code} ${message}` : "EG500 it could not be loaded."}`);
    }
  }
}
