// What the schedule of a class starts: the dealing days whose cut-off is near are opened. Each opened day records the event that starts its own run.
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export interface OpenDealingDaysArgs {
  fundId: string;
  shareClassId: string;
  rooms: Rooms;
}

/** Set by Temporal: for when a run was scheduled, which for one that was caught up or backfilled is not when it started. */
const SCHEDULED = defineSearchAttributeKey("TemporalScheduledStartTime", SearchAttributeType.DATETIME);

export async function openDealingDays({
  fundId,
  shareClassId,
  rooms,
}: OpenDealingDaysArgs): Promise<{ dates: string[] }> {
  const { workflowId, typedSearchAttributes, startTime } = workflowInfo();
  const at = (typedSearchAttributes.get(SCHEDULED) ?? startTime).toISOString();
  return await callRoom("commander", rooms).openDealingDays({ workflowId, fundId, shareClassId, at });
}
