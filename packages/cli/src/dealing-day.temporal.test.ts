// A dealing day as people type it, on a real database, a real Temporal and real workers: terms and tools, orders, the run, two approvals, cash, the
// close; then everything that an outsider can check. The figures are the vector of rule R6: 1,000,000 units at 12.3456, a gate of 5 %.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LP_A } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  accepted,
  type DealingHouse,
  dayAhead,
  dealAhead,
  dealingFund,
  newInvestor,
  openClass,
  payAll,
  reachCutOff,
  VECTOR,
} from "@evergreen-fund/workers/tests/dealing-journeys.ts";
import { openHouses, type TestHouse } from "@evergreen-fund/workers/tests/houses.ts";
import { OPS } from "@evergreen-fund/workers/tests/journeys.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "./test-house.ts";

let house: TestHouse;
let door: Door;
let on: DealingHouse;
const DATE = dealAhead(1);
const Shown = z
  .object({
    dealingDayId: z.uuid(),
    status: z.string(),
    step: z.int(),
    navPerUnit: z.string().nullable(),
    gate: z.object({ fraction: z.string().nullable(), capUnits: z.string().nullable() }),
    orders: z.array(
      z.object({
        id: z.uuid(),
        investorId: z.uuid(),
        requested: z.string(),
        filled: z.string().nullable(),
        carried: z.string().nullable(),
        amount: z.string().nullable(),
      }),
    ),
    dayHash: z.string().nullable(),
    waitsFor: z
      .object({ kind: z.string(), proposalId: z.string().optional(), hash: z.string().optional() })
      .loose()
      .nullable(),
  })
  .loose();
const Order = z.object({ id: z.uuid(), status: z.string() });
const run = (): string[] => ["deal", "run", "--fund", on.code, "--class", "A", "--date", DATE];
const wait = (): string[] => [...run(), "--wait", "--timeout", "240"];

beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  await house.startWorkers();
  door = await openDoor(house.appUrl.replace("evergreen_app", "evergreen_api"), house.look);
  on = await dealingFund(house);
  await house.look("insert into investor_access (user_id, investor_id, kind) values ($1, $2, 'owner')", [
    "userId" in LP_A ? LP_A.userId : null,
    on.holders[0],
  ]);
});
afterAll(() => house?.stop());

