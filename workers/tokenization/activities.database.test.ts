// Tokenization on a real Postgres: one registered operation per request, refused without an approval, under its own role.
import { expect, it } from "vitest";
import { AUDIT, importFund, PM_ONE } from "../tests/journeys.ts";
import { failureOf, recorded, twice, useRooms } from "../tests/room-house.ts";

const house = useRooms();

const token = { chain: "test", instrument: "UNIT", size: "1" };

it("registers once, as refused when nothing approved it", async () => {
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, PM_ONE, fundId, "TOKENIZATION_REQUESTED", token);
  expect(await twice(house, "tokenization.register", run)).toMatchObject({ status: "refused" });
  expect(await house.database.read(AUDIT, (tx) => tx.tokenization_actions.count({ where: { fund_id: fundId } }))).toBe(
    1,
  );
});
it("with a passed verdict waits for an approval by people; nothing is sent anywhere", async () => {
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, PM_ONE, fundId, "TOKENIZATION_REQUESTED", token);
  await house.database.rpc({ role: "agent_compliance_sentinel" }, "fn_log_compliance", {
    event_id: run.eventId,
    rule: "tokenization_approval",
    rule_version: "1",
    result: "passed",
  });
  expect(await twice(house, "tokenization.register", run)).toMatchObject({ status: "awaiting_approval" });
});
it("registers nothing for another event", async () => {
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, PM_ONE, fundId, "STRESS_REQUESTED", { scenario_id: "x", shift_bps: 1 });
  expect(await failureOf(house.call("tokenization.register", run))).toMatchObject({ code: "EG404", final: true });
});
it("may not do what other rooms do", async () => {
  const { fundId } = await importFund(house.database);
  const { eventId } = await recorded(house, PM_ONE, fundId, "TOKENIZATION_REQUESTED", token);
  const agent = { role: "agent_tokenization" } as const;
  await expect(
    house.database.rpc(agent, "fn_log_compliance", {
      event_id: eventId,
      rule: "tokenization_approval",
      rule_version: "1",
      result: "passed",
    }),
  ).rejects.toMatchObject({ code: "EG403" });
  await expect(
    house.database.rpc(agent, "fn_record_event", { type: "STRESS_REQUESTED", payload: {}, source: "x" }),
  ).rejects.toMatchObject({ code: "EG403" });
});
