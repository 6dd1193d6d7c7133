// The second step of the embedded sign-in: authenticators (TOTP) as Supabase Auth has them, so that supabase-js works here as it does there. Postgres keeps
// what there is and what was tried (prisma/embedded/second-factors.sql); the secret lies there sealed, and only here it is opened to look at a code.
import { randomUUID } from "node:crypto";
import { openText, type Place, sealText } from "@evergreen-fund/personal-data/envelope.ts";
import type { Claims } from "./access-token.ts";
import { base32, keyUri, newSecret, stepOfCode } from "./totp.ts";

/** The steps of prisma/embedded/second-factors.sql. */
export interface FactorBook {
  add(id: string, sessionId: string, name: string, sealed: string): Promise<string>;
  challenge(sessionId: string, factorId: string): Promise<FactorState>;
  try(sessionId: string, factorId: string, challengeId: string): Promise<FactorState>;
  accept(sessionId: string, factorId: string, challengeId: string, tried: string, step: number): Promise<FactorState>;
  remove(sessionId: string, factorId: string): Promise<string>;
}

export interface FactorState {
  state: string;
  id?: string;
  expires_at?: number;
  try?: string;
  secret?: string;
  refresh_token?: string;
}

/** Why not, by the name that Supabase Auth gives it. */
export interface FactorRefusal {
  refused: keyof typeof REFUSALS;
}

export const REFUSALS = {
  mfa_factor_not_found: [404, "There is no such authenticator of yours."],
  mfa_factor_name_conflict: [
    422,
    "There is an authenticator of this name already: remove it first, or choose another name.",
  ],
  too_many_enrolled_mfa_factors: [422, "There are ten authenticators already: remove one first."],
  insufficient_aal: [403, "Give the code of your authenticator first."],
  mfa_challenge_expired: [422, "The question for this code has run out or was answered: ask again."],
  mfa_verification_failed: [
    422,
    "That code is not the one of this moment, or it was used already: wait for the next one.",
  ],
  over_request_rate_limit: [429, "Five wrong codes: wait ten minutes, then try again."],
  validation_failed: [400, "Only authenticators (totp) are offered, with a name of at most 100 characters."],
} as const satisfies Record<string, readonly [400 | 403 | 404 | 422 | 429, string]>;

const REFUSED: Readonly<Record<string, keyof typeof REFUSALS>> = {
  unknown: "mfa_factor_not_found",
  name_taken: "mfa_factor_name_conflict",
  too_many: "too_many_enrolled_mfa_factors",
  step_due: "insufficient_aal",
  expired: "mfa_challenge_expired",
  replayed: "mfa_verification_failed",
  locked: "over_request_rate_limit",
};
const refused = (state: string): FactorRefusal => ({ refused: REFUSED[state] ?? "mfa_factor_not_found" });

export interface SecondStep {
  enroll(
    claims: Claims,
    asked: { name: string; issuer: string },
  ): Promise<{ id: string; secret: string; uri: string } | FactorRefusal>;
  challenge(claims: Claims, factorId: string): Promise<{ id: string; expires_at: number } | FactorRefusal>;
  /** The session, raised to aal2, as the sign-in answers it. */
  verify(claims: Claims, factorId: string, challengeId: string, code: string): Promise<Response | FactorRefusal>;
  remove(claims: Claims, factorId: string): Promise<{ id: string } | FactorRefusal>;
}

const placeOf = (factorId: string): Place => ["auth.mfa_factors", "secret", factorId];

/**
 * @param key 32 bytes that Postgres does not have; without them no code can be checked, and none can be made from the database alone.
 * @param renew a session by its refresh token, as the sign-in answers it.
 */
export function secondStep(
  book: FactorBook,
  key: Uint8Array,
  renew: (refreshToken: string) => Promise<Response>,
  now: () => number = Date.now,
): SecondStep {
  return {
    async enroll({ session_id, email }, { name, issuer }) {
      const [id, secret] = [randomUUID(), newSecret()];
      const text = base32(secret);
      const state = await book.add(id, session_id, name, sealText(key, secret.toString("base64"), placeOf(id)));
      return state === "added" ? { id, secret: text, uri: keyUri(issuer, email ?? "", secret) } : refused(state);
    },
    async challenge({ session_id }, factorId) {
      const { state, id, expires_at } = await book.challenge(session_id, factorId);
      return id === undefined || expires_at === undefined ? refused(state) : { id, expires_at };
    },
    async verify({ session_id }, factorId, challengeId, code) {
      const tried = await book.try(session_id, factorId, challengeId);
      if (tried.secret === undefined || tried.try === undefined) return refused(tried.state);
      const secret = Buffer.from(openText(key, tried.secret, placeOf(factorId)), "base64");
      const step = stepOfCode(secret, code, now());
      if (step === undefined) return { refused: "mfa_verification_failed" };
      const { state, refresh_token } = await book.accept(session_id, factorId, challengeId, tried.try, step);
      return refresh_token === undefined ? refused(state) : renew(refresh_token);
    },
    async remove({ session_id }, factorId) {
      const state = await book.remove(session_id, factorId);
      return state === "removed" ? { id: factorId } : refused(state);
    },
  };
}
