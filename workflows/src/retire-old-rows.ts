// What the monthly schedule of retention starts: everything that is older than its term is archived, read back and retired.
import { workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export async function retireOldRows({ rooms }: { rooms: Rooms }): Promise<{ archives: number; held: number }> {
  return await callRoom("simulation", rooms).retireRows({ workflowId: workflowInfo().workflowId });
}
