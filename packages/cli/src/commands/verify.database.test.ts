// The verifier on a real database: a closed day holds, and whatever somebody changes in it behind the functions' back is found and named.
// Mutants are planted by the superuser with every trigger off: what the database itself would refuse is not what is tested here.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PM_ONE } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  type Day,
  DEALING_DATE,
  dayAt,
  openDay,
  STEPS,
  strikeOf,
  take,
} from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { consented } from "@evergreen-fund/prisma/tests/postings.ts";
import { newInvestor } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { INVARIANTS } from "../invariants.ts";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const Verdict = z.object({
  ok: z.boolean(),
  days: z.array(
    z.object({
      class: z.string(),
      checks: z.array(z.strictObject({ check: z.string(), ok: z.boolean().nullable(), says: z.string() })),
    }),
  ),
});
const words = (day: Day): string[] => ["deal", "verify", "--fund", day.fund.code, "--date", DEALING_DATE];

async function failed(day: Day): Promise<string[]> {
  const verdict = await house.json("audit1", Verdict, words(day), 1);
  return verdict.days.flatMap(({ checks }) => checks.filter(({ ok }) => ok === false).map(({ check }) => check));
}

/** Changes rows as nobody can: every trigger off, in one transaction. */
const plant = (day: Day, sql: string): Promise<unknown> => {
  db.broken(day.fund.fundId, "a row is changed behind the functions' back");
  return db.look(`begin; set local session_replication_role = replica; ${sql}; commit`);
};

describe("a day that nobody touched", () => {
  it.each(STEPS)("holds after the step %s", async (step) => {
    const day = await take(db, await openDay(db), step);
    const { ok, days } = await house.json("ops1", Verdict, words(day));
    expect({ ok, classes: days.map((row) => row.class) }).toEqual({ ok: true, classes: ["A"] });
    const open = days.flatMap(({ checks }) => checks.filter((check) => check.ok === null));
    expect(open.length === 0).toBe(step === "closed");
  });

  it("reads well, check by check", async () => {
    const day = await dayAt(db, "closed");
    const { out, exit } = await house.run("audit1", words(day));
    expect(exit).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe(`${day.fund.code}, class A, ${DEALING_DATE}`);
    expect(lines.slice(1, -1).every((line) => line.startsWith("✓ "))).toBe(true);
    expect(out).toContain(
      "✓ gate            asked for 21,600.00 USD, cap 5,400.00 USD (share of NAV): 50.0000 units, ratio 0.25",
    );
    expect(lines.at(-1)).toBe("Every check holds.");
  });

  it("is the same from a file that was taken away, without any login, and a file that was changed is caught", async () => {
    const day = await dayAt(db, "closed");
    const taken = await house.run("audit1", ["deal", "record", "--fund", day.fund.code, "--date", DEALING_DATE]);
    expect(taken.exit).toBe(0);
    const file = join(mkdtempSync(join(tmpdir(), "evergreen-record-")), "deal.json");
    writeFileSync(file, taken.out);
    expect((await house.run("lp1", ["deal", "verify", "--record", file])).exit).toBe(0);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll('"150.000000000000000000"', '"149.000000000000000000"'));
    const changed = await house.run("lp1", ["deal", "verify", "--record", file]);
    expect(changed.exit).toBe(1);
    expect(changed.out).toMatch(/✗ carried .*carries 149/);
  });

  it("is not for investors: they see no other orders", async () => {
    const day = await dayAt(db, "closed");
    expect((await house.run("lp1", words(day))).exit).not.toBe(0);
  });

  it.each([
    ["nothing named", ["deal", "verify"]],
    ["no date", ["deal", "verify", "--fund", "X"]],
    ["two sources", ["deal", "verify", "--fund", "X", "--date", "2026-01-30", "--record", "x.json"]],
    ["a file that is none", ["deal", "verify", "--record", join(tmpdir(), "absent.json")]],
    ["another file", ["deal", "verify", "--record", new URL("../../package.json", import.meta.url).pathname]],
    ["a date on which nothing deals", ["deal", "verify", "--fund", "SYN-1", "--date", "2026-01-29"]],
    ["an unknown class", ["deal", "verify", "--fund", "SYN-1", "--date", DEALING_DATE, "--class", "Z"]],
  ])("refuses %s", async (_name, argv) => {
    const ran = await house.run("audit1", argv);
    expect(ran).toMatchObject({ exit: 2, out: "" });
  });
});

