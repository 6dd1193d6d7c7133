// The sentence under a form: a refusal, patience, or a server that does not answer.
import { expect, it } from "vitest";
import { sentenceFor, stepSentence } from "./sentence.ts";

it.each([
  [null, ""],
  [{ status: 400, message: "invalid_grant" }, "Check it."],
  [{ status: 429, message: "Too many attempts: try again in 9 s." }, "Too many attempts: try again in 9 s."],
  [{ status: 503, message: "x" }, "The server does not answer: try again in a moment."],
  [{ message: "fetch failed" }, "The server does not answer: try again in a moment."],
])("says of %j: %s", (error, sentence) => {
  expect(sentenceFor(error, "Check it.")).toBe(sentence);
});

it.each([
  [null, ""],
  [{ status: 422, code: "mfa_verification_failed", message: "Invalid TOTP code entered" }, "wait for the next one"],
  [{ status: 429, code: "over_request_rate_limit", message: "Five wrong codes: wait." }, "Five wrong codes: wait."],
  [{ status: 401, message: "x" }, "sign in again"],
  // a project whose second step is switched off, and a server that has none
  [{ status: 422, code: "mfa_totp_enroll_not_enabled", message: "x" }, "This server offers no second step"],
  [{ status: 403, message: "Accounts are made by invitation." }, "This server offers no second step"],
  [{ status: 503, message: "x" }, "The server does not answer"],
])("says of the second step, %j: %s", (error, sentence) => {
  expect(stepSentence(error)).toContain(sentence);
  if (error === null) expect(stepSentence(error)).toBe("");
});
