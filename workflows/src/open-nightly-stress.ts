// What the nightly schedule of a fund starts: the stress run of that night is asked for, once, by whoever fires for it. The event starts the run itself.

import { civilDateAt } from "@evergreen-fund/finance/dealing/calendar.ts";
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { log, workflowInfo } from "@temporalio/workflow";
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
  const night = civilDateAt((typedSearchAttributes.get(SCHEDULED) ?? startTime).getTime(), timeZone);
  // not the id of this workflow, which is another one for every firing: the night is what may be asked for once
  const simulation = callRoom("simulation", rooms);
  // a feed that is away or refused is told by its own row; the night is computed on what is known
  await simulation
    .takeMarketFeed({ workflowId: `feed/${fundId}/${night}` })
    .catch(() => log.warn("the market feed was not taken", { fundId }));
  return await simulation.openNightly({ workflowId: `stress/${fundId}/${night}`, fundId, night });
}
