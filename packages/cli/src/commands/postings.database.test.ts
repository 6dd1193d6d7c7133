// What takes two people beside the dealing day, by command line on a real database: a cancellation after the cut-off, a distribution, a delivery in kind;
// and orders that are held and released.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, LP_A } from "@evergreen-fund/prisma/tests/arrange.ts";
import { broken, dayAt, openDay, ordered } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { claimInKind } from "@evergreen-fund/prisma/tests/postings.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const folder = mkdtempSync(join(tmpdir(), "evergreen-postings-"));
const Waiting = z.object({
  posted: z.literal(false),
  proposalId: z.uuid(),
  proposalHash: z.string(),
  proposalStatus: z.string(),
  approvals: z.int(),
  approvalsNeeded: z.int(),
});
type Waiting = z.infer<typeof Waiting>;
const Cancelled = z.object({ id: z.uuid(), status: z.string(), posted: z.boolean() });

/** Two people approve; one of them twice is not enough. */
async function approve({ proposalId, proposalHash }: Waiting): Promise<void> {
  const words = ["proposals", "approve", proposalId, "--hash", proposalHash];
  expect((await house.run("pm1", words)).exit).toBe(0);
  expect((await house.run("pm1", words)).exit).toBe(3);
  expect(await house.run("pm2", words)).toMatchObject({ exit: 0, out: expect.stringContaining("is approved") });
}

describe("order cancel after the cut-off", () => {
  it("is proposed with a reason, waits for two people, and then carried out by the same command", async () => {
    const day = await dayAt(db, "locked");
    const words = ["order", "cancel", day.redemption];
    const before = await db.fingerprint();
    expect(await house.run("ops1", words)).toMatchObject({ exit: 2, err: expect.stringContaining("--reason") });
    expect(await db.fingerprint()).toEqual(before);
    const reason = ["--reason", "entered twice"];
    const proposed = await house.json("ops1", Waiting, [...words, ...reason]);
    expect(proposed).toMatchObject({ proposalStatus: "pending", approvals: 0, approvalsNeeded: 2 });
    // asked again nothing new is proposed
    expect(await house.json("ops1", Waiting, words)).toEqual(proposed);
    const listed = await house.run("pm1", ["proposals", "list", "--fund", day.fund.code]);
    expect(listed.out).toContain("cancellation of a locked order");
    const shown = await house.run("pm1", ["proposals", "show", proposed.proposalId]);
    expect(shown.out).toMatch(/Reason: +entered twice/);
    await approve(proposed);
    const done = await house.json("ops1", Cancelled, [...words, ...reason]);
    expect(done).toEqual({ id: day.redemption, status: "cancelled", posted: true });
    const [order] = await db.look("select status from fund_flows where flow_id = $1", [day.redemption]);
    expect(order).toEqual({ status: "cancelled" });
    expect((await house.run("ops1", words)).exit).toBe(3);
  });

  it("may be asked for by its investor, who does not decide", async () => {
    const day = await dayAt(db, "locked", { holderUser: userOf(LP_A) });
    const words = ["order", "cancel", day.redemption, "--reason", "I need the money later"];
    const asked = await house.json("lp1", Waiting, words);
    expect(asked).toMatchObject({ posted: false, proposalStatus: "pending" });
    const early = await house.run("lp1", words);
    expect(early).toMatchObject({ exit: 3, err: expect.stringContaining("two people consent") });
    await approve(asked);
    const done = await house.run("lp1", words);
    expect(done).toMatchObject({ exit: 0, out: `Order ${day.redemption} is cancelled.\n` });
  });

  it("that is refused by a person stays locked, and can be proposed again", async () => {
    const day = await dayAt(db, "locked");
    const words = ["order", "cancel", day.redemption, "--reason", "entered twice"];
    const first = await house.json("ops1", Waiting, words);
    await house.run("pm1", [
      "proposals",
      "reject",
      first.proposalId,
      "--hash",
      first.proposalHash,
      "--reason",
      "it was not",
    ]);
    const second = await house.json("ops1", Waiting, words);
    expect(second.proposalId).not.toBe(first.proposalId);
    expect((await db.look("select status from fund_flows where flow_id = $1", [day.redemption]))[0]).toEqual({
      status: "locked",
    });
  });
});