describe("a gated dealing day, typed", () => {
  const orders: string[] = [];
  let lpOrder = "";
  let dealingDayId = "";

  it("terms and tools are shown and set again from what was shown", async () => {
    const folder = mkdtempSync(join(tmpdir(), "evergreen-typed-"));
    const kept = async (words: string[], name: string): Promise<string> => {
      const { out } = await door.run("pm1", [...words, "--output-format", "json"]);
      const path = join(folder, name);
      writeFileSync(path, out);
      return path;
    };
    const terms = await kept(["terms", "show", "--fund", on.code], "terms.json");
    const tools = await kept(["lmt", "show", "--fund", on.code], "tools.json");
    for (const words of [
      ["terms", "set", terms, "--fund", on.code, "--from", dayAhead(1)],
      ["lmt", "set", tools, "--fund", on.code, "--from", dayAhead(1)],
    ])
      expect(await door.run("pm1", words)).toMatchObject({ exit: 0, err: "" });
  });

  it("an LP and operations place the orders, and the intake accepts them", async () => {
    const place = (units: string): string[] => [
      "order",
      "place",
      "redemption",
      "--fund",
      on.code,
      "--class",
      "A",
      "--units",
      units,
    ];
    lpOrder = (await door.json("lp1", Order, place(VECTOR[0].units))).id;
    orders.push(lpOrder);
    for (const [i, { units }] of VECTOR.entries())
      if (i > 0) orders.push((await door.json("ops1", Order, [...place(units), "--investor", on.holders[i] ?? ""])).id);
    await accepted(house, orders);
    const own = await door.json("lp1", z.array(Order), ["order", "list", "--status", "accepted"]);
    expect(own).toEqual([{ id: lpOrder, status: "accepted" }]);
  });

  it("the day is opened once and waits for its cut-off", async () => {
    const opened = await door.json("ops1", Shown, run());
    dealingDayId = opened.dealingDayId;
    expect((await door.json("ops1", Shown, run())).dealingDayId).toBe(dealingDayId);
    const watched = await door.json("ops1", Shown, wait());
    expect(watched).toMatchObject({ status: "open", waitsFor: { kind: "cut_off" } });
  });

  it("--wait goes with the run to the two approvals, and names the command that gives them", async () => {
    await reachCutOff(house, dealingDayId);
    const text = await door.run("ops1", wait());
    expect(text).toMatchObject({ exit: 0, err: "" });
    expect(text.out).toMatch(/✓ {2}1 {2}cut-off/);
    const typed = text.out.match(/npx --no-install evergreen (nav approve [0-9a-f-]+ --hash [0-9a-f]{64})/)?.[1] ?? "";
    const first = await door.run("pm1", typed.split(" "));
    expect(first).toMatchObject({ exit: 0, out: expect.stringContaining("one more is needed") });
    const second = await door.run("pm2", [...typed.split(" "), "--wait", "--timeout", "240"]);
    expect(second).toMatchObject({ exit: 0, out: expect.stringContaining("is struck") });
  });

  it("the run gates, allocates, posts and waits for the cash; then it closes", async () => {
    const waiting = await door.json("ops1", Shown, wait());
    expect(waiting).toMatchObject({ status: "claimable", waitsFor: { kind: "cash", orders: 4 } });
    await payAll(house, on, dealingDayId);
    const closed = await door.json("ops1", Shown, wait());
    expect(closed).toMatchObject({
      status: "closed",
      step: 12,
      navPerUnit: "12.3456",
      gate: { fraction: "0.643670365375955592", capUnits: "50000.0000" },
      dayHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      waitsFor: null,
    });
    const units = (text: string): string =>
      `${text}.`.replace(/^(\d+)\.(\d*)\.?$/, (_all, whole, rest) => `${whole}.${rest.padEnd(4, "0")}`);
    for (const [i, vector] of VECTOR.entries()) {
      const order = closed.orders.find(({ id }) => id === orders[i]);
      expect(order).toMatchObject({
        investorId: on.holders[i],
        requested: units(vector.units),
        filled: units(vector.filled),
        carried: units(vector.carried),
      });
    }
  });

  it("everything that an outsider can check holds", async () => {
    const verified = await door.run("audit1", ["deal", "verify", "--fund", on.code, "--date", DATE]);
    expect(verified).toMatchObject({ exit: 0, out: expect.stringContaining("Every check holds.") });
    const proved = await door.run("lp1", ["order", "prove", lpOrder]);
    expect(proved.exit).toBe(0);
    expect(proved.out).toContain("40,000.0000 × 0.643670365375955592 = 25,746.81461503…, rounded down");
    expect(await door.run("audit1", ["verify", "--fund", on.code])).toMatchObject({ exit: 0 });
  });

  it("opened again it is the same closed day, and it cannot be given up any more", async () => {
    expect(await door.json("ops1", Shown, wait())).toMatchObject({ dealingDayId, status: "closed" });
    const discard = ["deal", "discard", "--fund", on.code, "--date", DATE, "--reason", "too late"];
    expect((await door.run("ops1", discard)).exit).toBe(3);
  });
});

describe("a day that people give up", () => {
  it("gives its orders back, and the next day deals them", async () => {
    const date = dealAhead(2);
    const words = ["--fund", on.code, "--class", "A", "--date", date];
    const opened = await door.json("ops1", Shown, ["deal", "run", ...words]);
    await reachCutOff(house, opened.dealingDayId);
    await door.json("ops1", Shown, ["deal", "run", ...words, "--wait", "--timeout", "240"]);
    expect(await door.run("ops1", ["deal", "discard", ...words, "--reason", "a wrong mark"])).toMatchObject({
      exit: 0,
      out: expect.stringContaining("4 orders wait for the next one."),
    });
    const watched = await door.run("ops1", ["deal", "run", ...words, "--wait"]);
    expect(watched).toMatchObject({ exit: 3, out: expect.stringContaining("discarded") });
  });
});

