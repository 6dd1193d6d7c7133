// Bank statements: lines matched to orders by reference or account and the exact amount, the others waiting; each line once, undone by a second person.
import { describe, expect, it } from "vitest";
import { type Args, OPS, refusal } from "./arrange.ts";
import { broken, dayAt, dealingDatabase, dealingFund } from "./dealing-day.ts";
import {
  accountOf,
  approvedAccounts,
  codeOf,
  credit,
  debit,
  FUND_IBAN,
  file,
  flowOf,
  IBANS,
  importLines,
  importOrders,
  outcomes,
  statusOf,
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
const reasons = async (importId: string | null) =>
  (
    await db.look<{ reason: string | null }>("select reason from import_rows where import_id = $1 order by position", [
      importId,
    ])
  ).map((row) => row.reason);
const balance = async (fundId: string, account: string) =>
  (
    await db.look<{ amount: string }>(
      "select coalesce(sum(amount), 0)::text as amount from cash_balances where fund_id = $1 and account = $2",
      [fundId, account],
    )
  )[0]?.amount;

describe("what a payer wrote", () => {
  it("matches as it came, and is kept reduced to words that may name an order", async () => {
    const { on, codes, s1 } = await arranged();
    const wrote =
      "Jane Synthetic, born 1931-07-19, LU28 0019 4006 4475 0000, +352 621 123 456, for s-1 and T-77, thanks";
    const done = await importLines(db, on, [
      credit("5000.00", { remittance: wrote, end_to_end: "JANE SYNTHETIC 1" }),
      credit("6000.00", { remittance: wrote.replace("s-1", "DE89370400440532013000"), end_to_end: "NOTPROVIDED" }),
    ]);
    expect(done).toMatchObject({ accepted: 1, unmatched: 1 });
    const kept = await db.look<{ said: Record<string, unknown>; flow_id: string | null }>(
      "select said, flow_id from import_rows where import_id = $1 order by position",
      [done.import_id],
    );
    expect(kept.map(({ flow_id }) => flow_id)).toEqual([s1, null]);
    expect(kept.map(({ said }) => [said.remittance, said.end_to_end])).toEqual([
      ["s-1 T-77", undefined],
      ["T-77", undefined],
    ]);
    // what is left still matches, once the order is there
    expect(await importOrders(db, on, [subscription(codes[1], "6000.00", "T-77")])).toMatchObject({ accepted: 1 });
    const [{ again } = { again: "" }] = await db.look<{ again: string }>(
      "select evergreen.bank_match(f, r.said) ->> 'by' as again from import_rows r join funds f using (fund_id) where import_id = $1 and position = 2",
      [done.import_id],
    );
    expect(again).toBe("reference");
    // nothing of it stands anywhere else
    for (const { name } of await db.look<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    ))
      expect(
        await db.look(
          `select 1 from public."${name}" x where x::text ~* 'jane synthetic|0019 4006|621 123|1931-07-19' limit 1`,
          [],
        ),
        name,
      ).toEqual([]);
  });
});

