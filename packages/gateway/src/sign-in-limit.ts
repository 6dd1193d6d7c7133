// Slows down guessing: after too many failed sign-ins for one e-mail, or from one address, within a minute, the next are refused
// unread. An address may be a whole office behind a proxy, so it is allowed more.
const WINDOW_MS = 60_000;
const MAX_KEYS = 10_000;
const MAX_FAILURES = { email: 10, address: 60 } as const;

type Kind = keyof typeof MAX_FAILURES;
export type Caller = Record<Kind, string>;

/** Counts attempts in memory, per process. Each counts from its beginning, so that many at once cannot slip through; a success is taken back. */
export class SignInLimit {
  readonly #failures = new Map<string, number[]>();

  /** Seconds to wait before this caller may try again; 0 when it may. */
  waitSeconds(caller: Caller, nowMs: number): number {
    const waits = kinds.map((kind) => {
      const recent = this.#recent(kind, caller, nowMs);
      const oldest = recent[recent.length - MAX_FAILURES[kind]];
      return oldest === undefined ? 0 : Math.ceil((oldest + WINDOW_MS - nowMs) / 1_000);
    });
    return Math.max(...waits);
  }

  /** An attempt begins. */
  count(caller: Caller, nowMs: number): void {
    if (this.#failures.size > MAX_KEYS) this.#failures.clear();
    for (const kind of kinds) {
      const recent = [...this.#recent(kind, caller, nowMs), nowMs].slice(-MAX_FAILURES[kind]);
      this.#failures.set(`${kind}:${caller[kind]}`, recent);
    }
  }

  /** The attempt that began then was a success. */
  takeBack(caller: Caller, beganMs: number): void {
    for (const kind of kinds) {
      const attempts = this.#failures.get(`${kind}:${caller[kind]}`);
      const position = attempts?.indexOf(beganMs) ?? -1;
      if (position >= 0) attempts?.splice(position, 1);
    }
  }

  #recent(kind: Kind, caller: Caller, nowMs: number): number[] {
    return (this.#failures.get(`${kind}:${caller[kind]}`) ?? []).filter((at) => at > nowMs - WINDOW_MS);
  }
}

const kinds = Object.keys(MAX_FAILURES) as Kind[];
