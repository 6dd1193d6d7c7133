// A dealing day whose steps are each taken twice, and once more when the day is over: what a worker that died may have done beyond what its run knows.
import { DEALING_CONTRACTS, type RoomName } from "@evergreen-fund/domain";
import { expect } from "vitest";
import { type DealingHouse, dayOf } from "./dealing-journeys.ts";
import type { TestHouse } from "./houses.ts";
import { AUDIT, OPS } from "./journeys.ts";
import { failureOf, type RoomHouse, twice } from "./room-house.ts";

export type Opened = Awaited<ReturnType<ReturnType<typeof dayTakenTwice>["openedDay"]>>;

/** `house`: what the journeys of houses with a Temporal need of one. */
export function dayTakenTwice(rooms: RoomHouse, house: () => TestHouse) {
  async function openedDay(on: DealingHouse, date: string) {
    const { dealing_day_id, workflow_id, fund_id } = await rooms.database.rpc(OPS, "fn_open_dealing_day", {
      fund: on.code,
      share_class: "A",
      dealing_date: date,
    });
    const event = await rooms.database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({
        where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealing_day_id } },
      }),
    );
    const run = { eventId: event.event_id, workflowId: workflow_id! };
    expect(await twice(rooms, "commander.openDay", run)).toEqual({ dealingDayId: dealing_day_id, fundId: fund_id });
    await house().look("update dealing_days set cut_off_at = now() where dealing_day_id = $1", [dealing_day_id]);
    let round = 0;
    const ref = () => ({ ...run, fundId: fund_id, dealingDayId: dealing_day_id, round: ++round });
    const taken: [name: Parameters<typeof twice>[1], ref: ReturnType<typeof ref>][] = [];
    return {
      dayId: dealing_day_id,
      run,
      ref,
      taken,
      take: <T = Record<string, unknown>>(name: Parameters<typeof twice>[1]) => {
        const input = ref();
        taken.push([name, input]);
        return twice<T>(rooms, name, input);
      },
    };
  }

  /** A worker that dies may have done more than its run knows: each step is taken again as it was, and every step anew, when the day is over. It answers or is refused for good. */
  async function late({ dayId, ref, taken }: Opened): Promise<void> {
    expect((await dayOf(house(), dayId)).status).toBe("closed");
    const steps = Object.entries(DEALING_CONTRACTS).flatMap(([room, actions]) =>
      Object.keys(actions)
        .filter((action) => action !== "openDay" && action !== "openDealingDays") // they begin a day
        .map((action) => [`${room as RoomName}.${action}`, ref()] as const),
    );
    const [activationId, proposalId] = [crypto.randomUUID(), crypto.randomUUID()];
    for (const [name, input] of [...taken, ...steps]) {
      const work = rooms.call(name, { ...input, activationId, proposalId, reason: "late" });
      const answered = await work.then(
        () => true,
        () => false,
      );
      if (!answered)
        expect([name, await failureOf(work)]).toEqual([
          name,
          { code: expect.stringMatching(/^EG4/), final: true, message: expect.any(String) },
        ]);
    }
  }

  return { openedDay, late };
}
