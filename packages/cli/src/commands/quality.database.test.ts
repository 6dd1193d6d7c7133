// `quality show` against a real database: results of checks, read under the caller's own rights.
import { agent } from "@evergreen-fund/prisma/tests/arrange.ts";
import { newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;

it("shows what held and what did not, for portfolio managers and not for investors", async () => {
  const fund = await newFund(db);
  const words = ["quality", "show", "--fund", fund.code];
  expect((await house.run("pm1", words)).out).toContain("not been checked yet");
  await db.call(agent("simulation"), "fn_record_data_quality", {
    fund: fund.code,
    snapshot_hash: "d".repeat(64),
    as_of: "2026-01-30",
    results: JSON.stringify([
      { check: "nav_agreement", value: "0.25", limit: "0.5", unit: "bps", passed: true },
      { check: "stale_marks", value: null, limit: "0.1", unit: "share", passed: false },
    ]),
    workflow_id: "test",
  });
  expect(await house.json("pm1", z.array(z.looseObject({})), words)).toMatchObject([
    { check: "nav_agreement", value: "0.25", limit: "0.5", passed: true },
    { check: "stale_marks", value: null, passed: false },
  ]);
  const shown = await house.run("audit1", words);
  expect(shown.out).toMatch(/nav_agreement .*held/);
  expect(shown.out).toMatch(/stale_marks .*not measured .*FAILED/);
  expect((await house.run("lp1", words)).exit).not.toBe(0);
});
