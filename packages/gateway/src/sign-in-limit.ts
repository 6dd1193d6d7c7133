// Slows down guessing: after too many failed attempts for one account, or from one address, within a window, the next are refused unread. An address may
// be a whole office behind a proxy, so it is allowed more.
const MAX_KEYS = 10_000;

export interface Limits {
  windowMs: number;
  /** Failures within the window of one e-mail, or of whatever else names the account. */
  email: number;
  address: number;
}
type Kind = "email" | "address";
export type Caller = Record<Kind, string>;
const KINDS: readonly Kind[] = ["email", "address"];

export const PASSWORDS: Limits = { windowMs: 60_000, email: 10, address: 60 };
/** Mails that are asked for: each counts, whether it was sent or not. */
export const MAILS: Limits = { windowMs: 600_000, email: 3, address: 30 };
/** Links that are followed: the token is the only thing that is known, so the address stands for the account too. */
export const LINKS: Limits = { windowMs: 60_000, email: 20, address: 20 };
/** Codes of the command line that are asked for, or collected with a code that there is not. */
export const DEVICES: Limits = { windowMs: 600_000, email: 20, address: 20 };

/** Counts attempts in memory, per process. Each counts from its beginning, so that many at once cannot slip through; a success is taken back. */
export class SignInLimit {
  readonly #limits: Limits;
  readonly #failures = new Map<string, number[]>();

  constructor(limits: Limits = PASSWORDS) {
    this.#limits = limits;
  }

  /** Seconds to wait before this caller may try again; 0 when it may. */
  waitSeconds(caller: Caller, nowMs: number): number {
    const waits = KINDS.map((kind) => {
      const recent = this.#recent(kind, caller, nowMs);
      const oldest = recent[recent.length - this.#limits[kind]];
      return oldest === undefined ? 0 : Math.ceil((oldest + this.#limits.windowMs - nowMs) / 1_000);
    });
    return Math.max(...waits);
  }

  /** An attempt begins. */
  count(caller: Caller, nowMs: number): void {
    if (this.#failures.size > MAX_KEYS) this.#failures.clear();
    for (const kind of KINDS) {
      const recent = [...this.#recent(kind, caller, nowMs), nowMs].slice(-this.#limits[kind]);
      this.#failures.set(`${kind}:${caller[kind]}`, recent);
    }
  }

  /** The attempt that began then was a success. */
  takeBack(caller: Caller, beganMs: number): void {
    for (const kind of KINDS) {
      const attempts = this.#failures.get(`${kind}:${caller[kind]}`);
      const position = attempts?.indexOf(beganMs) ?? -1;
      if (position >= 0) attempts?.splice(position, 1);
    }
  }

  #recent(kind: Kind, caller: Caller, nowMs: number): number[] {
    return (this.#failures.get(`${kind}:${caller[kind]}`) ?? []).filter((at) => at > nowMs - this.#limits.windowMs);
  }
}
