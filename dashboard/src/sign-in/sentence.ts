// What a person reads when the sign-in or a step of it has failed.

interface Failure {
  status?: number | undefined;
  code?: string | undefined;
  message: string;
}

/** Nothing when nothing failed; the server's own words when it asks for patience; `refused` for any other refusal. */
export function sentenceFor(error: Failure | null, refused: string): string {
  if (error === null) return "";
  const status = error.status ?? 0;
  if (status === 429) return error.message;
  return status >= 400 && status < 500 ? refused : "The server does not answer: try again in a moment.";
}

/** By the code of a refusal of the second step; other codes mean that the server has none. */
const STEP: Readonly<Record<string, string>> = {
  mfa_verification_failed: "That code is not the one of this moment, or was used already: wait for the next one.",
  mfa_challenge_expired: "That took too long: try the next code.",
  mfa_factor_name_conflict: "There is one of this name already: choose another name.",
  mfa_factor_not_found: "That authenticator is not there any more: look at the list again.",
  insufficient_aal: "Sign in with the code of your authenticator first.",
  too_many_enrolled_mfa_factors: "There are as many authenticators as there may be: remove one first.",
  validation_failed: "That name cannot be used: choose another one.",
};

/** The same for a step with an authenticator. */
export const stepSentence = (error: Failure | null): string =>
  error?.status === 401
    ? "Your session has ended: sign in again."
    : sentenceFor(error, STEP[error?.code ?? ""] ?? "This server offers no second step: ask whoever runs it.");
