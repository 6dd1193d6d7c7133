// The one registry of coded errors. SQL raises them as `EG…` SQLSTATEs, TypeScript as EvergreenError; the CLI maps each to an exit code.
// A caller sees the code and a sentence that says what to do, never a row, a stack or SQL.

/** Exit codes of the CLI, fixed for scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, notAllowed: 4, unavailable: 5 } as const;

export const ERRORS = {
  EG400: { name: "bad_input", exit: EXIT.usage, meaning: "An argument is missing, malformed or out of range." },
  EG401: { name: "not_signed_in", exit: EXIT.notAllowed, meaning: "No valid identity came with the call." },
  EG403: { name: "not_allowed", exit: EXIT.notAllowed, meaning: "The role of the caller may not do this." },
  EG404: { name: "not_found", exit: EXIT.usage, meaning: "Nothing with that id is visible to the caller." },
  EG409: { name: "request_id_reused", exit: EXIT.refused, meaning: "The request id was used before with other input." },
  EG413: { name: "too_large", exit: EXIT.usage, meaning: "The input is larger than the limit." },
  EG420: {
    name: "own_proposal",
    exit: EXIT.refused,
    meaning: "Four eyes: whoever asked for a proposal cannot decide it.",
  },
  EG421: { name: "stale_hash", exit: EXIT.refused, meaning: "The hash is not the hash of the proposal as it stands." },
  EG422: { name: "already_decided", exit: EXIT.refused, meaning: "The proposal is no longer pending." },
  EG423: { name: "expired", exit: EXIT.refused, meaning: "The time to decide has passed; a timeout is a refusal." },
  EG424: {
    name: "limit_breached",
    exit: EXIT.refused,
    meaning: "A fund limit or a bucket capacity would be breached.",
  },
  EG425: { name: "facts_changed", exit: EXIT.refused, meaning: "What the decision was based on has changed since." },
  EG426: { name: "no_holdings", exit: EXIT.refused, meaning: "The fund has nothing to rebalance." },
  EG427: { name: "infeasible", exit: EXIT.refused, meaning: "The constraints contradict each other; they are named." },
  EG428: { name: "wrong_state", exit: EXIT.refused, meaning: "The row is not in a state that allows this." },
  EG429: { name: "nav_blocked", exit: EXIT.refused, meaning: "Inputs block the NAV strike; they are named." },
  EG430: {
    name: "not_eligible",
    exit: EXIT.refused,
    meaning: "Notice, lock-up, minimums, the holding or KYC do not allow the order.",
  },
  EG431: { name: "unbalanced", exit: EXIT.failed, meaning: "The ledger would not balance; nothing was posted." },
  EG432: {
    name: "not_reproducible",
    exit: EXIT.failed,
    meaning: "The same computation came to other bytes than before; what was recorded first stands.",
  },
  EG433: {
    name: "incident_open",
    exit: EXIT.unavailable,
    meaning: "An incident of the fund is open: dealing, its chain and notices wait until two people have closed it.",
  },
  EG500: { name: "internal", exit: EXIT.failed, meaning: "Something unforeseen failed; nothing was changed." },
  EG503: { name: "unavailable", exit: EXIT.unavailable, meaning: "A service is not there; try again." },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** A refusal or failure with a code from ERRORS. `message` is one sentence fit for a person; it holds no personal data and no amount. */
export class EvergreenError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EvergreenError";
    this.code = code;
  }
  /** Worth trying again unchanged: when a service was not there, or while an incident stops the fund. */
  get retryable(): boolean {
    return this.code === "EG503" || this.code === "EG433";
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}