describe("matching", () => {
  it.each([
    ["the reference alone", { remittance: "S-1" }],
    ["the reference in a sentence, in small letters", { remittance: "subscription s-1, thank you" }],
    ["the end-to-end identifier", { end_to_end: "S-1" }],
  ])("by %s", async (_what, text) => {
    const { on, s1 } = await arranged();
    const done = await importLines(db, on, [credit("5000.00", text)]);
    expect(done).toMatchObject({ status: "imported", accepted: 1, unmatched: 0, refusals: [] });
    expect(
      await db.look(
        "select r.outcome, r.matched_by, r.flow_id, t.kind from import_rows r join ledger_transactions t using (ledger_tx_id) where r.import_id = $1",
        [done.import_id],
      ),
    ).toEqual([{ outcome: "matched", matched_by: "reference", flow_id: s1, kind: "cash" }]);
    expect(
      await db.look("select status, cleared_at is not null as paid from fund_flows where flow_id = $1", [s1]),
    ).toEqual([{ status: "submitted", paid: true }]);
    expect([await balance(on.fund.fundId, "bank"), await balance(on.fund.fundId, "subscriptions_received")]).toEqual([
      "5000.0000",
      "-5000.0000",
    ]);
    expect(await broken(db, on.fund)).toEqual([]);
  });

  it("by the order's own id, with and without hyphens", async () => {
    const { on, s1, s2 } = await arranged();
    const done = await importLines(db, on, [
      credit("5000.00", { end_to_end: s1.replaceAll("-", "") }),
      credit("7000.50", { remittance: `order ${s2}` }),
    ]);
    expect(await outcomes(db, done.import_id)).toEqual(["matched", "matched"]);
  });

  it("by the account, when its investor has one open order of that amount", async () => {
    const { on, codes, s1 } = await arranged();
    await approvedAccounts(db, on, [[codes[0], IBANS[0]]]);
    const done = await importLines(db, on, [
      credit("5000.00", { counterparty_account: IBANS[0], remittance: "for the fund" }),
    ]);
    expect(await db.look("select matched_by, flow_id from import_rows where import_id = $1", [done.import_id])).toEqual(
      [{ matched_by: "account", flow_id: s1 }],
    );
  });

  it("never by the amount alone, never for another amount, never twice, never from another's account", async () => {
    const { on, codes } = await arranged();
    await approvedAccounts(db, on, [
      [codes[0], IBANS[0]],
      [codes[1], IBANS[1]],
    ]);
    const done = await importLines(db, on, [
      credit("5000.00"),
      credit("5000.01", { remittance: "S-1" }),
      credit("5000.00", { remittance: "S-1", counterparty_account: IBANS[1] }),
      credit("5000.00", { remittance: "S-1", reversal: true }),
      credit("5000.00", { remittance: "S-1", currency: "EUR" }),
      debit("5000.00", { remittance: "S-1" }),
      credit("4999.99", { counterparty_account: IBANS[0] }),
      credit("5000.00", { remittance: "S-12 S1 XS-1" }),
      credit("5000.00", { remittance: "S-1", reference: "good" }),
      credit("5000.00", { remittance: "S-1", reference: "again" }),
    ]);
    expect(await outcomes(db, done.import_id)).toEqual([...Array(8).fill("unmatched"), "matched", "unmatched"]);
    expect(await reasons(done.import_id)).toEqual([
      "No open order is named, and the account is not known.",
      "The order that is named is for another amount.",
      "The account is that of another investor than the order's.",
      "It takes back or returns another movement.",
      "It is in another currency than the fund.",
      "No open order is named, and the account is not known.",
      "The investor of the account has no open order of that amount.",
      "No open order is named, and the account is not known.",
      null,
      "No open order is named, and the account is not known.",
    ]);
    expect(done).toMatchObject({ rows: 10, accepted: 1, unmatched: 9, refused: 0 });
    expect(await balance(on.fund.fundId, "bank")).toBe("5000.0000");
  });

  it("two orders of one account and amount are for a person to tell apart", async () => {
    const { on, codes } = await arranged();
    await importOrders(db, on, [subscription(codes[0], "5000.00", "S-3")]);
    await approvedAccounts(db, on, [[codes[0], IBANS[0]]]);
    const done = await importLines(db, on, [
      credit("5000.00", { counterparty_account: IBANS[0] }),
      credit("5000.00", { remittance: "S-1 and S-3" }),
    ]);
    expect(await reasons(done.import_id)).toEqual([
      "The investor of the account has several open orders of that amount.",
      "The reference names several orders of that amount.",
    ]);
  });

  it("an account that is only proposed counts for nothing", async () => {
    const { on, codes } = await arranged();
    await db.call(OPS, "fn_propose_bank_accounts", {
      fund: on.fund.code,
      accounts: [accountOf(codes[0]!, IBANS[0])],
    });
    const done = await importLines(db, on, [credit("5000.00", { counterparty_account: IBANS[0] })]);
    expect(await outcomes(db, done.import_id)).toEqual(["unmatched"]);
  });

  it("pays redemptions that are claimable, and settles their day", async () => {
    const day = await dayAt(db, "claimable");
    const done = await importLines(db, day, [
      debit("5400.00", { end_to_end: day.redemption.replaceAll("-", "") }),
      credit("10800.00", { end_to_end: day.subscription }),
    ]);
    expect(await outcomes(db, done.import_id)).toEqual(["matched", "matched"]);
    expect([await statusOf(db, day.redemption), await statusOf(db, day.subscription)]).toEqual(["settled", "settled"]);
    expect(await db.look("select status from dealing_days where dealing_day_id = $1", [day.dayId])).toEqual([
      { status: "settled" },
    ]);
    expect(await broken(db, day.fund)).toEqual([]);
  });
});

