// A dealing day of class A by its rooms, without Temporal: from its opening to its end, or as far as a test wants to take it.
import { expect } from "vitest";
import { approve, type DealingHouse, dayOf, payAll } from "./dealing-journeys.ts";
import { lookAt, type TestHouse } from "./houses.ts";
import { AUDIT, OPS } from "./journeys.ts";
import type { RoomHouse } from "./room-house.ts";

type Action = Parameters<RoomHouse["call"]>[0];

export interface RoomDay {
  dayId: string;
  /** A step of the day, as its run would take it. */
  take(name: Action, more?: object): Promise<Record<string, unknown>>;
}

/** What a test of dealing days does with the rooms of its file. */
export function dealingRooms(rooms: RoomHouse) {
  const look = <T extends Record<string, unknown> = Record<string, unknown>>(
    sql: string,
    values: unknown[] = [],
  ): Promise<T[]> => lookAt<T>(rooms.adminUrl, sql, values);
  /** What the journeys of houses with a Temporal need of one. */
  const house = (): TestHouse => ({ database: rooms.database, look }) as unknown as TestHouse;

  /** As the dispatcher and the batch workflow would. */
  async function intake(): Promise<void> {
    for (;;) {
      const [batch] = await rooms.database.rpc({ role: "service_role" }, "fn_claim_batch", { consumer: "test" });
      if (batch === undefined) return;
      await rooms.call("kyc.intakeOrders", { batchId: batch.batch_id, type: batch.type });
    }
  }

  /** An open day past its cut-off. */
  async function openedDay(on: DealingHouse, date: string): Promise<RoomDay> {
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
    await look("update dealing_days set cut_off_at = now() where dealing_day_id = $1", [dealing_day_id]);
    let round = 0;
    const run = { eventId: event.event_id, workflowId: workflow_id, fundId: fund_id, dealingDayId: dealing_day_id };
    const take = (name: Action, more: object = {}) =>
      rooms.call<Record<string, unknown>>(name, { ...run, round: ++round, ...more });
    await take("commander.openDay");
    return { dayId: dealing_day_id, take };
  }

  const approved = async (proposalId: string): Promise<void> =>
    approve(
      house(),
      await rooms.database.read(AUDIT, (tx) => tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } })),
    );

  /** Up to a NAV that two people approved; with the blockers of a NAV that nobody can propose. */
  async function valued({ take }: RoomDay): Promise<string[]> {
    await take("commander.lockOrders");
    await take("kyc.recheckOrders");
    await take("commander.freezeNav");
    const { blockers } = (await take("commander.lookAtDay")) as { blockers: string[] };
    if (blockers.length > 0) return blockers;
    await take("liquidity-engine.runLab");
    const { proposalId } = (await take("commander.proposeNav")) as { proposalId: string };
    await approved(proposalId);
    return blockers;
  }

  /** From there to the closed day. */
  async function closed(on: DealingHouse, { dayId, take }: RoomDay): Promise<void> {
    for (const step of ["commander.strikeNav", "liquidity-engine.decideLmt", "liquidity-engine.allocate"] as const)
      await take(step);
    await take("kyc.recheckOrders");
    await take("commander.postDay");
    await take("commander.openClaims");
    await payAll(house(), on, dayId);
    await take("commander.prepareStatements");
    await take("commander.closeDay");
    expect((await dayOf(house(), dayId)).status).toBe("closed");
  }

  async function dealt(on: DealingHouse, date: string): Promise<{ dayId: string; blockers: string[] }> {
    const day = await openedDay(on, date);
    const blockers = await valued(day);
    if (blockers.length === 0) await closed(on, day);
    return { dayId: day.dayId, blockers };
  }

  return { look, house, intake, openedDay, approved, valued, closed, dealt };
}