describe("days with everything at once, two classes at one NAV", () => {
  let fund: DealingHouse;
  const dates = [dealAhead(1), dealAhead(2)];
  const Verdict = z.object({
    ok: z.boolean(),
    days: z.array(
      z.object({
        class: z.string(),
        checks: z.array(z.object({ check: z.string(), ok: z.boolean().nullable(), says: z.string() })),
      }),
    ),
  });
  const place = (...words: string[]): Promise<{ id: string }> =>
    door.json("ops1", Order, ["order", "place", ...words, "--fund", fund.code]);

  /** Both classes from the opening to the close, by command line; the cash by the bank's confirmation. */
  async function dealOn(date: string): Promise<void> {
    const ids: string[] = [];
    const day = (code: string, ...more: string[]): string[] => [
      "deal",
      "run",
      "--fund",
      fund.code,
      "--class",
      code,
      "--date",
      date,
      ...more,
    ];
    for (const code of ["A", "B"]) ids.push((await door.json("ops1", Shown, day(code))).dealingDayId);
    for (const id of ids) await reachCutOff(house, id);
    const proposed = await door.json("ops1", Shown, day("A", "--wait", "--timeout", "240"));
    expect(proposed.waitsFor, JSON.stringify(proposed.waitsFor)).toMatchObject({ kind: "approvals" });
    const { proposalId = "", hash = "" } = proposed.waitsFor ?? {};
    for (const person of ["pm1", "pm2"] as const)
      expect(await door.run(person, ["nav", "approve", proposalId, "--hash", hash])).toMatchObject({ exit: 0 });
    for (const [i, code] of ["A", "B"].entries()) {
      await door.json("ops1", Shown, day(code, "--wait", "--timeout", "240"));
      await payAll(house, fund, ids[i] ?? "");
      const closed = await door.json("ops1", Shown, day(code, "--wait", "--timeout", "240"));
      expect(closed.status).toBe("closed");
    }
  }

  async function expectVerified(date: string): Promise<void> {
    const verdict = await door.json("audit1", Verdict, ["deal", "verify", "--fund", fund.code, "--date", date]);
    expect(verdict.days.map((day) => day.class).sort()).toEqual(["A", "B"]);
    expect(verdict.days.flatMap(({ checks }) => checks.filter(({ ok }) => ok !== true))).toEqual([]);
  }

  it("gate net, swing, levy, fees, lock-up, switch, transfer, subscriptions: the verifier finds them right to the cent", async () => {
    const lockUp = { hardMonths: 0, softFees: [{ untilMonths: 36, rate: "0.02" }] };
    fund = await dealingFund(house, {
      policy: { lockUp },
      lmt: {
        tools: ["redemption_gate", "swing_pricing", "anti_dilution_levy", "redemption_fee"],
        gate: { basis: "net", share: "0.03", smallOrder: "5000" },
        swing: {
          mode: "partial",
          tiers: [
            { above: "0.001", factor: "0.0023" },
            { above: "0.02", factor: "0.0071" },
          ],
          maxFactor: "0.02",
        },
        levy: { rate: "0.005", on: "both" },
        redemptionFee: { rate: "0.0013" },
        carry: "priority_by_vintage",
      },
    });
    await openClass(house, fund.code, "B", { lockUp });
    const orders: { id: string }[] = [];
    for (const [i, { units }] of VECTOR.entries())
      orders.push(await place("redemption", "--class", "A", "--units", units, "--investor", fund.holders[i] ?? ""));
    const [into, other] = [await newInvestor(house), fund.other];
    const paid = [
      {
        ...(await place("subscription", "--class", "A", "--amount", "98765.43", "--investor", into)),
        amount: "98765.43",
      },
      {
        ...(await place("subscription", "--class", "B", "--amount", "12345.67", "--investor", into)),
        amount: "12345.67",
      },
    ];
    orders.push(...paid);
    orders.push(
      await place("redemption", "--class", "A", "--units", "777.7777", "--switch-to", "B", "--investor", other),
    );
    orders.push(
      await place("redemption", "--class", "A", "--units", "55.5", "--transfer-to", into, "--investor", other),
    );
    orders.push(await place("redemption", "--class", "A", "--amount", "33333.33", "--investor", other));
    await accepted(
      house,
      orders.map(({ id }) => id),
    );
    await house.database.rpc(OPS, "fn_confirm_cash", {
      fund: fund.code,
      payments: paid.map(({ id, amount }) => ({ flow_id: id, amount, reference: `synthetic/${id}` })),
    });
    await dealOn(dates[0] ?? "");
    await expectVerified(dates[0] ?? "");
    const shown = await door.json("ops1", Shown, [
      "deal",
      "show",
      "--fund",
      fund.code,
      "--class",
      "A",
      "--date",
      dates[0] ?? "",
    ]);
    expect(shown.gate.fraction).not.toBe("1");
    expect(shown.orders.filter(({ carried }) => carried !== null && /[1-9]/.test(carried)).length).toBeGreaterThan(0);
  });

  it("what was carried is dealt before what is new, and the day before still holds", async () => {
    const late = [
      await place("redemption", "--class", "A", "--units", "20000", "--investor", fund.other),
      await place(
        "redemption",
        "--class",
        "B",
        "--units",
        "100.25",
        "--date",
        dates[1] ?? "",
        "--investor",
        fund.other,
      ),
    ];
    await accepted(
      house,
      late.map(({ id }) => id),
    );
    await dealOn(dates[1] ?? "");
    for (const date of dates) await expectVerified(date);
    expect(await door.run("audit1", ["verify", "--fund", fund.code])).toMatchObject({ exit: 0 });
  });
});
