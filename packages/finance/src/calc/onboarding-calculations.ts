// Registry entries: beneficial owners, the risk of a party and when it is looked at again.
import { beneficialOwners, OwnershipInput, OwnershipOutput } from "../onboarding/ownership.ts";
import {
  NextReviewInput,
  NextReviewOutput,
  nextReview,
  RiskScoreInput,
  RiskScoreOutput,
  riskScore,
} from "../onboarding/review.ts";
import { define } from "./entry.ts";

export const ONBOARDING_CALCULATIONS = [
  define({
    name: "beneficial-owners",
    summary:
      "Natural persons who stand behind a party: share along all chains, circles solved exactly, control, trusts",
    source: "R55",
    input: OwnershipInput,
    output: OwnershipOutput,
    example: {
      root: "fund-investor",
      parties: [
        { id: "fund-investor", kind: "company" },
        { id: "holding", kind: "company" },
        { id: "ada", kind: "natural_person" },
        { id: "ben", kind: "natural_person" },
      ],
      links: [
        { owner: "holding", owned: "fund-investor", kind: "ownership", share: "0.8" },
        { owner: "fund-investor", owned: "holding", kind: "ownership", share: "0.1" },
        { owner: "ada", owned: "holding", kind: "ownership", share: "0.9" },
        { owner: "ben", owned: "fund-investor", kind: "ownership", share: "0.2" },
      ],
    },
    calculation: beneficialOwners,
    call: beneficialOwners,
  }),
  define({
    name: "risk-score",
    summary: "Risk of a party: points of the factors that hold, and the level they and their floors come to",
    source: "R56",
    input: RiskScoreInput,
    output: RiskScoreOutput,
    example: {
      factors: ["high_risk_country"],
      policy: { medium: 30, high: 60, factors: { high_risk_country: { points: 20, floor: "medium" } } },
    },
    calculation: riskScore,
    call: riskScore,
  }),
  define({
    name: "next-review",
    summary: "When a party is looked at again: years of its risk, first document that runs out, or an event",
    source: "R51",
    input: NextReviewInput,
    output: NextReviewOutput,
    example: {
      level: "high",
      from: "2026-11-22",
      years: { unrated: 5, low: 5, medium: 5, high: 1 },
      expiries: ["2027-03-01"],
    },
    calculation: nextReview,
    call: nextReview,
  }),
];
