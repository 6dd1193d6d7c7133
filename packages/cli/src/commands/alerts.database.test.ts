// Alerts by command line against a real database: listed, shown with their arithmetic, acknowledged once; nobody else may.

import { REMEDY } from "@evergreen-fund/finance/calc/stress-examples.ts";
import { liquidityRemedy, RemedyInput } from "@evergreen-fund/finance/stress-liquidity/remedy.ts";
import { agent, SERVICE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const Listed = z.array(
  z.object({
    alertId: z.string(),
    severity: z.string(),
    acknowledgedBy: z.string().nullable(),
    note: z.string().nullable(),
  }),
);
const Shown = z.object({ fund: z.string(), remedy: z.looseObject({}).nullable(), note: z.string().nullable() });

/** A breach of a new fund, and the remedy of the worked example beside it. */
async function raised(
  remedy: unknown = {
    ...liquidityRemedy(RemedyInput.parse(REMEDY)),
    scenario_id: "gfc_2008",
    stress_run_id: "a run",
    assumptions: ["Synthetic."],
  },
) {
  const fund = await newFund(db);
  const event_id = await db.value<string>(SERVICE, "fn_record_event", {
    type: "LIQUIDITY_BREACH",
    payload: { bucket: "30d", ratio: "0.75", required: "1" },
    source: "test",
    fund_id: fund.fundId,
  });
  const alertId = await db.value<string>(agent("risk-guardian"), "fn_raise_alert", {
    event_id,
    kind: "liquidity_breach",
    severity: "critical",
    reason: "Cover of bucket 30d is short.",
    remedy,
  });
  return { fund, alertId };
}

it("are listed by fund, shown with what could be done, and acknowledged once", async () => {
  const { fund, alertId } = await raised();
  const open = () => house.json("pm1", Listed, ["alerts", "list", "--fund", fund.code, "--open"]);
  expect(await open()).toEqual([{ alertId, severity: "critical", acknowledgedBy: null, note: null }]);
  const shown = await house.run("pm1", ["alerts", "show", alertId]);
  expect(shown.exit).toBe(0);
  for (const words of [
    "0.75 by 30d, required 1",
    "sell waterfall",
    "missing = 1 × 50.00 − 37.50 = 12.50",
    `rebalance --fund ${fund.code}`,
    "Not proposed:",
  ])
    expect(shown.out).toContain(words);
  const seen = [
    "alerts",
    "acknowledge",
    alertId,
    "--note",
    "Noted; the loans are being sold.",
    "--request-id",
    `seen/${alertId}`,
  ];
  expect((await house.run("ops1", seen)).out).toContain(`has acknowledged alert ${alertId}`);
  expect((await house.run("ops1", seen)).exit).toBe(0);
  const again = await house.run("pm2", ["alerts", "acknowledge", alertId, "--note", "me too"]);
  expect([again.exit, again.err]).toEqual([3, expect.stringContaining("acknowledged the alert already")]);
  expect(await open()).toEqual([]);
  expect(await house.json("pm1", Shown, ["alerts", "show", alertId])).toMatchObject({
    fund: fund.code,
    note: "Noted; the loans are being sold.",
  });
});

it("say why there is no remedy, and of an alert without one nothing", async () => {
  const { alertId } = await raised({ why: "No finished scenario of a stress run stands behind this event." });
  expect((await house.run("pm1", ["alerts", "show", alertId])).out).toContain("No finished scenario");
  const { alertId: bare } = await raised(null);
  expect(await house.json("pm1", Shown, ["alerts", "show", bare])).toMatchObject({ remedy: null });
});

it("are not for an LP, and one that is not there is named", async () => {
  const { alertId } = await raised();
  expect((await house.run("lp1", ["alerts", "acknowledge", alertId, "--note", "x"])).exit).not.toBe(0);
  const nowhere = await house.run("pm1", ["alerts", "show", "nothing"]);
  expect([nowhere.exit, nowhere.err]).toEqual([2, expect.stringContaining("There is no alert nothing")]);
  expect((await house.run("pm1", ["alerts", "acknowledge", alertId])).exit).toBe(2);
});