describe("order hold and order release", () => {
  it("holds with a reason that the investor does not read, and releases on the strength of a document", async () => {
    const day = await openDay(db, { holderUser: userOf(LP_A) });
    const held = await house.run("ops1", [
      "order",
      "hold",
      day.redemption,
      "--reason",
      "screening hit",
      "--document",
      "case 12",
    ]);
    expect(held).toMatchObject({ exit: 0, out: expect.stringContaining("is held; document: case 12") });
    const own = await house.run("lp1", ["order", "list", "--fund", day.fund.code, "--output-format", "json"]);
    expect(own.out).toContain('"status": "kyc_hold"');
    expect(own.out).not.toContain("screening");
    const bare = await house.run("ops1", ["order", "release", day.redemption, "--reason", "another person"]);
    expect(bare).toMatchObject({ exit: 2, err: expect.stringContaining("--document") });
    const words = ["order", "release", day.redemption, "--reason", "another person", "--document", "report 12"];
    const Released = z.object({ status: z.string(), document: z.string() });
    expect(await house.json("ops1", Released, words)).toEqual({ status: "accepted", document: "report 12" });
    expect(await house.run("ops1", words)).toMatchObject({ exit: 3, err: expect.stringContaining("EG428") });
    const records = await db.look(
      "select to_status, reason, document from order_transitions where flow_id = $1 and document is not null order by created_at",
      [day.redemption],
    );
    expect(records).toEqual([
      { to_status: "kyc_hold", reason: "screening hit", document: "case 12" },
      { to_status: "accepted", reason: "another person", document: "report 12" },
    ]);
  });

  it("releases nobody whom KYC does not clear, and an LP holds nothing", async () => {
    const day = await openDay(db, { holderUser: userOf(LP_A) });
    const lp = await house.run("lp1", ["order", "hold", day.redemption, "--reason", "x"]);
    expect(lp).toMatchObject({ exit: 4, err: expect.stringContaining("EG403") });
    await db.call(agent("kyc"), "fn_hold_order", { flow_id: day.redemption, reason: "papers" });
    await db.look("update investors set kyc_status = 'expired' where investor_id = $1", [day.holder]);
    const ran = await house.run("ops1", ["order", "release", day.redemption, "--reason", "x", "--document", "y"]);
    expect(ran).toMatchObject({ exit: 3, err: expect.stringContaining("EG430") });
    await db.look("update investors set kyc_status = 'approved' where investor_id = $1", [day.holder]);
  });
});

