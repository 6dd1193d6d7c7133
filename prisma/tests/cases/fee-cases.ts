// RPC cases: performance fee crystallised, distributions, what is paid out of them, and subscription money sent back.
import { expect } from "vitest";
import { type Args, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { dayAt, openDay, strikeOf } from "../dealing-day.ts";
import { COMMANDER, consented, crystallisation, feeDay, type LotOutcome } from "../postings.ts";
import { refusedConsent } from "./consent.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const fee = async (db: TestDatabase, change: (body: Args & { lots: LotOutcome[] }) => object = (body) => body) => {
  const day = await feeDay(db);
  return { fund: day.fund, kind: "crystallisation", body: change(await crystallisation(db, day)), day };
};
const refusedFee = (
  what: string,
  code: Refusal["code"],
  change: (body: Args & { lots: LotOutcome[] }) => object,
): Refusal => ({
  what,
  code,
  change: async (_a, db) => {
    const { fund, kind, body } = await fee(db, change);
    return consented(db, fund, kind, body);
  },
});
const lotOf = (which: 0 | 1 | 2, change: Partial<LotOutcome>) => (body: Args & { lots: LotOutcome[] }) => ({
  ...body,
  lots: body.lots.map((lot, i) => (i === which ? { ...lot, ...change } : lot)),
});

const distribution = async (db: TestDatabase, change: Args = {}) => {
  const day = await dayAt(db, "closed");
  const body = { share_class_id: day.classId, ex_date: "2026-02-10", per_unit: "1.2345", ...change };
  return { fund: day.fund, kind: "distribution", body, day };
};
const refusedDistribution = (what: string, code: Refusal["code"], change: Args): Refusal => ({
  what,
  code,
  change: async (_a, db) => {
    const { fund, kind, body } = await distribution(db, change);
    return consented(db, fund, kind, body);
  },
});
const distributed = async (db: TestDatabase) => {
  const { fund, kind, body, day } = await distribution(db);
  await db.call(COMMANDER, "fn_post_distribution", await consented(db, fund, kind, body));
  return day;
};

const cleared = async (db: TestDatabase) => {
  const day = await openDay(db);
  await db.call(OPS, "fn_confirm_cash", {
    fund: day.fund.code,
    payments: [{ flow_id: day.subscription, amount: "10800.00" }],
  });
  return day;
};

