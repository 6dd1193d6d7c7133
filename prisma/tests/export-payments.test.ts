// Payment files: each due redemption once, to accounts that a second person approved; written again the same; paid debits come back to their orders.
import { writePain001 } from "@evergreen-fund/interchange/pain-001.ts";
import { describe, expect, it } from "vitest";
import { type Args, agent, OPS, PM_ONE, refusal } from "./arrange.ts";
import { broken, type Day, DEALING_DATE, dayAt, dealingDatabase, dealingFund } from "./dealing-day.ts";
import {
  accountOf,
  approvedAccounts,
  codeOf,
  debit,
  FUND_IBAN,
  IBANS,
  importLines,
  OPS_TWO,
  outcomes,
  statusOf,
} from "./import-files.ts";
import { outcome, restateDay } from "./restated-day.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await dealingDatabase();

interface Payments {
  payment_file_id: string;
  message_id: string;
  created_at: string;
  execution_date: string;
  currency: string;
  places: number;
  repeated: boolean;
  missing: { flow_id: string; investor: string }[];
  transactions: number;
  control_sum: string;
  debtor: { holder: string; account: string; bic: string | null };
  transfers: {
    flow_id: string;
    end_to_end: string;
    amount: string;
    payee: { bic: string | null; sealed: { account_id: string; sealed: string } };
    remittance: string;
  }[];
}
const exported = (day: Day, more: Args = {}) =>
  db.value<Payments>(OPS, "fn_export_payments", { fund: day.fund.code, dealing_date: DEALING_DATE, ...more });

async function claimable(): Promise<Day & { holderCode: string }> {
  const day = await dayAt(db, "claimable");
  const holderCode = await codeOf(db, day.holder);
  await approvedAccounts(db, day, [
    [null, FUND_IBAN],
    [holderCode, IBANS[0]],
  ]);
  return { ...day, holderCode };
}

const written = (file: Payments) =>
  writePain001({
    messageId: file.message_id,
    createdAt: file.created_at,
    executionDate: file.execution_date,
    currency: file.currency,
    places: file.places,
    debtor: file.debtor,
    // what the door decrypts; noise here
    transfers: file.transfers.map(({ end_to_end, payee, amount, remittance }) => ({
      amount,
      remittance,
      endToEndId: end_to_end,
      holder: "Somebody (synthetic)",
      account: IBANS[0],
      bic: payee.bic,
    })),
  });