describe("each line counts once", () => {
  const line = (n: number, more: Args = {}) =>
    credit("5000.00", { reference: `SVC-${n}`, remittance: "nothing known", ...more });
  it("the same statement again changes nothing; an overlapping one brings only what is new", async () => {
    const { on } = await arranged();
    const name = file("statement");
    const first = await importLines(db, on, [line(1), line(2)], { file: name });
    const before = await db.fingerprint();
    expect(await importLines(db, on, [line(1), line(2)], { file: name })).toEqual({
      ...first,
      repeated: true,
      refusals: [],
    });
    expect(await importLines(db, on, [line(1), line(2)])).toMatchObject({ import_id: first.import_id, repeated: true });
    expect(await db.fingerprint()).toEqual(before);
    const next = await importLines(db, on, [line(2), line(3)]);
    expect(await outcomes(db, next.import_id)).toEqual(["duplicate", "unmatched"]);
    expect(next.refusals[0]).toMatchObject({ outcome: "duplicate", reason: "An earlier statement has that line." });
  });
  it("two equal lines of one statement are two movements, and the same two in the next", async () => {
    const { on } = await arranged();
    const same = credit("5.00", { remittance: "twice" });
    const first = await importLines(db, on, [same, same]);
    expect(await outcomes(db, first.import_id)).toEqual(["unmatched", "unmatched"]);
    const next = await importLines(db, on, [same, same, same]);
    expect(await outcomes(db, next.import_id)).toEqual(["duplicate", "duplicate", "unmatched"]);
  });
  it("a statement in which nothing is new is refused whole", async () => {
    const { on } = await arranged();
    await importLines(db, on, [line(1), line(2), line(3)]);
    expect(await importLines(db, on, [line(3), line(1)])).toMatchObject({
      import_id: null,
      status: "refused",
      refused: 2,
    });
  });
});

describe("what is no line, and whose statement it is", () => {
  it.each([
    ["more decimals than the currency", { amount: "5.001" }],
    ["zero", { amount: "0" }],
    ["NaN", { amount: "NaN" }],
    ["no side", { side: "both" }],
    ["no day", { booked_on: "soon" }],
    ["infinity for a day", { booked_on: "infinity" }],
    ["what the reader found", { problem: "is no number.", column: "Betrag" }],
  ])("%s refuses the file, or in part only the row", async (_what, change) => {
    const { on } = await arranged();
    const lines = [credit("5.00"), { ...credit("6.00"), ...change }];
    const before = await db.fingerprint();
    expect(await importLines(db, on, lines)).toMatchObject({ status: "refused", refused: 1, unmatched: 1 });
    expect(await db.fingerprint()).toEqual(before);
    expect(await importLines(db, on, lines, { partial: true })).toMatchObject({
      status: "imported",
      refused: 1,
      unmatched: 1,
    });
  });
  it("a statement of another account is refused once the fund has one", async () => {
    const { on } = await arranged();
    await approvedAccounts(db, on, [[null, FUND_IBAN]]);
    expect(await refusal(importLines(db, on, [credit("5.00", { account: IBANS[2] })]))).toEqual({
      code: "EG400",
      message: "The statement is of another account than the fund's.",
    });
    expect(await importLines(db, on, [credit("5.00", { account: FUND_IBAN })])).toMatchObject({ status: "imported" });
  });
  it("a dry run matches, and changes nothing", async () => {
    const { on } = await arranged();
    const before = await db.fingerprint();
    expect(
      await importLines(db, on, [credit("5000.00", { remittance: "S-1" }), credit("1.00")], { dry_run: true }),
    ).toMatchObject({ import_id: null, status: "dry_run", accepted: 1, unmatched: 1 });
    expect(await db.fingerprint()).toEqual(before);
  });
});
