// Simulation on a real Postgres: one result per request, exact to the cent, under its own role.
import { expect, it } from "vitest";
import { AUDIT, importFund, PM_ONE } from "../tests/journeys.ts";
import {
  effects,
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  recorded,
  twice,
  useRooms,
} from "../tests/room-house.ts";

const house = useRooms();

const shift = { scenario_id: "rates_+200", shift_bps: 200 };

it("records the loss once", async () => {
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, PM_ONE, fundId, "STRESS_REQUESTED", shift);
  expect(await twice(house, "simulation.stress", run)).toEqual({
    outcome: "completed",
    reason: "rates_+200 by dv100_linear",
  });
  const done = await house.database.read(AUDIT, (tx) =>
    tx.fund_events.findMany({ where: { fund_id: fundId, type: "STRESS_COMPLETED" } }),
  );
  expect(done.map((event) => event.payload)).toEqual([
    { scenario_id: "rates_+200", loss: "2469.00", method: "dv100_linear", convexity: "unknown", tenors: 1 },
  ]);
});
it("refuses a fund that reported nothing, and records nothing", async () => {
  const { fundId } = await importFund(house.database, { sensitivities: [] });
  const run = await recorded(house, PM_ONE, fundId, "STRESS_REQUESTED", shift);
  const before = await effects(house.database);
  expect(await house.call("simulation.stress", run)).toEqual({
    outcome: "refused",
    reason: "EG426: the fund has reported no rate sensitivities",
  });
  expect(await effects(house.database)).toEqual(before);
});
it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "simulation"));
it("may not do what other rooms do", async () => {
  const { fundId } = await importFund(house.database);
  const { eventId } = await recorded(house, PM_ONE, fundId, "STRESS_REQUESTED", shift);
  const agent = { role: "agent_simulation" } as const;
  await expect(
    house.database.rpc(agent, "fn_raise_alert", { event_id: eventId, kind: "x", severity: "notice", reason: "x" }),
  ).rejects.toMatchObject({ code: "EG403" });
  await expect(
    house.database.rpc(agent, "fn_complete_workflow", { workflow_id: "x", status: "failed", metadata: {} }),
  ).rejects.toMatchObject({ code: "EG403" });
  await expect(
    house.database.rpc(agent, "fn_assign_investor", { pending_id: eventId, classification: "retail" }),
  ).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "simulation"));