describe("a payment file", () => {
  it("holds every redemption that is due, to the cent, and adds up", async () => {
    const day = await claimable();
    const file = await exported(day);
    expect(file).toMatchObject({
      currency: "USD",
      places: 2,
      repeated: false,
      missing: [],
      transactions: 1,
      control_sum: "5400.0000",
      debtor: { holder: "Somebody (synthetic)", account: FUND_IBAN, bic: null },
      transfers: [
        {
          flow_id: day.redemption,
          end_to_end: day.redemption.replaceAll("-", ""),
          amount: "5400",
          payee: { sealed: { sealed: expect.stringMatching(/^v1\./) } },
          remittance: `Redemption ${DEALING_DATE} ${day.fund.code}`,
        },
      ],
    });
    const { xml, controlSum, transactions } = written(file);
    expect({ controlSum, transactions }).toEqual({ controlSum: "5400.00", transactions: 1 });
    expect(xml).toContain(`<EndToEndId>${day.redemption.replaceAll("-", "")}</EndToEndId>`);
  });

  it("exported again is the same file, byte for byte, and pays nobody twice", async () => {
    const day = await claimable();
    const first = await exported(day);
    const before = await db.fingerprint();
    const again = await exported(day);
    expect(again).toEqual({ ...first, repeated: true });
    expect(written(again).xml).toBe(written(first).xml);
    expect(await db.fingerprint()).toEqual(before);
    expect(await exported(day, { request_id: "pay/1" })).toMatchObject({ repeated: true });
  });

  it("whose investor has no approved account waits, is named, and comes in the next file", async () => {
    const day = await dayAt(db, "claimable");
    await approvedAccounts(db, day, [[null, FUND_IBAN]]);
    expect(await refusal(exported(day))).toEqual({
      code: "EG428",
      message: "No investor of a redemption that is due has an approved account.",
    });
    await approvedAccounts(db, day, [[await codeOf(db, day.holder), IBANS[1]]]);
    expect(await exported(day)).toMatchObject({ transactions: 1, missing: [], repeated: false });
  });

  it("is kept in the answers of requests without names and account numbers", async () => {
    const day = await claimable();
    const first = await exported(day, { request_id: "pay/private" });
    expect(await exported(day, { request_id: "pay/private" })).toEqual(first);
    const [kept] = await db.look<{ result: string }>(
      "select result::text as result from commands where request_id = 'pay/private'",
    );
    expect(kept?.result).not.toContain(IBANS[0]);
    expect(kept?.result).not.toContain("Somebody");
  });

  it("goes out on the settlement day of the policy, or on a day that is named and has not passed", async () => {
    const day = await claimable();
    expect(await refusal(exported(day, { execution_date: "2026-02-03" }))).toEqual({
      code: "EG400",
      message: "execution_date has passed.",
    });
    expect((await exported(day, { execution_date: "2099-01-05" })).execution_date).toBe("2099-01-05");
    const [next] = await db.look<{ day: string; date: string }>(
      "select evergreen.settlement_day($1, '2099-01-01')::text as day, evergreen.settlement_day($1, '2026-01-30')::text as date",
      [day.fund.fundId],
    );
    expect(next?.day).toBe("2099-01-01");
    expect(Number(next?.date.replaceAll("-", ""))).toBeGreaterThan(20260130);
  });

  it("three business days after a Wednesday is Monday, and a holiday moves it on", async () => {
    const on = await dealingFund(db, {
      policy: { cutOff: "12:00", timeZone: "UTC", calendar: "PAY", settlementDays: 3 },
    });
    await db.call(agent("commander"), "fn_open_dealing_day", {
      fund: on.fund.code,
      share_class: "A",
      dealing_date: "2099-01-07",
    });
    const when = async () =>
      (
        await db.look<{ day: string }>("select evergreen.settlement_day($1, '2099-01-07')::text as day", [
          on.fund.fundId,
        ])
      )[0]?.day;
    expect(await when()).toBe("2099-01-12");
    await db.call(OPS, "fn_set_holidays", { calendar: "PAY", holidays: [{ date: "2099-01-08", name: "synthetic" }] });
    expect(await when()).toBe("2099-01-13");
  });

  it("comes back as debits on the statement, by its identifiers, and settles", async () => {
    const day = await claimable();
    const file = await exported(day);
    const done = await importLines(
      db,
      day,
      file.transfers.map((one) =>
        debit(one.amount, { end_to_end: one.end_to_end, account: FUND_IBAN, counterparty_account: IBANS[0] }),
      ),
    );
    expect(await outcomes(db, done.import_id)).toEqual(["matched"]);
    expect(await statusOf(db, day.redemption)).toBe("settled");
    expect(
      await refusal(db.call(OPS, "fn_withdraw_payments", { payment_file_id: file.payment_file_id, reason: "late" })),
    ).toEqual({ code: "EG428", message: "Payments of the file have been made." });
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("withdrawn, its redemptions are due again under another identifier of the file", async () => {
    const day = await claimable();
    const first = await exported(day);
    await db.call(OPS, "fn_withdraw_payments", {
      payment_file_id: first.payment_file_id,
      reason: "the bank refused it",
    });
    const second = await exported(day);
    expect(second.repeated).toBe(false);
    expect(second.message_id).not.toBe(first.message_id);
    expect(second.transfers).toEqual(first.transfers);
    expect(
      await refusal(db.call(OPS, "fn_withdraw_payments", { payment_file_id: first.payment_file_id, reason: "again" })),
    ).toMatchObject({ code: "EG428" });
  });

  it("holds what a restatement owes, apart from redemptions; paid, what comes due later has a file of its own", async () => {
    const day = await claimable();
    await approvedAccounts(db, day, [[await codeOf(db, day.subscriber), IBANS[1]]]);
    await exported(day);
    expect(await refusal(exported(day, { purpose: "compensation" }))).toEqual({
      code: "EG428",
      message: "No compensation of that dealing date is due.",
    });
    await db.call(agent("commander"), "fn_record_restatement", outcome(await restateDay(db, day)));
    const file = await exported(day, { purpose: "compensation" });
    expect(file).toMatchObject({
      repeated: false,
      missing: [],
      control_sum: "540.0000",
      transfers: [
        {
          flow_id: day.subscription,
          end_to_end: `CMP${day.subscription.replaceAll("-", "")}`,
          amount: "540",
          payee: { sealed: { account_id: expect.any(String) } },
          remittance: `Compensation ${DEALING_DATE} ${day.fund.code}`,
        },
      ],
    });
    expect(await exported(day, { purpose: "compensation" })).toEqual({ ...file, repeated: true });
    // redemptions of the date are still their own file
    expect(await exported(day)).toMatchObject({ repeated: true, control_sum: "5400.0000" });
    const line = debit("540.00", { end_to_end: file.transfers[0]?.end_to_end, account: FUND_IBAN });
    const wrong = await importLines(db, day, [{ ...line, amount: "539.99" }]);
    expect(await outcomes(db, wrong.import_id)).toEqual(["unmatched"]);
    const done = await importLines(db, day, [line]);
    expect(await outcomes(db, done.import_id)).toEqual(["matched"]);
    const left = await db.look(
      "select account, sum(amount)::text as amount from cash_balances where fund_id = $1 and account like 'compensation%' group by 1 order by 1",
      [day.fund.fundId],
    );
    expect(left).toEqual([
      { account: "compensation_payable", amount: "0.0000" },
      { account: "compensation_receivable", amount: "270.0000" },
    ]);
    expect(
      await refusal(db.call(OPS, "fn_withdraw_payments", { payment_file_id: file.payment_file_id, reason: "late" })),
    ).toEqual({ code: "EG428", message: "Payments of the file have been made." });
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("by two people at once is one file", async () => {
    const day = await claimable();
    const both = await Promise.all([1, 2, 3].map(() => exported(day)));
    expect(new Set(both.map((one) => one.payment_file_id)).size).toBe(1);
    expect(both.filter((one) => !one.repeated)).toHaveLength(1);
  });
});

describe("accounts", () => {
  const propose = (fund: string, accounts: Args[], by = OPS) =>
    db.value<{ proposed: number; known: number }>(by, "fn_propose_bank_accounts", { fund, accounts });
  const decide = (ids: unknown[], decision: string, by = PM_ONE) =>
    db.call(by, "fn_decide_bank_accounts", { accounts: JSON.stringify(ids), decision });
  const own = { investor: null, account: FUND_IBAN, bic: "BILLLULL", holder: "Fund (synthetic)", currency: "USD" };
  const idsOf = async (fundId: string, status: string) =>
    (
      await db.look<{ account_id: string }>(
        "select account_id from bank_accounts where fund_id = $1 and status = $2 order by created_at",
        [fundId, status],
      )
    ).map((row) => row.account_id);

  it("are proposed once and approved by somebody else; a new one ends the old", async () => {
    const { fund } = await dealingFund(db);
    expect(await propose(fund.code, [own])).toEqual({ proposed: 1, known: 0 });
    expect(await propose(fund.code, [own])).toEqual({ proposed: 0, known: 1 });
    const [first] = await idsOf(fund.fundId, "proposed");
    expect(await refusal(decide([first], "approved", OPS))).toEqual({
      code: "EG420",
      message: "Who proposed an account cannot approve it.",
    });
    await decide([first], "approved", OPS_TWO);
    expect(await refusal(decide([first], "approved"))).toMatchObject({ code: "EG428" });
    await propose(fund.code, [{ ...own, account: IBANS[1] }]);
    const [second] = await idsOf(fund.fundId, "proposed");
    await decide([second], "approved");
    expect([await idsOf(fund.fundId, "active"), await idsOf(fund.fundId, "ended")]).toEqual([[second], [first]]);
  });

  it("of one owner and currency: one is in force", async () => {
    const { fund } = await dealingFund(db);
    const code = await codeOf(db, await newInvestor(db, null));
    await propose(fund.code, [own, { ...own, account: IBANS[1] }, accountOf(code, IBANS[2])]);
    const ids = await db.look<{ account_id: string; investor_id: string | null }>(
      "select account_id, investor_id from bank_accounts where fund_id = $1 order by investor_id nulls first, account",
      [fund.fundId],
    );
    expect(
      await refusal(
        decide(
          ids.map((row) => row.account_id),
          "approved",
        ),
      ),
    ).toMatchObject({ code: "EG428", message: "Two of the accounts are of one owner and currency; approve one." });
    await decide([ids[0]?.account_id, ids[2]?.account_id], "approved");
    await decide([ids[1]?.account_id], "rejected", OPS);
    expect(await idsOf(fund.fundId, "active")).toHaveLength(2);
  });

  it.each([
    ["check digits that are wrong", { account: "DE88370400440532013000" }, "EG400"],
    ["no account", { account: "" }, "EG400"],
    ["a BIC that is none", { bic: "BANK" }, "EG400"],
    ["no holder", { holder: "" }, "EG400"],
    ["an unknown currency", { currency: "XXX" }, "EG400"],
    ["nobody's", accountOf("LP-NOBODY", IBANS[0]), "EG404"],
  ])("%s: refused, with the place in the list", async (_what, change, code) => {
    const { fund } = await dealingFund(db);
    const error = await refusal(propose(fund.code, [own, { ...own, ...change }]));
    expect(error).toMatchObject({ code, message: expect.stringMatching(/^Account 2/) });
  });

  it.each([
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "000123-456",
  ])("%s is an account", async (account) => {
    const { fund } = await dealingFund(db);
    expect(await propose(fund.code, [{ ...own, account }])).toMatchObject({ proposed: 1 });
  });
});
