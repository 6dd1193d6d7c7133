// Risk Guardian on a real Postgres: one alert per event, under its own role.
import { expect, it } from "vitest";
import { AUDIT, importFund } from "../tests/journeys.ts";
import {
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  failureOf,
  recorded,
  twice,
  useRooms,
} from "../tests/room-house.ts";

const house = useRooms();

const SERVICE = { role: "service_role" } as const;
const breach = { bucket: "30d", ratio: "0.9", required: "1.2" };

it("raises one alert, however often it is asked", async () => {
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, SERVICE, fundId, "LIQUIDITY_BREACH", breach);
  const { alertId, severity } = await twice<{ alertId: string; severity: string }>(house, "risk-guardian.alert", run);
  expect(severity).toBe("critical");
  const alerts = await house.database.read(AUDIT, (tx) => tx.risk_alerts.findMany({ where: { fund_id: fundId } }));
  expect(alerts.map((alert) => alert.alert_id)).toEqual([alertId]);
});
it("does not react to other events", async () => {
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, SERVICE, fundId, "STRESS_REQUESTED", { scenario_id: "x", shift_bps: 1 });
  expect(await failureOf(house.call("risk-guardian.alert", run))).toMatchObject({ code: "EG428", final: true });
});
it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "risk-guardian"));
it("may not do what other rooms do", async () => {
  const { fundId } = await importFund(house.database);
  const { eventId } = await recorded(house, SERVICE, fundId, "STRESS_REQUESTED", { scenario_id: "x", shift_bps: 1 });
  const agent = { role: "agent_risk_guardian" } as const;
  await expect(
    house.database.rpc(agent, "fn_record_stress", { event_id: eventId, scenario_id: "x", loss: "1", method: "x" }),
  ).rejects.toMatchObject({ code: "EG403" });
  await expect(house.database.rpc(agent, "fn_open_workflow", { workflow_id: "x", type: "x" })).rejects.toMatchObject({
    code: "EG403",
  });
  await expect(
    house.database.rpc(agent, "fn_log_compliance", {
      event_id: eventId,
      rule: "x",
      rule_version: "1",
      result: "passed",
    }),
  ).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "risk-guardian"));
