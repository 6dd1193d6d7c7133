// Is the evidence complete for the classification? Pure. Screening and beneficial owners are further rules of this room.
import { EvergreenError } from "@evergreen-fund/domain";
import type { Applicant } from "./facts.ts";

/** Kinds of evidence each classification owes: identity and address always, more the less the investor is protected (R54 order). */
export const REQUIRED_EVIDENCE: Record<string, readonly string[]> = {
  retail: ["identity_document", "address_proof", "suitability_test"],
  semi_professional: ["identity_document", "address_proof", "experience_statement", "minimum_commitment"],
  professional: ["identity_document", "address_proof", "professional_status"],
  qualified: ["identity_document", "address_proof", "qualified_status"],
};

export type Review = { outcome: "assign"; classification: string } | { outcome: "ask"; missing: string[] };

/** A kind counts when its value is an ISO date not after `today` (YYYY-MM-DD). @throws EvergreenError EG400 unknown classification. */
export function review(applicant: Applicant, today: string): Review {
  // an own key: "constructor" is a word every object knows
  const required = Object.hasOwn(REQUIRED_EVIDENCE, applicant.classification)
    ? REQUIRED_EVIDENCE[applicant.classification]
    : undefined;
  if (required === undefined) throw new EvergreenError("EG400", "The classification is not known.");
  // somebody of operations was faster: assigning again answers the same investor
  if (applicant.status === "assigned") return { outcome: "assign", classification: applicant.classification };
  const missing = required.filter((kind) => {
    const given = applicant.evidence[kind];
    return !(typeof given === "string" && /^\d{4}-\d{2}-\d{2}$/.test(given) && given <= today);
  });
  return missing.length === 0
    ? { outcome: "assign", classification: applicant.classification }
    : { outcome: "ask", missing };
}
