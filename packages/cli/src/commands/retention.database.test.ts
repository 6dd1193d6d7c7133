// Retention by command line against a real database: terms, plan, holds, the run; then two LPs read their archived events, and each sees the own only.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withContent } from "@evergreen-fund/analytics";
import { LP_A, LP_B, OPS } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dealingDatabase } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { oldEvents } from "@evergreen-fund/prisma/tests/retention-days.ts";
import { newFund, newInvestor } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { openDoor } from "../test-house.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-retention-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const db = await dealingDatabase();
const door = await openDoor(db.database.urlFor("evergreen_api"), (sql, values) => db.look(sql, values), {
  withContent: (events) => withContent(home, null, events),
  environment: { EVERGREEN_HOME: home, DATABASE_URL: db.database.urlFor("evergreen_app") },
});

const History = z.array(
  z.looseObject({ eventId: z.string(), payload: z.record(z.string(), z.unknown()), archiveId: z.string().nullable() }),
);
const Plan = z.array(
  z.strictObject({
    what: z.string(),
    fundId: z.string().nullable(),
    month: z.string(),
    rows: z.string(),
    held: z.boolean(),
  }),
);
const Run = z.looseObject({ retired: z.array(z.looseObject({ what: z.string(), rows: z.number() })), held: Plan });

it("plans, obeys a hold, archives, and everyone reads what they could read before", async () => {
  const fund = await newFund(db);
  const [a, b] = [await newInvestor(db, userOf(LP_A)), await newInvestor(db, userOf(LP_B))];
  for (const investor of [a, b])
    await db.call(OPS, "fn_place_order", {
      fund: fund.code,
      investor_id: investor,
      direction: "subscription",
      amount: "100.00",
      currency: "USD",
    });
  const [ofA, ofB, ofBoth, ofNobody] = await oldEvents(db, fund.fundId, [
    { investors: [a] },
    { investors: [b] },
    { investors: [a, b] },
    {},
  ]);
  const history = (person: "lp1" | "lp2" | "pm1") =>
    door.json(person, History, [
      "events",
      "history",
      "--fund",
      fund.code,
      "--from",
      "2020-05-01",
      "--to",
      "2020-05-31",
    ]);
  const before = { lp1: await history("lp1"), lp2: await history("lp2"), pm1: await history("pm1") };
  expect(before.lp1.map(({ eventId }) => eventId)).toEqual([ofA, ofBoth]);
  expect(before.lp2.map(({ eventId }) => eventId)).toEqual([ofB, ofBoth]);
  expect(before.pm1.map(({ eventId }) => eventId)).toEqual([ofA, ofB, ofBoth, ofNobody]);

  const due = { what: "fund_events", fundId: fund.fundId, month: "2020-05-01", rows: "4" };
  expect(await door.json("ops1", Plan, ["retention", "plan"])).toContainEqual({ ...due, held: false });
  const { holdId } = await door.json("ops1", z.looseObject({ holdId: z.uuid() }), [
    "retention",
    "hold",
    "--fund",
    fund.code,
    "--reason",
    "a claim",
  ]);
  expect((await door.run("ops1", ["retention", "show"])).out).toContain("a claim");
  expect((await door.json("ops1", Run, ["retention", "run"])).held).toContainEqual({ ...due, held: true });
  expect((await door.run("ops1", ["retention", "lift", holdId, "--reason", "settled"])).exit).toBe(3);
  expect((await door.run("pm1", ["retention", "lift", holdId, "--reason", "settled"])).exit).toBe(0);
  const { retired } = await door.json("ops1", Run, ["retention", "run"]);
  expect(retired).toContainEqual(expect.objectContaining({ what: "fund_events", rows: 4, fundId: fund.fundId }));

  for (const person of ["lp1", "lp2", "pm1"] as const) {
    const after = await history(person);
    expect(after.every(({ archiveId }) => archiveId !== null)).toBe(true);
    expect(after.map((event) => ({ ...event, archiveId: null }))).toEqual(before[person]);
  }
  // live ones in the same answer
  const all = await door.json("pm1", History, ["events", "history", "--fund", fund.code]);
  expect(new Set(all.map(({ archiveId }) => archiveId === null))).toEqual(new Set([true, false]));
  expect((await door.run("lp1", ["retention", "run"])).exit).toBe(4);
  expect((await door.run("pm1", ["events", "history", "--fund", fund.code, "--from", "2020-02-31"])).exit).toBe(2);
});
