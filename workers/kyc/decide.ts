// May the applicant be cleared, and what exactly is missing? Pure. The gates in the order of R54; owners by R55, risk by R56, the next look by R51.
import { EvergreenError } from "@evergreen-fund/domain";
import {
  CLASSIFICATIONS,
  type Classification,
  KYC_GATES,
  type KycGate,
  STATED_KINDS,
  type StatedKind,
} from "@evergreen-fund/domain/policies/index.ts";
import { beneficialOwners, nextReview, type RiskLevel, riskScore } from "@evergreen-fund/finance";
import type { Applicant } from "./facts.ts";

export type Review =
  | { outcome: "assign"; classification: string; score: number; level: RiskLevel; nextReview: string }
  /** `gate`: the first that does not pass. */
  | { outcome: "ask"; gate: KycGate; missing: string[] }
  /** `screen`: whom nobody has screened yet. */
  | { outcome: "wait"; gate: KycGate; screen: string[] };

/** At most so many are asked for at once; the others are asked for when these are there. */
const ASKED_AT_ONCE = 20;

/** Screenings that one review asks for; the next one asks for more. */
const SCREENED_AT_ONCE = 50;

const oneOf = <T extends string>(list: readonly T[], value: string): T | undefined => list.find((one) => one === value);

/** Days from one ISO date to another. */
const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/**
 * The verdict on `today` (YYYY-MM-DD). What is missing is named as `kind`, with `:too_old` or `:expired` where something was given, and `@code` of the owner
 * it is missing of. Errors: EG400 unknown classification.
 */
export function review(applicant: Applicant, today: string): Review {
  const { policy, parties, party_id: root } = applicant;
  const classification = oneOf<Classification>(CLASSIFICATIONS, applicant.classification);
  if (classification === undefined) throw new EvergreenError("EG400", "The classification is not known.");
  const party = parties.find((one) => one.party_id === root);
  const kind = oneOf<StatedKind>(STATED_KINDS, party?.kind ?? "");
  // nothing is owed by what nobody has stated: that is asked for first
  if (kind === undefined && applicant.status !== "assigned")
    return { outcome: "ask", gate: "identity", missing: ["party_kind"] };

  const found = beneficialOwners({
    root,
    threshold: policy.body.ownership.threshold,
    parties: parties.map((one) => ({ id: one.party_id, kind: one.kind })),
    links: applicant.links.map(({ share, ...link }) => ({ ...link, ...(share === null ? {} : { share }) })),
  });
  const given = new Map(applicant.evidence.map((one) => [`${one.party_id}/${one.kind}`, one]));
  const relied: string[] = [];
  const gaps: { gate: KycGate; words: string }[] = [];
  const owe = (of: string, evidence: string, suffix: string) => {
    const terms = policy.body.evidence[evidence];
    const gap = (why: string) => gaps.push({ gate: terms?.gate ?? "identity", words: `${evidence}${why}${suffix}` });
    const held = given.get(`${of}/${evidence}`);
    if (held === undefined || held.on > today) gap("");
    else if (held.expires !== null && held.expires < today) gap(":expired");
    else if (typeof terms?.maxAgeDays === "number" && daysBetween(held.on, today) > terms.maxAgeDays) gap(":too_old");
    else if (held.expires !== null) relied.push(held.expires);
  };
  const required = kind === undefined ? [] : (policy.body.requirements[classification]?.[kind] ?? []);
  for (const evidence of new Set([...required, ...applicant.asked])) owe(root, evidence, "");
  const owners = found.owners.filter((owner) => owner.party !== root);
  for (const owner of owners) {
    const code = parties.find((one) => one.party_id === owner.party)?.code ?? "";
    for (const evidence of policy.body.ownerEvidence) owe(owner.party, evidence, `@${code}`);
  }
  if (kind !== "natural_person" && kind !== undefined)
    for (const id of found.unexplained) {
      const code = parties.find((one) => one.party_id === id)?.code ?? "";
      gaps.push({ gate: "identity", words: `beneficial_owners@${code}` });
    }

  const { caps } = policy.body;
  const full = caps.investors !== null && applicant.investor_id === null && applicant.investors >= caps.investors;
  // R54: any red stops; the first one is what the answer names, all papers are asked for at once
  for (const gate of KYC_GATES) {
    if (applicant.status === "assigned") break;
    if (gate === "cap" && full) return { outcome: "wait", gate, screen: [] };
    // papers of the gates before it are asked for first; a person is never screened on half an identity
    if (gaps.some((gap) => gap.gate === gate))
      return { outcome: "ask", gate, missing: gaps.map(({ words }) => words).slice(0, ASKED_AT_ONCE) };
    if (gate === "screening" && (applicant.case_stands || !["clear", "none"].includes(applicant.screening)))
      return { outcome: "wait", gate, screen: applicant.unasked.slice(0, SCREENED_AT_ONCE) };
  }

  const factors = [
    ...(kind === "trust" || kind === "foundation" ? ["trust_or_foundation"] : []),
    ...(found.depth >= 3 ? ["long_chain"] : []),
    ...(found.circular ? ["circular_ownership"] : []),
    ...(kind !== "natural_person" && owners.length === 0 ? ["no_owner_found"] : []),
    ...(applicant.high_risk_country ? ["high_risk_country"] : []),
    ...(applicant.past_true_match ? ["past_true_match"] : []),
    ...(given.has(`${root}/pep_declaration`) ? ["politically_exposed"] : []),
  ];
  const { score, level } = riskScore({ factors, policy: policy.body.risk });
  const { on } = nextReview({ level, from: today, years: policy.body.refresh.years, expiries: relied });
  return { outcome: "assign", classification, score, level, nextReview: on };
}
