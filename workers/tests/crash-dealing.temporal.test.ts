// The crash points of a dealing day and of a restatement.
import { forgetCrash, until } from "@evergreen-fund/testing/working-house.ts";
import { describe, expect, it } from "vitest";
import { crashes, inHouse, onTheChain, openLanes } from "./crash-suite.ts";
import {
  approve,
  dayReaches,
  dealAhead,
  dealingFund,
  expectVectorDealt,
  navProposed,
  openDay,
  orderVector,
  payAll,
  reachCutOff,
} from "./dealing-journeys.ts";
import { clientOf } from "./houses.ts";

openLanes();
crashes("dealing");

describe.concurrent("a worker that dies", () => {
  it(
    "ahead of what its run knows: steps that it took are taken again, and the day goes on at once",
    { timeout: 1_800_000 },
    () =>
      inHouse(async (house) => {
        const start = (crashAt?: string) =>
          house.startWorkers({ environment: onTheChain(), ...(crashAt && { crashAt }) });
        const point = "commander.postDay.record";
        await forgetCrash(house, point); // a worker of this house died there before
        const first = await start(point);
        const client = await clientOf(house);
        let second: Awaited<ReturnType<typeof start>> | undefined;
        try {
          const on = await dealingFund(house);
          const flows = await orderVector(house, on);
          const { dealing_day_id, workflow_id } = await openDay(house, on.code, dealAhead(1));
          const eventsOf = async () => (await client.workflow.getHandle(workflow_id!).fetchHistory()).events ?? [];
          const stepsOf = async () => (await eventsOf()).filter((event) => event.markerRecordedEventAttributes);
          await reachCutOff(house, dealing_day_id);
          const nav = await navProposed(house, dealing_day_id);
          // the use of the gate is kept here: until it may be written, the run reports to Temporal what it did so far, and nothing after it
          const letGo = await house.hold("lmt_activations");
          try {
            await approve(house, nav);
            await until(
              async () =>
                (await house.look("select from pg_locks where not granted and relation = 'lmt_activations'::regclass"))
                  .length > 0,
              "the gate to be decided",
            );
            const before = (await stepsOf()).length;
            await until(async () => (await stepsOf()).length > before, "the run to report what it did");
          } finally {
            await letGo();
          }
          expect(await first.ended).toBe("SIGKILL");
          expect((await dayReaches(house, dealing_day_id, "posted")).step).toBe(8);
          second = await start();
          await dayReaches(house, dealing_day_id, "claimable");
          const waited = (await eventsOf()).map(({ timerStartedEventAttributes }) =>
            Number(timerStartedEventAttributes?.startToFireTimeout?.seconds ?? 0),
          );
          expect(waited.filter((seconds) => seconds === 300)).toEqual([]); // as for a step that people have to help
          await payAll(house, on, dealing_day_id);
          await dayReaches(house, dealing_day_id, "closed");
          await expectVectorDealt(house, on, dealing_day_id, flows);
        } finally {
          await client.connection.close();
          await Promise.all([first.kill(), second?.kill()]);
          await forgetCrash(house, point);
        }
      }),
  );
});
