// One run per event: brief → playbook → close → remember. Deterministic code only; rows are read and written by rooms.
import type { RunRef, RunStatus } from "@evergreen-fund/domain/agents.ts";
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  log,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import { countKnocks } from "./knocks.ts";
import { PLAYBOOK_TABLE } from "./playbooks/index.ts";
import type { House, Outcome } from "./playbooks/playbook.ts";
import { callRoom, type Rooms } from "./proxies.ts";
import { reasonOf } from "./reason-of.ts";
import { openSaga } from "./saga.ts";
import { SEARCH } from "./search-attributes.ts";

export interface CommanderArgs {
  eventId: string;
  rooms: Rooms;
}

export async function commander({ eventId, rooms }: CommanderArgs): Promise<{ status: RunStatus }> {
  const { workflowId } = workflowInfo();
  // spelled out: domain's id module would bring zod along, and a module is loaded anew for every run
  if (workflowId !== `event/${eventId}`)
    throw ApplicationFailure.nonRetryable("A run belongs to the event in its id.", "EG400");
  const saga = openSaga();
  const house: House = {
    rooms,
    room: (name) => callRoom(name, rooms),
    saga,
    knocks: countKnocks(),
    stage: (name) => upsertSearchAttributes([{ key: SEARCH.stage, value: name }]),
  };
  let run: RunRef = { eventId, workflowId };
  const outcome = await play();
  // also a run that is being cancelled is closed: its mirror must not say "running" for ever
  return await CancellationScope.nonCancellable(async () => {
    const { status } = await house.room("commander").close({ ...run, ...outcome });
    await house
      .room("commander")
      .remember({ ...run, ...outcome })
      .catch(() => log.warn("the run is not remembered", { workflowId }));
    return { status: status as RunStatus };
  });

  async function play(): Promise<Outcome> {
    try {
      const brief = await house.room("commander").brief(run);
      if (brief.fundId) run = { ...run, fundId: brief.fundId };
      // the brief refuses an event that starts no run of this workflow
      return await PLAYBOOK_TABLE[brief.playbook]({ run, type: brief.type, memoryIds: brief.memoryIds }, house);
    } catch (error) {
      await saga.compensate();
      return { status: "failed", reason: isCancellation(error) ? "the run was cancelled" : reasonOf(error) };
    }
  }
}
