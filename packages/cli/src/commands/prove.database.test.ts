// What an investor can check alone: the own order in the committed book, and the arithmetic of its fill; and what a day waits for, is told and given up.
import { AUDIT, agent, LP_A, LP_B, OPS } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  DEALING_DATE,
  dayAt,
  dealingFund,
  GATED,
  newClass,
  openDay,
  openDealingDay,
  ordered,
  STEPS,
  TAKE,
  take,
} from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const Proved = z.object({
  id: z.uuid(),
  included: z.boolean(),
  position: z.int(),
  orders: z.int(),
  leaf: z.string(),
  canonical: z.string(),
  root: z.string(),
  gate: z.object({ fraction: z.string().nullable(), capUnits: z.string().nullable() }),
  fill: z.object({ filled: z.string(), amount: z.string() }).loose().nullable(),
  arithmetic: z.array(z.object({ label: z.string(), figure: z.string(), how: z.string() })),
});
const plant = (sql: string): Promise<unknown> =>
  db.look(`begin; set local session_replication_role = replica; ${sql}; commit`);

describe("order prove", () => {
  it("gives an LP the proof and the arithmetic of the own order, to the cent", async () => {
    const day = await dayAt(db, "closed", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
    const proved = await house.json("lp1", Proved, ["order", "prove", day.redemption]);
    expect(proved).toMatchObject({
      included: true,
      orders: 2,
      gate: { fraction: "0.25", capUnits: "50" },
      fill: { filled: "50.0000", amount: "5400.00" },
    });
    const [root] = await db.look("select order_root from dealing_days where dealing_day_id = $1", [day.dayId]);
    expect(proved.root).toBe(root?.order_root);
    const { out, exit } = await house.run("lp1", ["order", "prove", day.redemption]);
    expect(exit).toBe(0);
    const text = out.replace(/ {2,}/g, "  ");
    expect(text).toContain("asked for  200.0000 units");
    expect(text).toContain("filled  50.0000 units  200.0000 × 0.25 = 50.0000");
    expect(text).toContain("gross  5,400.00 USD  50.0000 units × 108.0000");
    expect(text).toMatch(/carried {2}150\.0000 units {2}to the next dealing date, as order [0-9a-f-]{36}/);
    const bought = (await house.run("lp2", ["order", "prove", day.subscription])).out.replace(/ {2,}/g, "  ");
    expect(bought).toContain("units  100.0000 units  10,800.00 USD / 108.0000, rounded down");
  });

  it("is for nobody else's eyes", async () => {
    const day = await dayAt(db, "closed", { holderUser: userOf(LP_A) });
    expect((await house.run("lp2", ["order", "prove", day.redemption])).exit).toBe(2);
    expect((await house.run("audit1", ["order", "prove", day.redemption])).exit).toBe(0);
  });

  it("shows the largest remainder where one decided", async () => {
    const on = await dealingFund(db, { holderUser: userOf(LP_A) });
    // three equal requests of 33.3333 share 50 units: 16.6666 each, and two of them one more of the last decimal
    const orders = [];
    for (let n = 0; n < 3; n++)
      orders.push(await ordered(db, on, on.holder, { direction: "redemption", units: "33.3333" }));
    const dayId = await openDealingDay(db, on);
    const day = { ...on, dayId, subscriber: on.holder, subscription: "", redemption: orders[0] ?? "" };
    for (const step of ["locked", "rechecked", "frozen", "proposed", "approved", "struck"] as const)
      await TAKE[step](db, day);
    const engine = agent("liquidity-engine");
    const ratio = { numerator: "500000", denominator: "999999" };
    await db.call(engine, "fn_decide_lmt", {
      dealing_day_id: dayId,
      decision: { ...GATED, fraction: "0.5000005000005", exact_fraction: ratio },
    });
    const sorted = [...orders].sort();
    const filled = ["16.6667", "16.6667", "16.6666"];
    await db.call(engine, "fn_record_allocations", {
      dealing_day_id: dayId,
      terms: {},
      fills: JSON.stringify(
        sorted.map((flow_id, at) => ({
          flow_id,
          cohort: "pro_rata",
          requested_units: "33.3333",
          filled_units: filled[at],
          carried_units: at === 2 ? "16.6667" : "16.6666",
          gross_amount: at === 2 ? "1799.99" : "1800.00",
          net_amount: at === 2 ? "1799.99" : "1800.00",
          reason: "gate",
        })),
      ),
    });
    const words = (await Promise.all(sorted.map((id) => house.run("lp1", ["order", "prove", id])))).map(
      ({ out }) => out,
    );
    expect(words[0]).toContain("and one more of the last decimal for one of the largest remainders");
    expect(words[2]).toMatch(/33\.3333 × 0\.5000005000005 = 16\.66666666…, rounded down/);
    const Verdict = z.object({
      ok: z.boolean(),
      days: z.array(
        z.object({ checks: z.array(z.object({ check: z.string(), ok: z.boolean().nullable(), says: z.string() })) }),
      ),
    });
    const verdict = await house.json(
      "audit1",
      Verdict,
      ["deal", "verify", "--fund", on.fund.code, "--date", DEALING_DATE],
      1,
    );
    // the hand-made ratio is not that of the requests (50 / 99.9999): the verifier sees it, and the fills are right all the same
    expect(verdict.days[0]?.checks.filter(({ ok }) => ok === false).map(({ check }) => check)).toEqual(["gate"]);
  });

  it("fails when the order is not what was committed any more", async () => {
    const day = await dayAt(db, "posted");
    db.broken(day.fund.fundId, "an order and a root are changed behind the functions' back");
    await plant(`update fund_flows set requested_units = 201 where flow_id = '${day.redemption}'`);
    const ran = await house.run("ops1", ["order", "prove", day.redemption]);
    expect(ran.exit).toBe(1);
    expect(ran.out).toContain("✗ The leaf says what the order says");
    await plant(
      `update fund_flows set requested_units = 200 where flow_id = '${day.redemption}'; update dealing_days set order_root = repeat('0', 64) where dealing_day_id = '${day.dayId}'`,
    );
    expect((await house.run("ops1", ["order", "prove", day.redemption])).out).toMatch(
      /✗ One hash leads from the leaf to the root/,
    );
  });

  it("says what is missing before the cut-off and before the allocation", async () => {
    const open = await openDay(db);
    expect(await house.run("ops1", ["order", "prove", open.redemption])).toMatchObject({
      exit: 3,
      err: expect.stringContaining("EG428"),
    });
    const locked = await take(db, open, "locked");
    const ran = await house.run("ops1", ["order", "prove", locked.redemption]);
    expect(ran).toMatchObject({ exit: 0, out: expect.stringContaining("has not been allocated yet") });
  });
});

describe("a day that waits, is told to look again, or is given up", () => {
  const show = (code: string): string[] => ["deal", "show", "--fund", code, "--class", "A", "--date", DEALING_DATE];
  const Shown = z.object({ status: z.string(), waitsFor: z.object({ kind: z.string() }).loose().nullable() });

  it("waits for the cut-off of the other class", async () => {
    const day = await take(db, await openDay(db), "rechecked");
    await newClass(db, day.fund, "B");
    await db.call(agent("commander"), "fn_open_dealing_day", {
      fund: day.fund.code,
      share_class: "B",
      dealing_date: DEALING_DATE,
    });
    const shown = await house.json("ops1", Shown, show(day.fund.code));
    expect(shown.waitsFor).toEqual({ kind: "days", days: [{ class: "B", date: DEALING_DATE, status: "open" }] });
    expect((await house.run("ops1", show(day.fund.code))).out).toContain(
      "other days of the fund: class B of 2026-01-30 (open, orders come in)",
    );
  });

  it("waits for people to decide on a tool that its run asks for", async () => {
    const day = await take(db, await openDay(db), "proposed");
    const [row] = await db.look<{ workflow_id: string }>(
      "select workflow_id from dealing_days where dealing_day_id = $1",
      [day.dayId],
    );
    await db.call(agent("liquidity-engine"), "fn_propose_lmt", {
      fund: day.fund.code,
      tool: "suspension",
      trigger: { cap: "1.00" },
      notice: "A synthetic draft of a notice to investors.",
      workflow_id: row?.workflow_id,
    });
    const shown = await house.json("ops1", Shown, show(day.fund.code));
    expect(shown.waitsFor).toMatchObject({ kind: "tool", tool: "suspension", approvals: 0, needed: 2 });
    expect((await house.run("ops1", show(day.fund.code))).out).toMatch(
      /two approvals of the tool suspension, which the run asks for: npx .* proposals approve/,
    );
  });

  it("is told to look again", async () => {
    const day = await take(db, await openDay(db), "frozen");
    const words = ["deal", "knock", "--fund", day.fund.code, "--date", DEALING_DATE, "--reason", "marks confirmed"];
    expect(await house.run("ops1", words)).toMatchObject({ exit: 0, out: expect.stringContaining("looks again") });
    expect(
      await db.look(
        "select e.created_by from fund_events e where e.type = 'DEALING_DAY_KNOCKED' and e.payload ->> 'dealing_day_id' = $1",
        [day.dayId],
      ),
    ).toEqual([{ created_by: `user:${"userId" in OPS ? OPS.userId : ""}` }]);
    const closed = await dayAt(db, "closed");
    const late = ["deal", "knock", "--fund", closed.fund.code, "--date", DEALING_DATE, "--reason", "x"];
    expect((await house.run("ops1", late)).exit).toBe(3);
  });

  it.each(STEPS.slice(0, STEPS.indexOf("posted") + 1))("is given up after the step %s, or is not", async (step) => {
    const day = await take(db, await openDay(db), step);
    const words = ["deal", "discard", "--fund", day.fund.code, "--date", DEALING_DATE, "--reason", "a wrong calendar"];
    const ran = await house.run("ops1", words);
    if (step === "posted") {
      expect(ran).toMatchObject({ exit: 3, out: "", err: expect.stringContaining("EG428") });
      return;
    }
    expect(ran).toMatchObject({
      exit: 0,
      out: expect.stringContaining("is discarded; 2 orders wait for the next one."),
    });
    expect(await house.json("ops1", Shown, show(day.fund.code))).toEqual(
      expect.objectContaining({ status: "discarded", waitsFor: null }),
    );
    expect(await db.look("select distinct status from fund_flows where share_class_id = $1", [day.classId])).toEqual([
      { status: "accepted" },
    ]);
    expect(await db.call(AUDIT, "fn_verify_invariants", { fund: day.fund.code })).toEqual([]);
    const seen = await house.run("ops1", ["deal", "run", "--fund", day.fund.code, "--date", DEALING_DATE, "--wait"]);
    expect(seen).toMatchObject({ exit: 3, out: expect.stringContaining("discarded") });
  });

  it("is not given up by portfolio managers, nor without a reason", async () => {
    const day = await openDay(db);
    const words = ["deal", "discard", "--fund", day.fund.code, "--date", DEALING_DATE];
    expect((await house.run("ops1", words)).exit).toBe(2);
    expect((await house.run("pm1", [...words, "--reason", "x"])).exit).toBe(4);
  });
});
