// INVESTOR_SUBMITTED, EVIDENCE_RESUBMITTED, REVIEW_REQUESTED: may the applicant be cleared? Assign, say what is missing, or wait for what people decide.
import { patched } from "@temporalio/workflow";
import type { PlaybookFunction } from "./playbook.ts";

export const onboardInvestor: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("reviewing");
  const kyc = room("kyc");
  let review = await kyc.review(patched("rules-at-onboarding") ? { ...run, rules: "ask" } : run);
  if (review.outcome === "ready") {
    stage("rules");
    const { outcome } = await room("compliance-sentinel").checkApplicant(run);
    // looked at anew: what rules took to look may have changed what KYC sees
    review =
      outcome === "approved" ? await kyc.review({ ...run, rules: "asked" }) : { outcome: "waiting", missing: [] };
  }
  switch (review.outcome) {
    case "assigned":
      return { status: "completed", reason: "investor assigned" };
    case "missing":
      return { status: "refused", reason: `evidence missing: ${review.missing.join(", ")}` };
    default:
      // the same words whatever it waits for: a run's reason reaches more people than a case does
      return { status: "refused", reason: "review not complete" };
  }
};
