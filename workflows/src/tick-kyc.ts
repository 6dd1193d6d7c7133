// What the hourly schedule of KYC starts: clearances that ran out stop orders, what falls due is opened for review, cases past their time alert.
import { workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export async function tickKyc({
  rooms,
}: {
  rooms: Rooms;
}): Promise<{ expired: number; opened: number; overdue: number }> {
  return await callRoom("kyc", rooms).tick({ workflowId: workflowInfo().workflowId });
}
