// Units on a chain by runs: the crash points, a worker killed before and after it sends, with one effect in the end; and the clock that compares chain and register.
import { LOCAL_KEYS } from "@evergreen-fund/contracts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect, it } from "vitest";
import { crashes, inHouse, onTheChain, openLanes } from "./crash-suite.ts";
import { approve, dealingFund } from "./dealing-journeys.ts";
import { clientOf } from "./houses.ts";
import { AUDIT, expectEnd, OPS, proposalStands } from "./journeys.ts";

openLanes();
crashes("tokens");

it("a class on a chain has a clock of its own, which compares it with the chain", () =>
  inHouse(async (house) => {
    const { database } = house;
    const worker = await house.startWorkers({ schedules: true, environment: onTheChain() });
    const client = await clientOf(house);
    try {
      const on = await dealingFund(house);
      const { event_id } = await database.rpc(OPS, "fn_request_token_action", {
        fund: on.code,
        share_class: "A",
        kind: "deploy",
        body: {},
      });
      await approve(house, await proposalStands(database, event_id));
      await expectEnd(database, event_id, "completed");
      const clock = client.schedule.getHandle(`token/${on.code}/A`);
      const made = await until(() => clock.describe(), "the clock of the class to be made", 90_000);
      expect(made.policies).toMatchObject({ overlap: "SKIP", catchupWindow: 3_600_000 });
      const comparedAt = async () =>
        (
          await database.read(AUDIT, (tx) => tx.token_contracts.findFirstOrThrow({ where: { fund_id: on.fundId } }))
        ).reconciled_at?.getTime() ?? 0;
      const before = await comparedAt();
      await clock.trigger();
      await until(async () => (await comparedAt()) > before, "chain and register to be compared again", 90_000);
      const breaks = await database.read(AUDIT, (tx) => tx.chain_breaks.count({ where: { fund_id: on.fundId } }));
      expect(breaks).toBe(0);
      // the key signed, and nobody wrote it down
      expect(worker.output()).toMatch(/^ready/m);
      expect(worker.output().toLowerCase()).not.toContain(LOCAL_KEYS[0]!.slice(2));
    } finally {
      await client.connection.close();
      await worker.kill();
    }
  }));
