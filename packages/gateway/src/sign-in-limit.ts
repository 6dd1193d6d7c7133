// Slows down guessing: after too many failed sign-ins for one address or one e-mail within a minute, the next are refused unread.
const WINDOW_MS = 60_000;
const MAX_FAILURES = 10;
const MAX_KEYS = 10_000;

/** Counts failures in memory, per process. Successful sign-ins are never limited by themselves. */
export class SignInLimit {
  readonly #failures = new Map<string, number[]>();

  /** Seconds to wait before this caller may try again; 0 when it may. */
  waitSeconds(keys: string[], nowMs: number): number {
    const waits = keys.map((key) => {
      const recent = this.#recent(key, nowMs);
      const oldest = recent[recent.length - MAX_FAILURES];
      return oldest === undefined ? 0 : Math.ceil((oldest + WINDOW_MS - nowMs) / 1_000);
    });
    return Math.max(0, ...waits);
  }

  failed(keys: string[], nowMs: number): void {
    if (this.#failures.size > MAX_KEYS) this.#failures.clear();
    for (const key of keys) this.#failures.set(key, [...this.#recent(key, nowMs), nowMs].slice(-MAX_FAILURES));
  }

  #recent(key: string, nowMs: number): number[] {
    return (this.#failures.get(key) ?? []).filter((at) => at > nowMs - WINDOW_MS);
  }
}