describe("what somebody changed is found and named", () => {
  const fill = (day: Day): string => `dealing_day_id = '${day.dayId}' and flow_id = '${day.redemption}'`;
  const strike = (day: Day): Promise<string> => strikeOf(db, day.dayId);
  const MUTANTS: [what: string, sql: (day: Day) => string | Promise<string>, checks: string[]][] = [
    [
      "one unit in the last place of a fill",
      (d) =>
        `update allocations set filled_units = filled_units + 0.0001, carried_units = carried_units - 0.0001 where ${fill(d)}`,
      ["fills", "carried", "unit ledger", "day hash"],
    ],
    [
      "units moved from one order to nobody",
      (d) =>
        `update allocations set filled_units = 49, carried_units = 151, gross_amount = 5292, net_amount = 5292 where ${fill(d)}`,
      ["fills", "carried", "unit ledger", "day hash"],
    ],
    [
      "one unit not carried",
      (d) => `update allocations set carried_units = carried_units - 1 where ${fill(d)}`,
      ["carried", "day hash"],
    ],
    [
      "one cent of the payment",
      (d) => `update allocations set net_amount = net_amount + 0.01 where ${fill(d)}`,
      ["cash", "day hash"],
    ],
    [
      "one cent of levy",
      (d) => `update allocations set levy = 0.01, net_amount = net_amount - 0.01 where ${fill(d)}`,
      ["cash", "day hash"],
    ],
    [
      "a fee nobody agreed to",
      (d) => `update allocations set fee = 10, net_amount = net_amount - 10 where ${fill(d)}`,
      ["cash", "day hash"],
    ],
    ["the price of one fill", (d) => `update allocations set price = 108.0001 where ${fill(d)}`, ["cash", "day hash"]],
    [
      "the price of all",
      async (d) =>
        `update class_navs set dealing_price_red = 109 where strike_id = '${await strike(d)}'; update allocations set price = 109, gross_amount = 5450, net_amount = 5450 where ${fill(d)}`,
      ["dealing prices", "cash", "day hash"],
    ],
    [
      "the NAV per unit",
      async (d) => `update class_navs set nav_per_unit = 108.0001 where strike_id = '${await strike(d)}'`,
      ["NAV per unit", "gate", "dealing prices"],
    ],
    [
      "the NAV",
      async (d) =>
        `update nav_strikes set nav = 108000.01, gnav = 109000.01, total_assets = 110000.01 where strike_id = '${await strike(d)}'`,
      ["NAV", "NAV per unit"],
    ],
    [
      "the NAV without what it is made of",
      async (d) =>
        `update nav_strikes set performance_fee = 999.99, nav = 108000.01 where strike_id = '${await strike(d)}'; update class_navs set nav = 108000.01 where strike_id = '${await strike(d)}'`,
      ["approvals"],
    ],
    [
      "the value of an input",
      async (d) => `update nav_inputs set value = value + 1 where strike_id = '${await strike(d)}' and kind = 'cash'`,
      ["NAV inputs", "NAV"],
    ],
    [
      "the source of an input",
      async (d) => `update nav_inputs set source = 'hearsay' where strike_id = '${await strike(d)}' and kind = 'asset'`,
      ["NAV inputs"],
    ],
    [
      "the date of an input",
      async (d) => `update nav_inputs set as_of = as_of - 1 where strike_id = '${await strike(d)}' and kind = 'asset'`,
      ["NAV inputs"],
    ],
    [
      "an input taken away",
      async (d) => `delete from nav_inputs where strike_id = '${await strike(d)}' and kind = 'accrual'`,
      ["NAV inputs", "NAV"],
    ],
    [
      "the hash of the inputs",
      async (d) => `update nav_strikes set inputs_hash = repeat('0', 64) where strike_id = '${await strike(d)}'`,
      ["NAV inputs", "approvals", "day hash"],
    ],
    [
      "an approval taken away",
      async (d) =>
        `delete from approvals where approval_id = (select approval_id from approvals a join nav_strikes s using (proposal_id) where s.strike_id = '${await strike(d)}' limit 1)`,
      ["approvals"],
    ],
    [
      "an approval of something else",
      async (d) =>
        `update approvals a set proposal_hash = repeat('0', 64) from nav_strikes s where s.proposal_id = a.proposal_id and s.strike_id = '${await strike(d)}'`,
      ["approvals"],
    ],
    [
      "one person approving twice",
      async (d) =>
        `update approvals a set decided_by = decided_by from nav_strikes s where s.proposal_id = a.proposal_id and s.strike_id = '${await strike(d)}'; update proposals p set proposed_by = 'user:' || (select a.decided_by from approvals a where a.proposal_id = p.proposal_id limit 1) from nav_strikes s where s.proposal_id = p.proposal_id and s.strike_id = '${await strike(d)}'`,
      ["approvals"],
    ],
    [
      "the cap that was decided",
      (d) => `update dealing_days set decision = decision || '{"cap_units": "51"}' where dealing_day_id = '${d.dayId}'`,
      ["gate", "day hash"],
    ],
    [
      "the ratio that was decided",
      (d) =>
        `update dealing_days set decision = decision || '{"fraction": "0.26"}' where dealing_day_id = '${d.dayId}'`,
      ["gate"],
    ],
    [
      "a gate that is denied",
      (d) => `update dealing_days set decision = '{"gate": false}' where dealing_day_id = '${d.dayId}'`,
      ["gate", "day hash"],
    ],
    [
      "the policy of the gate",
      (d) =>
        `update lmt_policies set body = jsonb_set(body, '{gate,share}', '"0.06"') where fund_id = '${d.fund.fundId}'`,
      ["gate", "fills", "carried"],
    ],
    [
      "the units an order asked for",
      (d) => `update fund_flows set requested_units = 199 where flow_id = '${d.redemption}'`,
      ["order book", "fills"],
    ],
    [
      "the money an order brought",
      (d) => `update fund_flows set amount = 10800.01 where flow_id = '${d.subscription}'`,
      ["order book", "cash"],
    ],
    [
      "the investor of an order",
      async (d) =>
        `update fund_flows set investor_id = '${await newInvestor(db, null)}' where flow_id = '${d.subscription}'`,
      ["order book"],
    ],
    [
      "the age of an order",
      (d) => `update fund_flows set vintage = vintage - 30 where flow_id = '${d.redemption}'`,
      ["order book"],
    ],
    [
      "a leaf, with its order",
      (d) =>
        `update fund_flows set requested_units = 250 where flow_id = '${d.redemption}'; update order_leaves set canonical = replace(canonical, '"200"', '"250"'), leaf = encode(sha256(convert_to(replace(canonical, '"200"', '"250"'), 'UTF8')), 'hex') where dealing_day_id = '${d.dayId}' and flow_id = '${d.redemption}'`,
      ["order book", "fills"],
    ],
    [
      "a leaf taken away",
      (d) => `delete from order_leaves where dealing_day_id = '${d.dayId}' and flow_id = '${d.redemption}'`,
      ["order book", "orders dealt"],
    ],
    [
      "two leaves that changed places",
      (d) =>
        `update order_leaves set position = position + 10 where dealing_day_id = '${d.dayId}'; update order_leaves set position = 13 - position where dealing_day_id = '${d.dayId}'`,
      ["order book"],
    ],
    [
      "the root",
      (d) => `update dealing_days set order_root = repeat('0', 64) where dealing_day_id = '${d.dayId}'`,
      ["order book", "day hash"],
    ],
    ["a fill taken away", (d) => `delete from allocations where ${fill(d)}`, ["orders dealt"]],
    [
      "a fill for an order that nobody committed",
      (d) =>
        `insert into allocations (dealing_day_id, flow_id, share_class_id, investor_id, cohort, requested_units, filled_units, price, gross_amount, net_amount) select '${d.dayId}', f.flow_id, f.share_class_id, f.investor_id, 'pro_rata', 150, 1, 108, 108, 108 from fund_flows f where f.parent_flow_id = '${d.redemption}'`,
      ["orders dealt"],
    ],
    [
      "units in the ledger",
      (d) => `update unit_ledger set units = units - 1 where flow_id = '${d.redemption}'`,
      ["unit ledger"],
    ],
    [
      "the hash of the day",
      (d) => `update dealing_days set day_hash = repeat('0', 64) where dealing_day_id = '${d.dayId}'`,
      ["day hash"],
    ],
  ];

  it.each(MUTANTS)("%s", async (_what, sql, checks) => {
    const day = await dayAt(db, "closed");
    await plant(day, await sql(day));
    const found = await failed(day);
    expect(found).toEqual(expect.arrayContaining(checks));
  });

  it("a lot that was locked is not redeemed", async () => {
    const day = await dayAt(db, "closed");
    await plant(
      day,
      `update lots set opened_on = '2026-01-02' where investor_id = '${day.holder}' and flow_id is null`,
    );
    expect(await failed(day)).toEqual(expect.arrayContaining(["gate", "fills"]));
  });
});

