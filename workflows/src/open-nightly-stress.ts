// What the nightly schedule of a fund starts: the stress run of that night is asked for, once, by whoever fires for it. The event starts the run itself.
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export interface OpenNightlyStressArgs {
  fundId: string;
  timeZone: string;
  rooms: Rooms;
}

/** Set by Temporal: for when a run was scheduled, which for one that was caught up or backfilled is not when it started. */
const SCHEDULED = defineSearchAttributeKey("TemporalScheduledStartTime", SearchAttributeType.DATETIME);

export async function openNightlyStress({
  fundId,
  timeZone,
  rooms,
}: OpenNightlyStressArgs): Promise<{ stressRunId: string; eventId: string }> {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const night = dayIn(typedSearchAttributes.get(SCHEDULED) ?? startTime, timeZone);
  // not the id of this workflow, which is another one for every firing: the night is what may be asked for once
  return await callRoom("simulation", rooms).openNightly({ workflowId: `stress/${fundId}/${night}`, fundId, night });
}

/** The calendar day of a moment in a zone, YYYY-MM-DD. */
function dayIn(moment: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(moment);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}
