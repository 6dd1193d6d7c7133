// A side pocket by command line against a real database: proposed with its assets, approved by two, the authority told, put to use and opened.
import { dayAt } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const Activation = z.object({
  activationId: z.uuid(),
  status: z.string(),
  proposalId: z.uuid(),
  proposalHash: z.string(),
  trigger: z.record(z.string(), z.unknown()),
  authorityNotifiedAt: z.string().nullable(),
});

/** 1,000 units at 108.0000 after a NAV on which nothing dealt; 90,000.00 of them are INFRA-1. */
async function struckFund() {
  const day = await dayAt(db, "struck");
  await db.look("update dealing_days set status = 'suspended' where dealing_day_id = $1", [day.dayId]);
  return day.fund;
}

describe("lmt activate side-pocket, notify and open-pocket", () => {
  it("two people approve its assets, the authority is told, and the class falls by what the pocket is worth", async () => {
    const fund = await struckFund();
    const on = ["--fund", fund.code];
    const activate = ["lmt", "activate", "side-pocket", ...on];
    const proposed = await house.json("ops1", Activation, [
      ...activate,
      "--assets",
      "INFRA-1",
      "--holdback",
      "2000",
      "--liabilities",
      "200",
      "--reason",
      "the market is closed",
    ]);
    expect(proposed.trigger).toMatchObject({
      assets: [fund.assets["INFRA-1"]],
      holdback: "2000",
      liabilities: "200",
      reason: "the market is closed",
    });
    const open = ["lmt", "open-pocket", ...on, "--code", "A-SP1"];
    expect(await house.run("ops1", open)).toMatchObject({
      exit: 3,
      err: expect.stringContaining("two people approve"),
    });
    for (const person of ["pm1", "pm2"] as const)
      await house.run(person, ["proposals", "approve", proposed.proposalId, "--hash", proposed.proposalHash]);
    // approved, and the authority is still to be told
    expect(await house.run("pm1", activate)).toMatchObject({ exit: 3, err: expect.stringContaining("The authority") });
    const Notified = z.object({ status: z.string(), notifiedAt: z.iso.datetime({ offset: true }) });
    const told = await house.json("ops1", Notified, ["lmt", "notify", "side-pocket", ...on]);
    expect(told.status).toBe("proposed");
    expect(await house.run("ops1", ["lmt", "notify", "side_pocket", ...on])).toMatchObject({ exit: 3 });
    const used = await house.json("pm1", Activation, activate);
    expect(used).toMatchObject({ status: "active", activationId: proposed.activationId });
    expect(Date.parse(used.authorityNotifiedAt ?? "")).toBe(Date.parse(told.notifiedAt));
    const Opened = z.object({ code: z.string(), of: z.string(), value: z.string(), mainValue: z.string() });
    expect(await house.json("ops1", Opened, [...open, "--class", "A"])).toEqual({
      code: "A-SP1",
      of: "A",
      value: "91800.00",
      mainValue: "16200.0000",
    });
    const prices = await db.look(
      "select code, trim_scale(nav_per_unit)::text as price, trim_scale(units_outstanding)::text as units from share_classes where fund_id = $1 order by code",
      [fund.fundId],
    );
    expect(prices).toEqual([
      { code: "A", price: "16.2", units: "1000" },
      { code: "A-SP1", price: "91.8", units: "1000" },
    ]);
    // once, and nobody can order it
    expect(await house.run("ops1", [...open, "--class", "A"])).toMatchObject({ exit: 3 });
    const order = ["order", "place", "redemption", ...on, "--class", "A-SP1", "--units", "1", "--investor"];
    const [held] = await db.look<{ code: string }>(
      "select i.investor_id as code from holdings h join share_classes c using (share_class_id) join investors i using (investor_id) where c.code = 'A-SP1' and c.fund_id = $1",
      [fund.fundId],
    );
    expect(await house.run("ops1", [...order, held?.code ?? ""])).toMatchObject({
      exit: 3,
      err: expect.stringContaining("A side pocket is closed"),
    });
    expect((await house.run("pm1", ["lmt", "show", ...on])).out).toMatch(/Authority told/);
  });

  it.each([
    ["a tool that nobody uses", ["lmt", "notify", "suspension", "--fund", "SYN-1"], 3, "neither proposed nor in use"],
    ["a time that is none", ["lmt", "notify", "suspension", "--fund", "SYN-1", "--at", "yesterday"], 2, "--at"],
    ["a tool that is none", ["lmt", "notify", "prayer", "--fund", "SYN-1"], 2, "A tool is one of"],
    ["a pocket without a code", ["lmt", "open-pocket", "--fund", "SYN-1"], 2, "--code"],
  ])("refuses %s", async (_what, words, exit, says) => {
    expect(await house.run("ops1", words)).toMatchObject({ exit, out: "", err: expect.stringContaining(says) });
  });
});