describe("verify", () => {
  it("shows every invariant by name, and what breaks it", async () => {
    const day = await dayAt(db, "posted");
    const all = await house.run("audit1", ["verify", "--fund", day.fund.code]);
    expect(all).toMatchObject({ exit: 0, out: expect.stringMatching(/✓ {2}I1 .*\n.*✓ {2}I2 /) });
    await plant(day, `update holdings set units = units + 1 where investor_id = '${day.holder}'`);
    const { exit, out } = await house.run("audit1", ["verify", "--fund", day.fund.code]);
    expect(exit).toBe(1);
    expect(out).toMatch(/✗ {2}I2 /);
    expect(out).toMatch(/✗ I3: one row breaks it\n {4}holdings .*: the balance is not the sum of its entries/);
    expect(out).toContain("Something does not hold.");
    const Said = z.object({
      ok: z.boolean(),
      invariants: z.array(
        z.object({ name: z.string(), ok: z.boolean().nullable(), broken: z.array(z.object({ detail: z.string() })) }),
      ),
    });
    const json = await house.json("ops1", Said, ["verify", "--fund", day.fund.code], 1);
    expect(json.invariants.filter(({ ok }) => ok === false).map(({ name }) => name)).toEqual(["I2", "I3"]);
    await plant(day, `update holdings set units = units - 1 where investor_id = '${day.holder}'`);
    expect((await house.run("audit1", ["verify", "--fund", day.fund.code])).exit).toBe(0);
  });

  it("names every invariant that the database checks, and no other as checked", async () => {
    const [row] = await db.look<{ text: string }>(
      "select string_agg(p.prosrc, ' ') as text from pg_proc p where p.pronamespace = 'evergreen'::regnamespace and p.proname in ('broken_books', 'broken_effects')",
    );
    const checked = new Set([...(row?.text ?? "").matchAll(/select (?:distinct )?'(\w+)', /g)].map(([, name]) => name));
    expect(checked.size).toBeGreaterThan(15);
    expect(new Set(INVARIANTS.filter(({ elsewhere }) => elsewhere === undefined).map(({ name }) => name))).toEqual(
      checked,
    );
  });

  it("is not for investors, and wants a fund that exists", async () => {
    expect((await house.run("lp1", ["verify"])).exit).toBe(4);
    expect((await house.run("audit1", ["verify", "--fund", "NONE"])).exit).toBe(2);
  });
});

it("a day whose orders left it before the NAV still holds", async () => {
  const day = await take(db, await openDay(db), "rechecked");
  // after the cut-off two people put their names to a cancellation first
  await consented(db, day.fund, "cancellation", { flow_id: day.subscription, reason: "entered twice" });
  await db.call(PM_ONE, "fn_cancel_order", { flow_id: day.subscription, reason: "entered twice" });
  const { ok, days } = await house.json("ops1", Verdict, words(day));
  expect(ok).toBe(true);
  expect(days[0]?.checks.find(({ check }) => check === "order book")).toMatchObject({
    ok: true,
    says: expect.stringContaining("2 orders"),
  });
});
