// INVESTOR_SUBMITTED, EVIDENCE_RESUBMITTED, REVIEW_REQUESTED: may the applicant be cleared? Assign, say what is missing, or wait for what people decide.
import type { PlaybookFunction } from "./playbook.ts";

export const onboardInvestor: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("reviewing");
  const review = await room("kyc").review(run);
  switch (review.outcome) {
    case "assigned":
      return { status: "completed", reason: "investor assigned" };
    case "missing":
      return { status: "refused", reason: `evidence missing: ${review.missing.join(", ")}` };
    case "waiting":
      // the same words whatever it waits for: a run's reason reaches more people than a case does
      return { status: "refused", reason: "review not complete" };
  }
};
