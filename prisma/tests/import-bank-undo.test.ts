// What comes after a bank statement: lines matched later, cash reversed by a second person, and that nothing is paid twice whatever the order of things.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Args, agent, OPS, refusal } from "./arrange.ts";
import { accept, broken, dayAt, dealingDatabase, dealingFund, openDealingDay } from "./dealing-day.ts";
import {
  approvedAccounts,
  codeOf,
  credit,
  debit,
  file,
  flowOf,
  IBANS,
  importLines,
  importOrders,
  OPS_TWO,
  subscription,
} from "./import-files.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await dealingDatabase();

/** Two investors with a subscription each: S-1 of 5,000.00 and S-2 of 7,000.50. */
async function arranged() {
  const on = await dealingFund(db);
  const [one, two] = [await newInvestor(db, null), await newInvestor(db, null)];
  const codes = [await codeOf(db, one), await codeOf(db, two)] as const;
  const orders = await importOrders(db, on, [
    subscription(codes[0], "5000.00", "S-1"),
    subscription(codes[1], "7000.50", "S-2"),
  ]);
  return { on, one, two, codes, s1: await flowOf(db, orders.import_id, 1), s2: await flowOf(db, orders.import_id, 2) };
}
const balance = async (fundId: string, account: string) =>
  (
    await db.look<{ amount: string }>(
      "select coalesce(sum(amount), 0)::text as amount from cash_balances where fund_id = $1 and account = $2",
      [fundId, account],
    )
  )[0]?.amount;

describe("matched later", () => {
  it("all again once the order is there, or one by hand; never for another amount", async () => {
    const { on, codes, s1 } = await arranged();
    const done = await importLines(db, on, [
      credit("800.00", { remittance: "S-9" }),
      credit("5000.00", { remittance: "typo" }),
      credit("1.00"),
    ]);
    await importOrders(db, on, [subscription(codes[1], "800.00", "S-9")]).then((refused) =>
      expect(refused.status).toBe("refused"),
    );
    await importOrders(db, on, [subscription(codes[1], "1000.00", "S-8")]);
    const match = (more: Args = {}) =>
      db.value<{ matched: number; unmatched: number }>(OPS, "fn_match_bank_lines", {
        import_id: done.import_id,
        ...more,
      });
    expect(await match()).toMatchObject({ matched: 0, unmatched: 3 });
    expect(await refusal(match({ line_position: 3, flow_id: s1 }))).toMatchObject({ code: "EG400" });
    expect(await refusal(match({ line_position: 2 }))).toMatchObject({ code: "EG400" });
    expect(await match({ line_position: 2, flow_id: s1 })).toMatchObject({ matched: 1, unmatched: 2 });
    expect(
      await db.look("select outcome, matched_by from import_rows where import_id = $1 and position = 2", [
        done.import_id,
      ]),
    ).toEqual([{ outcome: "matched", matched_by: "hand" }]);
    expect(await refusal(match({ line_position: 2, flow_id: s1 }))).toMatchObject({ code: "EG428" });
    expect(
      await db.look("select accepted, unmatched from import_batches where import_id = $1", [done.import_id]),
    ).toEqual([{ accepted: 1, unmatched: 2 }]);
    const other = await arranged();
    expect(await refusal(match({ line_position: 1, flow_id: other.s1 }))).toMatchObject({ code: "EG404" });
    expect(await broken(db, on.fund)).toEqual([]);
  });
});

