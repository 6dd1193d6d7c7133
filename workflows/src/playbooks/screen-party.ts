// SCREENING_REQUESTED: a new or changed party is held against every list. A possible match is a case for people; missing facts are asked for first.
import type { PlaybookFunction } from "./playbook.ts";

export const screenParty: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("screening");
  const { outcome, candidates, missing, reason } = await room("kyc").screenParty(run);
  if (outcome === "clear") return { status: "completed", reason: "no match" };
  if (outcome === "possible")
    return { status: "completed", reason: `${candidates} possible matches wait for a decision` };
  if (outcome === "ask") return { status: "completed", reason: `asked for: ${missing.join(", ")}` };
  return { status: "refused", reason: `${outcome}: ${reason}` };
};
