// INVESTOR_SUBMITTED: is the evidence complete for the classification? Assign, or say what is missing.
import type { PlaybookFunction } from "./playbook.ts";

export const onboardInvestor: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("reviewing");
  const review = await room("kyc").review(run);
  return review.outcome === "assigned"
    ? { status: "completed", reason: "investor assigned" }
    : { status: "refused", reason: `evidence missing: ${review.missing.join(", ")}` };
};