describe("undo", () => {
  const undo = (importId: string | null, by = OPS_TWO, more: Args = {}) =>
    db.value<Args>(by, "fn_undo_import", { import_id: importId, reason: "the wrong account", ...more });
  it("reverses the cash, by another person than who confirmed it, and the order waits for its money again", async () => {
    const { on, s1 } = await arranged();
    const lines = [credit("5000.00", { remittance: "S-1" }), credit("1.00")];
    const name = file("undone");
    const done = await importLines(db, on, lines, { file: name });
    const before = await db.fingerprint();
    expect(await refusal(undo(done.import_id, OPS))).toEqual({
      code: "EG420",
      message: "1 of 2 rows cannot be undone; line 2: Who posted it cannot reverse it: a second person must.",
    });
    expect(await db.fingerprint()).toEqual(before);
    expect(await undo(done.import_id)).toMatchObject({ status: "undone", undone: 2 });
    expect([await balance(on.fund.fundId, "bank"), await balance(on.fund.fundId, "subscriptions_received")]).toEqual([
      "0.0000",
      "0.0000",
    ]);
    expect(await db.look("select status, cleared_at from fund_flows where flow_id = $1", [s1])).toEqual([
      { status: "submitted", cleared_at: null },
    ]);
    expect(await broken(db, on.fund)).toEqual([]);
    expect(await refusal(undo(done.import_id))).toMatchObject({
      code: "EG428",
      message: "The import was undone already.",
    });
    expect(await importLines(db, on, lines, { file: name })).toMatchObject({
      repeated: false,
      accepted: 1,
      unmatched: 1,
    });
    expect(await broken(db, on.fund)).toEqual([]);
  });
  it("refuses what a dealing day counts on, and what is settled", async () => {
    const { on, s1, s2 } = await arranged();
    const done = await importLines(db, on, [
      credit("5000.00", { remittance: "S-1" }),
      credit("7000.50", { remittance: "S-2" }),
    ]);
    await accept(db, s1);
    await db.call(agent("commander"), "fn_lock_orders", { dealing_day_id: await openDealingDay(db, on) });
    expect(await refusal(undo(done.import_id))).toEqual({
      code: "EG428",
      message: "1 of 2 rows cannot be undone; line 2: The order is locked: its money has been dealt with.",
    });
    expect(await undo(done.import_id, OPS_TWO, { partial: true })).toMatchObject({
      status: "partly_undone",
      undone: 1,
    });
    expect(
      await db.look(
        "select flow_id, cleared_at is null as waits from fund_flows where flow_id = any ($1) order by amount",
        [[s1, s2]],
      ),
    ).toEqual([
      { flow_id: s1, waits: false },
      { flow_id: s2, waits: true },
    ]);
    const day = await dayAt(db, "claimable");
    const paid = await importLines(db, day, [debit("5400.00", { end_to_end: day.redemption })]);
    expect(await refusal(undo(paid.import_id))).toMatchObject({
      code: "EG428",
      message: expect.stringContaining("The order is settled"),
    });
    expect(await broken(db, on.fund)).toEqual([]);
  });
  it("an order whose money has come is not cancelled with its file: the money goes back first", async () => {
    const { on } = await arranged();
    const orders = await db.look<{ import_id: string }>("select import_id from import_batches where fund_id = $1", [
      on.fund.fundId,
    ]);
    const bank = await importLines(db, on, [credit("5000.00", { remittance: "S-1" })]);
    expect(await refusal(undo(orders[0]?.import_id ?? null))).toMatchObject({
      code: "EG428",
      message: expect.stringContaining("Its money has arrived; return that first."),
    });
    await undo(bank.import_id);
    expect(await undo(orders[0]?.import_id ?? null)).toMatchObject({ status: "undone", undone: 2 });
  });
});

it("whatever comes in whatever order, the bank holds exactly what was matched, each order is paid at most once, and undo leaves nothing", async () => {
  const move = fc.record({
    order: fc.integer({ min: 0, max: 3 }),
    cents: fc.integer({ min: 0, max: 1 }),
    way: fc.constantFrom("reference", "account", "none"),
  });
  const step = fc.oneof(
    fc.array(move, { minLength: 1, maxLength: 4 }).map((lines) => ({ lines })),
    fc.nat({ max: 5 }).map((undo) => ({ undo })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const on = await dealingFund(db);
      const codes = await Promise.all([0, 1].map(async () => codeOf(db, await newInvestor(db, null))));
      await approvedAccounts(
        db,
        on,
        codes.map((code, at) => [code, IBANS[at] ?? ""]),
      );
      const amounts = ["1000.00", "2000.00", "1000.00", "2000.00"];
      await importOrders(
        db,
        on,
        amounts.map((amount, at) => subscription(codes[at < 2 ? 0 : 1] ?? "", amount, `P-${at}`)),
      );
      const made: string[] = [];
      for (const [at, one] of steps.entries()) {
        if ("undo" in one) {
          const id = made[one.undo];
          if (id !== undefined)
            await db.call(OPS_TWO, "fn_undo_import", { import_id: id, reason: "test" }).catch(() => undefined);
          continue;
        }
        const done = await importLines(
          db,
          on,
          one.lines.map(({ order, cents, way }, n) =>
            credit(`${amounts[order]?.slice(0, -1)}${cents}`, {
              reference: `L-${at}-${n}`,
              ...(way === "reference"
                ? { remittance: `P-${order}` }
                : way === "account"
                  ? { counterparty_account: IBANS[order < 2 ? 0 : 1] }
                  : {}),
            }),
          ),
        );
        if (done.import_id !== null) made.push(done.import_id);
      }
      const matched = await db.look<{ flow_id: string; amount: string }>(
        "select flow_id, said ->> 'amount' as amount from import_rows where fund_id = $1 and outcome = 'matched'",
        [on.fund.fundId],
      );
      const total = matched.reduce((sum, row) => sum + Number(row.amount), 0);
      expect(Number(await balance(on.fund.fundId, "bank"))).toBe(total);
      expect(new Set(matched.map((row) => row.flow_id)).size).toBe(matched.length);
      expect(
        await db.look("select count(*)::int as n from fund_flows where fund_id = $1 and cleared_at is not null", [
          on.fund.fundId,
        ]),
      ).toEqual([{ n: matched.length }]);
      for (const id of made)
        await db.call(OPS_TWO, "fn_undo_import", { import_id: id, reason: "test" }).catch(() => undefined);
      expect(Number(await balance(on.fund.fundId, "bank"))).toBe(0);
      expect(await broken(db, on.fund)).toEqual([]);
    }),
    { numRuns: 25 },
  );
}, 120_000);
