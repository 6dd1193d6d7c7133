// What the daily schedule of the regulatory calendar starts: what is due and overdue is said once, and breaches past their cure.
import { workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export async function tickCalendar({
  rooms,
}: {
  rooms: Rooms;
}): Promise<{ due: number; overdue: number; uncured: number }> {
  return await callRoom("compliance-sentinel", rooms).tickCalendar({ workflowId: workflowInfo().workflowId });
}
