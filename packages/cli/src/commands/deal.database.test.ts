// Dealing days by command line against a real database: opened once, shown at every step, with what they wait for.
import { readFileSync } from "node:fs";
import { agent } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  type Day,
  DEALING_DATE,
  dayAt,
  dealingFund,
  newClass,
  openDay,
  openDealingDay,
  ordered,
  proposalOf,
  TAKE,
  STEPS as TAKEN,
  take,
} from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { STEPS } from "../deal-text.ts";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const Waits = z.object({ kind: z.string() }).loose().nullable();
/** The keys that whoever reads `deal show` may rely on. */
const Shown = z.object({
  fund: z.string(),
  class: z.string(),
  date: z.string(),
  navPerUnit: z.string().nullable(),
  gate: z.strictObject({ fraction: z.string().nullable(), capUnits: z.string().nullable() }),
  orders: z.array(
    z.object({
      id: z.uuid(),
      investorId: z.uuid(),
      requested: z.string(),
      filled: z.string().nullable(),
      carried: z.string().nullable(),
      amount: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  dayHash: z.string().nullable(),
  status: z.string(),
  step: z.int(),
  dealingDayId: z.uuid(),
  waitsFor: Waits,
});
const show = (day: Day): string[] => ["deal", "show", "--fund", day.fund.code, "--class", "A", "--date", DEALING_DATE];

describe("deal show", async () => {
  const day = await dayAt(db, "closed");

  it("prints what was agreed, to the last digit, for staff of every kind", async () => {
    for (const person of ["ops1", "pm1", "audit1"] as const) {
      const shown = await house.json(person, Shown, show(day));
      expect(shown).toMatchObject({
        fund: day.fund.code,
        class: "A",
        date: DEALING_DATE,
        navPerUnit: "108.0000",
        gate: { fraction: "0.25", capUnits: "50.0000" },
        dayHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        status: "closed",
        step: 12,
        waitsFor: null,
      });
      const byId = new Map(shown.orders.map((order) => [order.id, order]));
      expect(byId.size).toBe(2);
      expect(byId.get(day.redemption)).toMatchObject({
        investorId: day.holder,
        requested: "200.0000",
        filled: "50.0000",
        carried: "150.0000",
        amount: "5400.00",
        reason: "gate",
      });
      expect(byId.get(day.subscription)).toMatchObject({
        investorId: day.subscriber,
        requested: "10800.00",
        filled: "100.0000",
        carried: "0.0000",
        amount: "10800.00",
        reason: null,
      });
    }
  });

  it("reads well", async () => {
    const { out, exit } = await house.run("ops1", show(day));
    expect(exit).toBe(0);
    expect(out).toContain("State:           closed (step 12 of 12)");
    expect(out).toContain(
      "Gate:            applied, at most 50.0000 units are redeemed: 25.00 % of what each asked for",
    );
    expect(out).toMatch(/redemption\s+200\.0000 units\s+50\.0000\s+150\.0000\s+108\.0000\s+5,400\.00\s+settled\s+gate/);
    expect(out).not.toContain("Waits for");
  });

  it("finds the newest day without a date, and asks which class when several deal", async () => {
    expect((await house.json("ops1", Shown, ["deal", "show", "--fund", day.fund.code])).dealingDayId).toBe(day.dayId);
    const second = await newClass(db, day.fund, "B");
    await db.call(agent("commander"), "fn_open_dealing_day", {
      fund: day.fund.code,
      share_class: second,
      dealing_date: DEALING_DATE,
    });
    const unsure = await house.run("ops1", ["deal", "show", "--fund", day.fund.code, "--date", DEALING_DATE]);
    expect(unsure).toMatchObject({ exit: 2, out: "", err: expect.stringMatching(/--class.*A, B|--class.*B, A/) });
    const absent = await house.run("ops1", ["deal", "show", "--fund", day.fund.code, "--date", "2026-01-29"]);
    expect(absent).toMatchObject({ exit: 2, err: expect.stringContaining("EG404") });
  });

  it("counts what is asked again once: what the gate left unfilled the day before is no new demand", async () => {
    const gated = await dayAt(db, "closed");
    const Asked = Shown.extend({ demand: z.strictObject({ gross: z.string(), repeats: z.string(), net: z.string() }) });
    expect((await house.json("ops1", Asked, show(gated))).demand).toEqual({
      gross: "200.0000",
      repeats: "0.0000",
      net: "200.0000",
    });
    // 150 of them come back as they were carried, and 60 are new
    const next = "2026-02-27";
    await ordered(db, gated, gated.holder, { direction: "redemption", units: "60" });
    await db.call(agent("commander"), "fn_lock_orders", { dealing_day_id: await openDealingDay(db, gated, next) });
    const words = ["deal", "show", "--fund", gated.fund.code, "--date", next];
    expect((await house.json("ops1", Asked, words)).demand).toEqual({
      gross: "210.0000",
      repeats: "150.0000",
      net: "60.0000",
    });
    const { out } = await house.run("ops1", words);
    expect(out).toMatch(/Asked to redeem: +210\.0000 units, 150\.0000 of them again: 60\.0000 new/);
  });

  it("shows nothing to an LP, whose own order is in `order list`", async () => {
    expect((await house.run("lp1", show(day))).exit).not.toBe(0);
  });
});

describe("what a day waits for", () => {
  const waits: Record<(typeof TAKEN)[number], string | null> = {
    locked: "workers",
    rechecked: "workers",
    frozen: "workers",
    proposed: "approvals",
    approved: "workers",
    struck: "workers",
    decided: "workers",
    allocated: "workers",
    posted: "workers",
    claimable: "cash",
    settled: "workers",
    closed: null,
  };

  it.each(TAKEN)("after the step %s", async (step) => {
    const day = await take(db, await openDay(db), step);
    const shown = await house.json("ops1", Shown, show(day));
    expect(shown.waitsFor?.kind ?? null).toBe(waits[step]);
    if (step === "proposed") {
      const { proposal_id, hash } = proposalOf(day);
      expect(shown.waitsFor).toEqual({ kind: "approvals", proposalId: proposal_id, hash, approvals: 0, needed: 2 });
      const { out } = await house.run("ops1", show(day));
      expect(out).toContain(`two approvals: npx --no-install evergreen nav approve ${proposal_id} --hash ${hash}`);
    }
    if (step === "claimable") expect(shown.waitsFor).toEqual({ kind: "cash", orders: 2 });
  });

  it("an input that blocks the NAV is named", async () => {
    const day = await take(db, await openDay(db), "rechecked");
    await db.call(agent("commander"), "fn_freeze_nav_inputs", {
      fund: day.fund.code,
      nav_date: DEALING_DATE,
      inputs: [
        { kind: "cash", label: "bank", value: "1.00", as_of: "2026-01-02", source: "statement", blocked_by: "stale" },
      ],
    });
    expect((await house.json("ops1", Shown, show(day))).waitsFor).toEqual({
      kind: "inputs",
      blockers: [{ label: "bank", blockedBy: "stale", ageDays: 28 }],
    });
  });
});

describe("deal run", () => {
  const run = (fund: string, date: string, ...more: string[]): string[] => [
    "deal",
    "run",
    "--fund",
    fund,
    "--class",
    "A",
    "--date",
    date,
    ...more,
  ];

  it("opens a day once, with the id of its workflow, and twice is the same day", async () => {
    const on = await dealingFund(db);
    const opened = await house.json("ops1", Shown, run(on.fund.code, "2099-01-30"));
    expect(opened).toMatchObject({ status: "open", step: 0, orders: [], waitsFor: { kind: "cut_off" } });
    expect((await house.json("ops1", Shown, run(on.fund.code, "2099-01-30"))).dealingDayId).toBe(opened.dealingDayId);
    expect(await db.look("select workflow_id from dealing_days where fund_id = $1", [on.fund.fundId])).toEqual([
      { workflow_id: `deal/${on.fund.code}/A/2099-01-30` },
    ]);
    const said = await house.run("ops1", run(on.fund.code, "2099-01-30"));
    expect(said.out).toContain("waits for the cut-off at 2099-01-30 12:00:00Z");
  });

  it("--wait says each step once and returns when only people can go on", async () => {
    const day = await dayAt(db, "proposed");
    const { exit, out } = await house.run("ops1", run(day.fund.code, DEALING_DATE, "--wait"));
    expect(exit).toBe(0);
    const lines = out.split("\n");
    expect(lines.slice(0, 4)).toEqual([1, 2, 3, 4].map((n) => `✓  ${n}  ${STEPS[n - 1]}`));
    expect(lines[4]).toMatch(
      /^… {5}waits for two approvals: npx --no-install evergreen nav approve [0-9a-f-]{36} --hash/,
    );
    expect(out).not.toContain("✓  5");
  });

  it("--wait --to-end goes on through people until the day is closed", async () => {
    const day = await dayAt(db, "proposed");
    const seen = house.run("ops1", run(day.fund.code, DEALING_DATE, "--wait", "--to-end", "--timeout", "60"));
    await takeRest(day);
    const { exit, out } = await seen;
    expect(exit).toBe(0);
    const steps = [...out.matchAll(/^✓ +(\d+) {2}/gm)].map(([, step]) => Number(step));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(out).toContain("closed (step 12 of 12)");
  });

  it("ends with 5 and says what the day still waits for when the time is over", async () => {
    const day = await dayAt(db, "struck");
    const ran = await house.run("ops1", run(day.fund.code, DEALING_DATE, "--wait", "--timeout", "1"));
    expect(ran).toMatchObject({ exit: 5, err: expect.stringMatching(/still waits for the workers.*EG503/) });
  });

  it.each([
    ["a date that is none", ["--date", "30.01.2026"], 2],
    ["--to-end alone", ["--date", "2026-01-30", "--to-end"], 2],
  ])("refuses %s", async (_name, words, exit) => {
    expect((await house.run("ops1", ["deal", "run", "--fund", "X", ...words])).exit).toBe(exit);
  });

  it("is for operations: a portfolio manager may not open a day", async () => {
    const on = await dealingFund(db);
    expect((await house.run("pm1", run(on.fund.code, "2099-01-30"))).exit).toBe(4);
  });

  async function takeRest(day: Day): Promise<void> {
    for (const step of TAKEN.slice(TAKEN.indexOf("proposed") + 1)) await takeOne(day, step);
  }
  const takeOne = async (day: Day, step: (typeof TAKEN)[number]): Promise<void> => {
    await TAKE[step](db, day);
  };
});

it("deal list shows the newest first", async () => {
  const day = await dayAt(db, "closed");
  const { out, exit } = await house.run("ops1", ["deal", "list", "--fund", day.fund.code]);
  expect(exit).toBe(0);
  expect(out).toMatch(/2026-01-30 +\S+ +A +closed \(step 12 of 12\) +2 +applied +2026-01-30 12:00:00Z/);
  const Row = z.object({ dealingDayId: z.uuid(), gated: z.boolean(), orders: z.int() });
  expect(await house.json("ops1", z.array(Row), ["deal", "list", "--fund", day.fund.code])).toEqual([
    { dealingDayId: day.dayId, gated: true, orders: 2 },
  ]);
});

it("the steps are those of the domain's rules: twelve", () => {
  expect(STEPS).toHaveLength(12);
  expect(readFileSync(new URL("../deal-text.ts", import.meta.url), "utf8")).not.toContain("Date.now");
});

describe("deal lab", () => {
  const row = {
    share: "0.05",
    basis: "gross",
    carry: "auto_pari_passu",
    status: "gated",
    fraction: "0.25",
    paid: "5000",
  };
  const lab = {
    as_is: { ...row, waiting: "15000", lapsing: "0" },
    combinations: [{ ...row, carry: "lapse_resubmit", waiting: "0", lapsing: "15000" }],
    swing: [{ tiers: "as set", factor: "-0.008", price: "99.2000", paid_by: "redemptions", amount: "40" }],
    notice: [{ notice: { n: 60, basis: "calendar" }, paid: "0", waiting: "20000", subscriptions_waiting: "0" }],
    cover: [{ when: "after", assets: "45000", liabilities: "35000", ratio: "1.285714285714285714" }],
  };
  const words = (day: Day) => ["deal", "lab", "--fund", day.fund.code, "--class", "A", "--date", DEALING_DATE];

  it("shows what was compared, to staff and not to an investor; before that there is nothing to show", async () => {
    const day = await dayAt(db, "frozen");
    expect(await house.run("ops1", words(day))).toMatchObject({ exit: 2, err: expect.stringContaining("EG404") });
    await db.call(agent("liquidity-engine"), "fn_record_lab", {
      dealing_day_id: day.dayId,
      lab: JSON.stringify(lab),
    });
    const { out } = await house.run("pm1", words(day));
    for (const part of [
      "5 %",
      "auto pari passu (as set)",
      "lapse resubmit",
      "-0.8 %",
      "60 calendar days",
      "1.2857",
      "45,000.00",
    ])
      expect(out).toContain(part);
    expect(await house.json("ops1", z.object({ cover: z.array(z.any()) }).loose(), words(day))).toMatchObject({
      class: "A",
      ...lab,
    });
    expect((await house.run("lp1", words(day))).exit).not.toBe(0);
  });
});
