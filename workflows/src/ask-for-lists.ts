// What the schedule of the lists starts: every list with an address is asked for once; each is then a run of its own.
import { workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export async function askForLists({ rooms }: { rooms: Rooms }): Promise<{ lists: number }> {
  // every firing has an id of its own, and asks once however often its step is taken
  return await callRoom("kyc", rooms).requestRefreshes({ workflowId: `feed/lists/${workflowInfo().workflowId}` });
}
