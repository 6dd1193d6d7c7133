// Orders by command line against a real database: an LP for its own, operations for everybody, and what is refused.

import { LP_A, LP_B } from "@evergreen-fund/prisma/tests/arrange.ts";
import { accept, dealingFund, newClass, ordered } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { newInvestor } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const on = await dealingFund(db, { holderUser: userOf(LP_A) });
const code = on.fund.code;
const Order = z.object({
  id: z.uuid(),
  class: z.string().nullable(),
  side: z.string(),
  units: z.string().nullable(),
  amount: z.string().nullable(),
  status: z.string(),
  linkedOrderId: z.string().nullable(),
  investorId: z.uuid(),
});
const Orders = z.array(Order);
const place = (...words: string[]): string[] => ["order", "place", ...words, "--fund", code, "--class", "A"];
const codeOf = async (investorId: string): Promise<string> =>
  String((await db.look("select code from investors where investor_id = $1", [investorId]))[0]?.code);

describe("order place", () => {
  it("takes a redemption of an LP for its only investor, in units, once per request id", async () => {
    const words = [...place("redemption"), "--units", "12.5", "--request-id", "my-order"];
    const order = await house.json("lp1", Order, words);
    expect(order).toMatchObject({
      side: "redemption",
      units: "12.5000",
      amount: null,
      status: "submitted",
      investorId: on.holder,
    });
    expect((await house.json("lp1", Order, words)).id).toBe(order.id);
    expect(
      await db.look("select channel, requested_units::text from fund_flows where flow_id = $1", [order.id]),
    ).toEqual([{ channel: "cli", requested_units: "12.500000000000000000" }]);
  });

  it("takes a subscription of operations for an investor by code, and says what comes next", async () => {
    const investor = await newInvestor(db, null);
    const { exit, out } = await house.run("ops1", [
      ...place("subscription"),
      "--amount",
      "250000",
      "--investor",
      await codeOf(investor),
    ]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^Order [0-9a-f-]{36} is submitted: subscription of 250,000\.00 USD for .+ in .+, class A\.\n/);
  });

  it("makes two legs of a switch and of a transfer", async () => {
    await newClass(db, on.fund, "B");
    const switched = await house.json("ops1", Order, [
      ...place("redemption"),
      "--units",
      "10",
      "--switch-to",
      "B",
      "--investor",
      on.holder,
    ]);
    expect(switched.side).toBe("switch_out");
    const receiver = await newInvestor(db, null);
    const moved = await house.json("ops1", Order, [
      ...place("redemption"),
      "--units",
      "10",
      "--transfer-to",
      receiver,
      "--investor",
      on.holder,
    ]);
    const legs = await house.json("ops1", Orders, ["order", "list", "--fund", code]);
    expect(legs.find(({ id }) => id === switched.linkedOrderId)).toMatchObject({
      side: "switch_in",
      class: "B",
      units: null,
      amount: null,
    });
    expect(legs.find(({ id }) => id === moved.linkedOrderId)).toMatchObject({
      side: "transfer_in",
      investorId: receiver,
      units: "10.0000",
    });
  });

  it.each([
    ["neither measure", "lp1", place("redemption"), 2, "--units"],
    ["both measures", "lp1", [...place("redemption"), "--units", "1", "--amount", "1"], 2, "one of them"],
    ["a number with separators", "lp1", [...place("redemption"), "--units", "1,000"], 2, "without separators"],
    ["nothing", "lp1", [...place("redemption"), "--units", "0.0"], 2, "positive"],
    ["an unknown side", "lp1", [...place("gift"), "--units", "1"], 2, "subscription or a redemption"],
    ["a subscription in units", "lp1", [...place("subscription"), "--units", "1"], 2, "in money"],
    ["a date that is none", "lp1", [...place("redemption"), "--units", "1", "--date", "2026-02-30"], 2, "--date"],
    ["more than is held", "lp1", [...place("redemption"), "--units", "5000"], 3, "EG430"],
    [
      "another class",
      "lp1",
      ["order", "place", "redemption", "--fund", code, "--class", "Z", "--units", "1"],
      2,
      "EG404",
    ],
    [
      "an investor of somebody else",
      "lp1",
      [...place("subscription"), "--amount", "5000", "--investor", "00000000-0000-4000-8000-00000000dead"],
      2,
      "EG404",
    ],
    ["a transfer by an LP", "lp1", [...place("redemption"), "--units", "1", "--transfer-to", on.holder], 4, "EG403"],
  ] as const)("refuses %s", async (_name, person, words, exit, says) => {
    const ran = await house.run(person, words);
    expect(ran).toMatchObject({ exit, out: "", err: expect.stringContaining(says) });
  });

  it("wants to know for whom when a login sees several investors", async () => {
    await newInvestor(db, userOf(LP_B));
    await newInvestor(db, userOf(LP_B));
    const ran = await house.run("lp2", [...place("subscription"), "--amount", "5000"]);
    expect(ran).toMatchObject({ exit: 2, err: expect.stringContaining("--investor") });
  });
});

describe("order list and order cancel", () => {
  it("shows an LP its own orders only, staff all of them", async () => {
    const stranger = await newInvestor(db, null);
    const foreign = await ordered(db, on, stranger, { direction: "subscription", amount: "5000.00" });
    const own = await house.json("lp1", Orders, ["order", "list"]);
    expect(own.length).toBeGreaterThan(0);
    expect(new Set(own.map(({ investorId }) => investorId))).toEqual(new Set([on.holder]));
    const all = await house.json("ops1", Orders, [
      "order",
      "list",
      "--fund",
      code,
      "--class",
      "A",
      "--status",
      "accepted",
    ]);
    expect(all.map(({ id }) => id)).toEqual([foreign]);
    const { out } = await house.run("ops1", ["order", "list", "--fund", code, "--investor", stranger]);
    expect(out.split("\n")[2]).toMatch(/subscription\s+5,000\.00 USD\s+accepted\s+–\s+2026-01-15 10:00:00Z$/);
  });

  it("cancels what is not locked yet; nobody cancels what belongs to others", async () => {
    const mine = await house.json("lp1", Order, [...place("redemption"), "--units", "1"]);
    expect((await house.run("lp2", ["order", "cancel", mine.id])).exit).toBe(2);
    expect(await house.json("lp1", Order, ["order", "cancel", mine.id])).toMatchObject({ status: "cancelled" });
    const again = await house.run("lp1", ["order", "cancel", mine.id]);
    expect(again).toMatchObject({ exit: 3, err: expect.stringContaining("EG428") });
    expect((await house.run("lp1", ["order", "cancel", "nonsense"])).exit).toBe(2);
  });

  it("an accepted order of an LP can still be cancelled by operations", async () => {
    const mine = await house.json("lp1", Order, [...place("redemption"), "--units", "1"]);
    await accept(db, mine.id);
    const ran = await house.run("ops1", ["order", "cancel", mine.id, "--reason", "asked by telephone"]);
    expect(ran).toMatchObject({ exit: 0, out: `Order ${mine.id} is cancelled.\n` });
  });
});