export const FEE_CASES: RpcCase[] = [
  {
    fn: "fn_read_crystallisation",
    by: COMMANDER,
    arrange: async (db) => ({ fund: (await feeDay(db)).fund.code, share_class: "A" }),
    check: ([row]) => {
      const [facts] = (row?.fn_read_crystallisation ?? []) as Record<string, unknown>[];
      expect(facts).toMatchObject({
        code: "A",
        nav: "108000.0000",
        performance_accrued: "1000.0000",
        mark: "104",
        since: "2025-01-15",
        crystallised_on: null,
        proposal: null,
        units: "1000",
        units_outstanding: "1000",
      });
      expect(facts?.lots).toContainEqual({
        id: expect.any(String),
        units: "300",
        reference: "107",
        credit: "180",
        series: "2025-06-30@107",
      });
      expect(facts?.lots).toHaveLength(3);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NOWHERE" }) },
      { what: "a class that the fund has not", code: "EG404", change: (a) => ({ ...a, share_class: "Z" }) },
    ],
  },
  {
    fn: "fn_read_fees_again",
    by: COMMANDER,
    arrange: async (db) => {
      const { fund, kind, body, day } = await fee(db);
      await db.call(COMMANDER, "fn_crystallise_fee", await consented(db, fund, kind, body));
      return { strike_id: await strikeOf(db, day.dayId) };
    },
    check: ([row]) => {
      const [facts] = (row?.fn_read_fees_again ?? []) as Record<string, unknown>[];
      expect(facts).toMatchObject({ code: "A", mark: "104", fee: "1000", high_water: "108", proposal: null });
      // as they were before the fee
      expect(facts?.lots).toContainEqual({ id: expect.any(String), units: "300", reference: "107", credit: "180" });
      expect(facts?.posted).toHaveLength(3);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) }],
  },
  {
    fn: "fn_crystallise_fee",
    by: COMMANDER,
    arrange: async (db) => {
      const { fund, kind, body } = await fee(db);
      return consented(db, fund, kind, body);
    },
    check: async ([row], args, db) => {
      expect(row?.fn_crystallise_fee).toMatchObject({ high_water: "108", fee: "1000" });
      const { share_class_id, ledger_tx_id } = (row?.fn_crystallise_fee ?? {}) as {
        share_class_id: string;
        ledger_tx_id: string;
      };
      expect(
        await db.look(
          `select trim_scale(price)::text as bought, trim_scale(units_left)::text as units, trim_scale(high_water)::text as reference,
                  trim_scale(equalisation_credit)::text as credit from lots where share_class_id = $1 order by price`,
          [share_class_id],
        ),
      ).toEqual([
        { bought: "95", units: "98.3334", reference: "108", credit: "0" },
        { bought: "100", units: "600", reference: "108", credit: "0" },
        { bought: "107", units: "301.6666", reference: "108", credit: "0" },
      ]);
      expect(
        await db.look("select account, amount::text from cash_movements where ledger_tx_id = $1 order by 1", [
          ledger_tx_id,
        ]),
      ).toEqual([
        { account: "capital", amount: "1000.0000" },
        { account: "fee_payable", amount: "-1000.0000" },
      ]);
      expect((await db.look("select trim_scale(evergreen.class_mark($1))::text as mark", [share_class_id]))[0]).toEqual(
        {
          mark: "108",
        },
      );
      expect(args.proposal_id).toBeTruthy();
    },
    other: () => ({ proposal_id: NOWHERE }),
    audits: 1,
    events: ["FEE_CRYSTALLISED"],
    refuses: [
      ...refusedConsent("fn_crystallise_fee", (db) => fee(db)),
      refusedFee("a fee that the accrual does not carry", "EG424", (b) => ({ ...b, fee: "1000.02" })),
      refusedFee("more than the strike accrued", "EG424", (b) => ({ ...b, accrued: "1000.01" })),
      refusedFee("an accrual that is not the rate on the gain", "EG424", (b) => ({ ...b, accrued: "900", fee: "900" })),
      refusedFee("a fee finer than the currency", "EG400", (b) => ({ ...b, fee: "1000.001" })),
      refusedFee("a mark that falls", "EG424", (b) => ({ ...b, high_water: "103" })),
      refusedFee("a mark above the price", "EG424", (b) => ({ ...b, high_water: "109" })),
      refusedFee("a lot left out", "EG424", (b) => ({ ...b, lots: b.lots.slice(1) })),
      refusedFee("a lot twice", "EG424", (b) => ({ ...b, lots: [...b.lots, b.lots[0]] })),
      refusedFee("a unit more than the refund buys", "EG424", lotOf(1, { change: "1.6667" })),
      refusedFee("a refund above the credit", "EG424", lotOf(1, { refund: "190", change: "1.7592" })),
      refusedFee("a credit that stays after its refund", "EG424", lotOf(1, { credit: "180" })),
      refusedFee("a reference that falls", "EG424", lotOf(0, { high_water: "103" })),
      refusedFee("a depreciation of a lot at the mark", "EG424", lotOf(0, { depreciation: "1", change: "-0.0092" })),
      {
        what: "a NAV whose orders are allocated",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await fee(db);
          await db.look("update dealing_days set status = 'allocated' where dealing_day_id = $1", [day.dayId]);
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "a NAV before the last one",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await fee(db);
          await db.look(
            `insert into nav_strikes (fund_id, nav_date, version, state, inputs_hash, total_assets, liabilities, gnav, performance_fee, nav, proposal_id)
             select fund_id, '2026-02-27', 1, 'final', inputs_hash, total_assets, liabilities, gnav, performance_fee, nav, proposal_id from nav_strikes where fund_id = $1 limit 1`,
            [day.fund.fundId],
          );
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "units that were dealt since the NAV",
        code: "EG425",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await fee(db);
          await db.look("update share_classes set units_outstanding = 1001 where share_class_id = $1", [day.classId]);
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "the same date twice",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await fee(db);
          await db.look(
            "insert into class_marks (share_class_id, as_of, cause, high_water) values ($1, '2026-01-30', 'crystallisation', 104)",
            [day.classId],
          );
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "a class in series",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await fee(db);
          await db.call(PM_ONE, "fn_set_dealing_policy", {
            share_class_id: day.classId,
            body: { cutOff: "12:00", fees: { performance: { rate: "0.2", method: "series" } } },
            effective_from: "2026-01-30",
          });
          return consented(db, fund, kind, body);
        },
      },
    ],
  },
  {
    fn: "fn_post_distribution",
    by: COMMANDER,
    arrange: async (db) => {
      const { fund, kind, body } = await distribution(db);
      return consented(db, fund, kind, body);
    },
    check: async ([row], _args, db) => {
      // 950 and 100 units at 1.2345: 1,172.77(5) and 123.45
      expect(row?.fn_post_distribution).toMatchObject({ amount: "1296.22", high_water: "98.7655" });
      const { ledger_tx_id } = (row?.fn_post_distribution ?? {}) as { ledger_tx_id: string };
      expect(
        await db.look("select account, amount::text from cash_movements where ledger_tx_id = $1 order by amount", [
          ledger_tx_id,
        ]),
      ).toEqual([
        { account: "distributions_payable", amount: "-1172.7700" },
        { account: "distributions_payable", amount: "-123.4500" },
        { account: "capital", amount: "1296.2200" },
      ]);
    },
    other: () => ({ proposal_id: NOWHERE }),
    audits: 1,
    events: ["DISTRIBUTED"],
    refuses: [
      ...refusedConsent("fn_post_distribution", (db) => distribution(db)),
      refusedDistribution("nothing", "EG400", { per_unit: "0" }),
      refusedDistribution("NaN", "EG400", { per_unit: "NaN" }),
      refusedDistribution("a day that has not come", "EG400", { ex_date: "2999-01-01" }),
      refusedDistribution("the whole mark", "EG424", { per_unit: "100" }),
      refusedDistribution("so little that nobody gets a cent", "EG428", { per_unit: "0.000001" }),
      {
        what: "a date before the mark moved",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await distribution(db);
          await db.look(
            "insert into class_marks (share_class_id, as_of, cause, high_water) values ($1, '2026-02-11', 'crystallisation', 104)",
            [day.classId],
          );
          return consented(db, fund, kind, body);
        },
      },
      {
        what: "between the strike and the posting",
        code: "EG428",
        change: async (_a, db) => {
          const { fund, kind, body, day } = await distribution(db);
          await db.look(
            "update dealing_days set status = 'allocated', day_hash = null, closed_at = null where dealing_day_id = $1",
            [day.dayId],
          );
          return consented(db, fund, kind, body);
        },
      },
    ],
  },
  {
    fn: "fn_confirm_payout",
    by: OPS,
    arrange: async (db) => {
      const { fund, holder } = await distributed(db);
      return {
        fund: fund.code,
        account: "distributions_payable",
        payments: [{ investor_id: holder, amount: "1172.77", reference: "synthetic/3" }],
      };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_confirm_payout).toMatchObject({ payments: 1 });
      expect(
        await db.look(
          `select b.account, sum(b.amount)::text as amount from cash_balances b join funds f using (fund_id)
            where f.code = $1 and b.account in ('bank', 'distributions_payable') group by 1 order by 1`,
          [args.fund],
        ),
      ).toEqual([
        { account: "bank", amount: "4227.2300" },
        { account: "distributions_payable", amount: "-123.4500" },
      ]);
    },
    other: (args) => ({ ...args, payments: [{ ...(args.payments as Args[])[0], amount: "1.00" }] }),
    audits: 1,
    events: ["PAID_OUT"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "an account that is not paid out", code: "EG400", change: (a) => ({ ...a, account: "capital" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, payments: JSON.stringify({}) }) },
      { what: "no payments", code: "EG413", change: (a) => ({ ...a, payments: JSON.stringify([]) }) },
      {
        what: "one investor twice",
        code: "EG400",
        change: (a) => ({ ...a, payments: (a.payments as Args[]).flatMap((p) => [{ ...p, amount: "1" }, p]) }),
      },
      ...(["1172.78", "0", "-1", "NaN", "1.001"] as const).map((amount) => ({
        what: `an amount of ${amount}`,
        code: "EG424" as const,
        change: (a: Args) => ({ ...a, payments: (a.payments as Args[]).map((p) => ({ ...p, amount })) }),
      })),
      {
        what: "an account that owes nothing",
        code: "EG424",
        change: (a) => ({ ...a, account: "fee_payable", payments: [{ amount: "1.00" }] }),
      },
    ],
  },
  {
    fn: "fn_return_cash",
    by: OPS,
    arrange: async (db) => ({ flow_id: (await cleared(db)).subscription, reference: "synthetic/4" }),
    check: async (_rows, args, db) => {
      expect(
        await db.look(
          "select account, sum(amount)::text as amount from cash_movements where flow_id = $1 group by 1 order by 1",
          [args.flow_id],
        ),
      ).toEqual([
        { account: "bank", amount: "0.0000" },
        { account: "subscriptions_received", amount: "0.0000" },
      ]);
      // what stood in the way of a cancellation is gone
      expect(await db.value(OPS, "fn_cancel_order", { flow_id: args.flow_id })).toBe("cancelled");
    },
    other: (args) => ({ ...args, reference: "other" }),
    audits: 1,
    events: ["CASH_RETURNED"],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: (a) => ({ ...a, flow_id: NOWHERE }) },
      { what: "no reference", code: "EG400", change: (a) => ({ ...a, reference: "" }) },
      {
        what: "money that never came",
        code: "EG428",
        change: async (a, db) => ({ ...a, flow_id: (await openDay(db)).subscription }),
      },
      {
        what: "money that bought units",
        code: "EG428",
        change: async (a, db) => ({ ...a, flow_id: (await dayAt(db, "settled")).subscription }),
      },
      {
        what: "a redemption",
        code: "EG428",
        change: async (a, db) => ({ ...a, flow_id: (await openDay(db)).redemption }),
      },
    ],
  },
];
