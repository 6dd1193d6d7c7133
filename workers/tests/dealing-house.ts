// A house for dealing days with what their tests look at: what a run waits for, orders, events. Opened before the tests of a file and closed after them.
import { checkBooksAfterEach } from "@evergreen-fund/testing/checked.ts";
import { until, type Worker } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll } from "vitest";
import {
  type DealingHouse,
  dealAhead,
  dealingFund,
  openDay,
  orderVector,
  progressOf,
  reachCutOff,
} from "./dealing-journeys.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, OPS } from "./journeys.ts";

/** To be called once, at the head of the file; what it answers is there when the first test begins. */
export function useDealingHouse() {
  const opened = {} as { house: TestHouse; client: Client; worker: Worker };
  beforeAll(async () => {
    const [house] = (await openHouses(1)) as [TestHouse];
    Object.assign(opened, { house, worker: await house.startWorkers(), client: await clientOf(house) });
  });
  afterAll(async () => {
    await opened.client?.connection.close();
    await opened.house?.stop();
  });
  checkBooksAfterEach(() => opened.house.look);
  const read = <T>(work: Parameters<TestHouse["database"]["read"]>[1]) =>
    opened.house.database.read(AUDIT, work) as Promise<T>;
  const flowsOf = (flows: readonly string[]) =>
    opened.house.database.read(AUDIT, async (tx) => {
      const rows = await tx.fund_flows.findMany({ where: { flow_id: { in: [...flows] } } });
      return flows.map((id) => rows.find((row) => row.flow_id === id)!);
    });
  return {
    opened,
    flowsOf,
    statusesOf: async (flows: readonly string[]) => (await flowsOf(flows)).map(({ status }) => status),
    eventsOf: (on: DealingHouse, type: string) =>
      read<number>((tx) => tx.fund_events.count({ where: { fund_id: on.fundId, type } })),
    marks: (on: DealingHouse, ...rows: object[]) =>
      opened.house.database.rpc(OPS, "fn_record_marks", { fund: on.code, marks: rows as Record<string, unknown>[] }),
    /** Until the run of a day says that it waits for something that matches. */
    waitsFor(workflowId: string | null, words: RegExp) {
      let last: unknown;
      return until(
        async () => {
          const seen = await progressOf(opened.client, workflowId ?? "");
          last = seen;
          return seen.blockers.some((blocker) => words.test(blocker)) ? seen : null;
        },
        () => `the run ${workflowId} to wait for ${words}; it said ${JSON.stringify(last)}`,
      );
    },
    /** Until the run has answered everything it was told so far, and waits again. */
    looksAgain: (workflowId: string) =>
      until(async () => {
        const { events } = await opened.client.workflow.getHandle(workflowId).fetchHistory();
        const last = (of: (event: NonNullable<typeof events>[number]) => unknown) => events?.findLastIndex(of) ?? -1;
        return (
          last((event) => event.timerStartedEventAttributes) >
          last((event) => event.workflowExecutionSignaledEventAttributes)
        );
      }, `the run ${workflowId} to look again`),
    /** The event that started the run of a day. */
    runOfDay: async (dealingDayId: string): Promise<string> =>
      (
        await opened.house.database.read(AUDIT, (tx) =>
          tx.fund_events.findFirstOrThrow({
            where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealingDayId } },
          }),
        )
      ).event_id,
    /** A fund with the four redemptions of R6 in an open day that is past its cut-off. */
    async pastCutOff(change: Parameters<typeof dealingFund>[1] = {}) {
      const { house } = opened;
      const on = await dealingFund(house, change);
      const flows = await orderVector(house, on);
      const day = await openDay(house, on.code, dealAhead(1));
      await reachCutOff(house, day.dealing_day_id);
      return { on, flows, dayId: day.dealing_day_id, workflowId: day.workflow_id! };
    },
  };
}
