// A list's changes held against every party, a page of affected parties at a time; then those who wait for a whole check. Begins anew after some pages.
import type { RunRef } from "@evergreen-fund/domain/agents.ts";
import { continueAsNew, upsertSearchAttributes } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";
import { SEARCH } from "./search-attributes.ts";

export interface RescreenListArgs {
  ref: RunRef;
  rooms: Rooms;
  /** Pages taken so far; part of what each page records. */
  round: number;
  possible: number;
  screened: number;
  /** Once the change is covered: how many parties there were and were affected, and after which waiting party to go on. */
  covered?: { parties: number; affected: number; after?: string };
}

/** After so many pages the workflow begins anew: its history stays short. */
const PAGES_PER_RUN = 100;

export async function rescreenList(
  args: RescreenListArgs,
): Promise<{ parties: number; affected: number; possible: number; screened: number; reason: string }> {
  const { ref, rooms } = args;
  const kyc = callRoom("kyc", rooms);
  let { round, possible, screened, covered } = args;
  const until = round + PAGES_PER_RUN;
  while (covered === undefined && round < until) {
    upsertSearchAttributes([{ key: SEARCH.stage, value: `page ${round + 1}` }]);
    const page = await kyc.rescreenParties({ ...ref, round: round++ });
    possible += page.possible;
    if (page.outcome !== "more") covered = { parties: page.parties, affected: page.affected };
  }
  while (covered !== undefined && round < until) {
    upsertSearchAttributes([{ key: SEARCH.stage, value: "waiting parties" }]);
    const page = await kyc.screenWaiting({ ...ref, ...(covered.after === undefined ? {} : { after: covered.after }) });
    round++;
    screened += page.screened;
    if (page.next === undefined)
      return { parties: covered.parties, affected: covered.affected, possible, screened, reason: page.reason };
    covered = { ...covered, after: page.next };
  }
  return await continueAsNew<typeof rescreenList>({
    ref,
    rooms,
    round,
    possible,
    screened,
    ...(covered === undefined ? {} : { covered }),
  });
}
