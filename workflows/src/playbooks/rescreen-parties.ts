// LIST_PUBLISHED: what the list changed is held against every party, in work proportional to the change; then whoever still waits for a whole check gets one.
import { executeChild, workflowInfo } from "@temporalio/workflow";
import type { rescreenList } from "../rescreen-list.ts";
import type { PlaybookFunction } from "./playbook.ts";

export const rescreenParties: PlaybookFunction = async ({ run }, { rooms, stage }) => {
  stage("screening parties");
  // a child, so that a change that affects very many can begin anew with a short history
  const { parties, affected, possible, screened, reason } = await executeChild<typeof rescreenList>("rescreenList", {
    workflowId: `${workflowInfo().workflowId}/parties`,
    args: [{ ref: run, rooms, round: 0, possible: 0, screened: 0 }],
    cancellationType: "WAIT_CANCELLATION_COMPLETED",
  });
  return {
    status: reason === "" ? "completed" : "refused",
    reason: `${affected} of ${parties} parties affected, ${possible} possible matches, ${screened} waiting parties screened${reason === "" ? "" : `; ${reason}`}`,
  };
};