describe("distribute", () => {
  const Posted = z.object({ posted: z.literal(true), amount: z.string(), highWater: z.string(), ledgerTxId: z.uuid() });

  it("is proposed, approved by two people, and posted by the same command, once", async () => {
    const day = await dayAt(db, "closed");
    const words = [
      "distribute",
      "--fund",
      day.fund.code,
      "--class",
      "A",
      "--ex-date",
      "2026-02-10",
      "--per-unit",
      "1.25",
    ];
    const proposed = await house.json("ops1", Waiting, words);
    await approve(proposed);
    // 1,050 units are out
    expect(await house.json("ops1", Posted, words)).toMatchObject({ amount: "1312.50", highWater: "98.75" });
    const [owed] = await db.look(
      "select sum(amount)::text as amount from cash_balances where fund_id = $1 and account = 'distributions_payable'",
      [day.fund.fundId],
    );
    expect(owed).toEqual({ amount: "-1312.5000" });
    const of = ["--fund", day.fund.code, "--account", "distributions"];
    const List = z.object({ owed: z.array(z.object({ investor: z.string(), amount: z.string() })) });
    const before = await house.json("ops1", List, ["payouts", "list", ...of]);
    expect(before.owed.reduce((sum, row) => sum + Math.round(Number(row.amount) * 100), 0)).toBe(131_250);
    const [first] = before.owed;
    const some = [
      "--investor",
      first?.investor ?? "",
      "--reference",
      "SCT 1",
      "--request-id",
      `payout ${day.fund.code}`,
    ];
    const over = await house.run("ops1", ["payouts", "confirm", ...of, ...some.slice(0, 2), "--amount", "999999.00"]);
    expect(over).toMatchObject({ exit: 3, err: expect.stringContaining("EG424") });
    const many = await house.run("ops1", ["payouts", "confirm", ...of, "--amount", "1.00"]);
    expect(many).toMatchObject({ exit: 2, err: expect.stringContaining("--investor") });
    expect((await house.run("lp1", ["payouts", "confirm", ...of, ...some])).exit).not.toBe(0);
    const said = await house.run("ops1", ["payouts", "confirm", ...of, ...some]);
    expect(said).toMatchObject({ exit: 0, out: expect.stringContaining("1 payment for distributions") });
    const Paid = z.object({ payments: z.int() });
    const rest = await house.json("ops1", Paid, ["payouts", "confirm", ...of]);
    expect(rest.payments).toBe(before.owed.length - 1);
    expect((await house.json("ops1", List, ["payouts", "list", ...of])).owed).toEqual([]);
    expect(await house.run("ops1", ["payouts", "confirm", ...of])).toMatchObject({ exit: 3 });
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("of another amount is another proposal; an LP distributes nothing", async () => {
    const day = await dayAt(db, "closed", { holderUser: userOf(LP_A) });
    const of = (each: string) => [
      "distribute",
      "--fund",
      day.fund.code,
      "--class",
      "A",
      "--ex-date",
      "2026-02-10",
      "--per-unit",
      each,
    ];
    const one = await house.json("ops1", Waiting, of("1.25"));
    const two = await house.json("ops1", Waiting, of("1.26"));
    expect(two.proposalId).not.toBe(one.proposalId);
    expect((await house.run("lp1", of("1.25"))).exit).not.toBe(0);
    expect(await house.run("ops1", of("0"))).toMatchObject({ exit: 2, err: expect.stringContaining("positive") });
    const wait = await house.run("pm1", ["proposals", "approve", one.proposalId, "--hash", one.proposalHash, "--wait"]);
    expect(wait).toMatchObject({ exit: 2, err: expect.stringContaining("No run posts that") });
  });
});

describe("order deliver", () => {
  const Posted = z.object({ posted: z.literal(true), status: z.string(), delivered: z.string(), cash: z.string() });
  let files = 0;
  const fileOf = (deliveries: object[]): string => {
    const path = join(folder, `deliveries-${++files}.json`);
    writeFileSync(path, JSON.stringify({ deliveries }));
    return path;
  };

  it("pays a redemption in assets and the rest in cash, after two people approved", async () => {
    const { day } = await claimInKind(db);
    const words = ["order", "deliver", day.redemption];
    const assets = ["--assets", fileOf([{ asset: "INFRA-1", quantity: "45", value: "4500.00" }])];
    const proposed = await house.json("ops1", Waiting, [...words, ...assets]);
    const shown = await house.run("pm1", ["proposals", "show", proposed.proposalId]);
    expect(shown.out).toContain("4500.00");
    await approve(proposed);
    expect(await house.json("ops1", Posted, words)).toMatchObject({
      status: "settled",
      delivered: "4500.00",
      cash: "900.00",
    });
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it.each([
    ["an unknown asset", [{ asset: "NOBODY", quantity: "45", value: "4500.00" }], 2, "no asset NOBODY"],
    ["more than is due", [{ asset: "INFRA-1", quantity: "54.01", value: "5400.01" }], 3, "EG424"],
    ["no quantity", [{ asset: "INFRA-1", value: "4500.00" }], 2, "deliveries.0.quantity"],
  ])("refuses %s", async (_what, deliveries, exit, says) => {
    const { day } = await claimInKind(db);
    const before = await db.fingerprint();
    const ran = await house.run("ops1", ["order", "deliver", day.redemption, "--assets", fileOf(deliveries)]);
    expect(ran).toMatchObject({ exit, out: "", err: expect.stringContaining(says) });
    expect(await db.fingerprint()).toEqual(before);
  });

  it("refuses an order that is not claimable, and one without its file", async () => {
    const day = await openDay(db);
    const path = fileOf([{ asset: "INFRA-1", quantity: "1", value: "1.00" }]);
    const early = await house.run("ops1", ["order", "deliver", day.redemption, "--assets", path]);
    expect(early).toMatchObject({ exit: 3, err: expect.stringContaining("EG428") });
    const bare = await house.run("ops1", ["order", "deliver", day.redemption]);
    expect(bare).toMatchObject({ exit: 2, err: expect.stringContaining("--assets") });
    const other = await ordered(db, day, day.holder, { direction: "redemption", units: "60" });
    expect((await house.run("ops1", ["order", "deliver", other, "--assets", path])).exit).toBe(3);
  });
});
