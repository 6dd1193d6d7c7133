// RPC cases: the dealing day from the allocation to its close, and the ledger.
import { expect } from "vitest";
import { type Args, AUDIT, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { type Day, DEALING_DATE, dayAt, fills, openDay, ordered, payments, take } from "../dealing-day.ts";
import { wrongDay } from "./dealing-day-cases.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const COMMANDER = agent("commander");
const ENGINE = agent("liquidity-engine");
const text = (rows: object[]): string => JSON.stringify(rows);
const lastDay = new WeakMap<Args, Day>();

const recording = async (db: TestDatabase): Promise<Args> => {
  const day = await dayAt(db, "decided");
  const args = { dealing_day_id: day.dayId, terms: { swing_sub: "0", swing_red: "0" }, fills: text(fills(day)) };
  lastDay.set(args, day);
  return args;
};
const fillsOf = (args: Args): Args[] => JSON.parse(String(args.fills)) as Args[];
/** Changes the first fill (the subscription) or the second (the redemption). */
const fill =
  (which: 0 | 1, change: object) =>
  (args: Args): Args => ({
    ...args,
    fills: text(fillsOf(args).map((f, n) => (n === which ? { ...f, ...change } : f))),
  });
const refusedFill = (what: string, which: 0 | 1, change: object, code: Refusal["code"] = "EG424"): Refusal => ({
  what,
  code,
  change: fill(which, change),
});
/** Two redemptions of equal size under a cap of 50: what one gets more than the other is refused. */
const unequal = async (db: TestDatabase): Promise<Args> => {
  const day = await openDay(db);
  const second = await ordered(db, day, day.holder, { direction: "redemption", units: "200" });
  await take(db, day, "decided");
  const redemption = (flow_id: string, filled: string, carried: string, money: string) => ({
    flow_id,
    cohort: "pro_rata",
    requested_units: "200",
    filled_units: filled,
    carried_units: carried,
    gross_amount: money,
    net_amount: money,
    reason: "gate",
  });
  const [subscription] = fills(day);
  return {
    dealing_day_id: day.dayId,
    terms: {},
    fills: text([
      subscription ?? {},
      redemption(day.redemption, "25.0002", "174.9998", "2700.02"),
      redemption(second, "24.9998", "175.0002", "2699.97"),
    ]),
  };
};

export const DEALING_POSTING_CASES: RpcCase[] = [
  {
    fn: "fn_record_allocations",
    by: ENGINE,
    arrange: recording,
    check: async ([row], args, db) => {
      expect(row?.fn_record_allocations).toMatchObject({ status: "allocated", step: 7 });
      expect(
        await db.look(
          "select price, filled_units, net_amount from allocations where dealing_day_id = $1 order by filled_units",
          [args.dealing_day_id],
        ),
      ).toEqual([
        { price: "108.000000000000000000", filled_units: "50.000000000000000000", net_amount: "5400.0000" },
        { price: "108.000000000000000000", filled_units: "100.000000000000000000", net_amount: "10800.0000" },
      ]);
    },
    other: (args) => ({ ...args, terms: { swing_sub: "0.01" } }),
    audits: 1,
    events: ["ALLOCATED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "struck")),
      { what: "no list", code: "EG400", change: (a) => ({ ...a, fills: JSON.stringify({}) }) },
      { what: "a swing of a half", code: "EG400", change: (a) => ({ ...a, terms: { swing_red: "0.5" } }) },
      {
        what: "a swing that the money ignores",
        code: "EG424",
        change: (a) => ({ ...a, terms: { swing_red: "-0.01" } }),
      },
      { what: "an order left out", code: "EG400", change: (a) => ({ ...a, fills: text(fillsOf(a).slice(0, 1)) }) },
      { what: "an order twice", code: "EG400", change: (a) => ({ ...a, fills: text([...fillsOf(a), ...fillsOf(a)]) }) },
      refusedFill("an order that is not there", 0, { flow_id: NOWHERE }, "EG400"),
      refusedFill("more units than the money buys", 0, { filled_units: "100.0001" }),
      refusedFill("fewer units than the money buys", 0, { filled_units: "99.9999" }),
      refusedFill("more money than was sent", 0, { gross_amount: "10800.01", net_amount: "10800.01" }),
      refusedFill("money without units", 0, { filled_units: "0" }),
      refusedFill("another request than the order's", 1, { requested_units: "201" }),
      refusedFill("a cent more than the units are worth", 1, { gross_amount: "5400.01", net_amount: "5400.01" }),
      refusedFill("a levy that nobody pays", 1, { levy: "10.00" }),
      refusedFill("a partial fill without a reason", 1, { reason: null }),
      refusedFill("units finer than the class", 1, { filled_units: "49.99999" }),
      refusedFill("more filled and carried than asked", 1, { carried_units: "150.0001" }, "EG400"),
      refusedFill("NaN", 1, { filled_units: "NaN" }, "EG400"),
      refusedFill("less than nothing", 1, { filled_units: "-1" }, "EG400"),
      refusedFill("less than may be paid", 1, { filled_units: "49", gross_amount: "5292.00", net_amount: "5292.00" }),
      refusedFill("more admitted than asked", 1, { admitted_units: "200.0001" }),
      refusedFill("more than the cap", 1, {
        filled_units: "50.0001",
        carried_units: "149.9999",
        gross_amount: "5400.01",
        net_amount: "5400.01",
      }),
      { what: "one of a cohort treated better", code: "EG424", change: (_a, db) => unequal(db) },
      {
        what: "more than the investor holds",
        code: "EG424",
        change: async (_a, db) => {
          const day = await dayAt(db, "struck");
          await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id: day.dayId, decision: { gate: false } });
          await db.look("update holdings set units = 49 where investor_id = $1", [day.holder]);
          return { dealing_day_id: day.dayId, terms: {}, fills: text(fills(day)) };
        },
      },
    ],
  },
  {
    fn: "fn_post_dealing_day",
    by: COMMANDER,
    arrange: async (db) => ({ dealing_day_id: (await dayAt(db, "allocated")).dayId }),
    check: ([row]) => {
      expect(row?.fn_post_dealing_day).toMatchObject({
        status: "posted",
        step: 8,
        carried: 1,
        ledger_tx_id: expect.any(String),
      });
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["DEALING_DAY_POSTED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "posted")),
      {
        what: "an investor who is not cleared at this instant",
        code: "EG430",
        change: async (_a, db) => {
          const day = await dayAt(db, "allocated");
          await db.look("update investors set kyc_valid_until = now() where investor_id = $1", [day.subscriber]);
          return { dealing_day_id: day.dayId };
        },
      },
      {
        what: "orders that KYC did not look at again",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update dealing_days set rechecked_at = null where dealing_day_id = $1", [a.dealing_day_id]);
          return a;
        },
      },
      {
        what: "units that are locked up",
        code: "EG424",
        change: async (_a, db) => {
          const day = await dayAt(db, "allocated");
          await db.look("update lots set opened_on = $2::date where investor_id = $1", [day.holder, DEALING_DATE]);
          return { dealing_day_id: day.dayId };
        },
      },
      {
        what: "a cap that was lowered since",
        code: "EG424",
        change: async (a, db) => {
          await db.look(
            `update dealing_days set decision = '{"gate": true, "cap_units": "49"}' where dealing_day_id = $1`,
            [a.dealing_day_id],
          );
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_open_claims",
    by: COMMANDER,
    arrange: async (db) => ({ dealing_day_id: (await dayAt(db, "posted")).dayId }),
    check: ([row]) => {
      expect(row?.fn_open_claims).toMatchObject({ status: "claimable", step: 9 });
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["CLAIMABLE"],
    refuses: wrongDay((db) => dayAt(db, "allocated")),
  },
  {
    fn: "fn_confirm_cash",
    by: OPS,
    arrange: async (db) => {
      const day = await dayAt(db, "claimable");
      return { fund: day.fund.code, payments: payments(day) };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_confirm_cash).toMatchObject({ settled: 2, before_dealing: 0 });
      expect(
        await db.look("select d.status from dealing_days d join funds f using (fund_id) where f.code = $1", [
          args.fund,
        ]),
      ).toEqual([{ status: "settled" }]);
    },
    other: (args) => ({ ...args, payments: [(args.payments as object[])[0]] }),
    audits: 1,
    events: ["CASH_CONFIRMED", "DEALING_DAY_KNOCKED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, payments: JSON.stringify({}) }) },
      { what: "no payments", code: "EG413", change: (a) => ({ ...a, payments: text([]) }) },
      {
        what: "a payment twice",
        code: "EG400",
        change: (a) => ({ ...a, payments: [...(a.payments as object[]), ...(a.payments as object[])] }),
      },
      {
        what: "an order that is not there",
        code: "EG404",
        change: (a) => ({ ...a, payments: [{ flow_id: NOWHERE, amount: "1.00" }] }),
      },
      {
        what: "a cent too much",
        code: "EG400",
        change: (a) => ({ ...a, payments: (a.payments as Args[]).map((p) => ({ ...p, amount: "5400.01" })) }),
      },
      {
        what: "what is paid already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_confirm_cash", a);
          return a;
        },
      },
      {
        what: "a redemption before it is claimable",
        code: "EG428",
        change: async (_a, db) => {
          const day = await dayAt(db, "posted");
          return { fund: day.fund.code, payments: payments(day) };
        },
      },
    ],
  },
  {
    fn: "fn_close_dealing_day",
    by: COMMANDER,
    arrange: async (db) => ({ dealing_day_id: (await dayAt(db, "settled")).dayId }),
    check: ([row]) => {
      expect(row?.fn_close_dealing_day).toMatchObject({
        status: "closed",
        step: 12,
        day_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["DEALING_DAY_CLOSED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "claimable")),
      {
        what: "a fund whose invariants are broken",
        code: "EG424",
        change: async (_a, db) => {
          const day = await dayAt(db, "settled");
          await db.look("update holdings set units = units + 1 where investor_id = $1", [day.holder]);
          return { dealing_day_id: day.dayId };
        },
      },
    ],
  },
  {
    fn: "fn_reverse_ledger",
    by: PM_ONE,
    arrange: async (db) => {
      const day = await dayAt(db, "posted");
      const [posted] = await db.look("select ledger_tx_id from ledger_transactions where dealing_day_id = $1", [
        day.dayId,
      ]);
      return { ledger_tx_id: posted?.ledger_tx_id, reason: "dealt at a wrong price" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_reverse_ledger).toMatchObject({ reverses: args.ledger_tx_id });
      expect(
        await db.look(
          `select sum(u.units)::float as units from unit_ledger u join ledger_transactions t using (ledger_tx_id)
            where (t.ledger_tx_id = $1 or t.reverses = $1) and u.account = 'holder' group by u.investor_id`,
          [args.ledger_tx_id],
        ),
      ).toEqual([{ units: 0 }, { units: 0 }]);
    },
    other: (args) => ({ ...args, reason: "other" }),
    audits: 1,
    events: ["LEDGER_REVERSED"],
    refuses: [
      { what: "a posting that is not there", code: "EG404", change: (a) => ({ ...a, ledger_tx_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      {
        what: "one that is reversed already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_reverse_ledger", a);
          return a;
        },
      },
      {
        what: "a reversal",
        code: "EG428",
        change: async (a, db) => ({
          ...a,
          ledger_tx_id: (await db.value<{ ledger_tx_id: string }>(PM_ONE, "fn_reverse_ledger", a)).ledger_tx_id,
        }),
      },
      {
        what: "one's own posting",
        code: "EG420",
        by: OPS,
        change: async (a, db) => {
          const day = await dayAt(db, "settled");
          const [cash] = await db.look(
            "select ledger_tx_id from ledger_transactions where fund_id = $1 and kind = 'cash'",
            [day.fund.fundId],
          );
          return { ...a, ledger_tx_id: cash?.ledger_tx_id };
        },
      },
      {
        what: "an opening whose units are gone",
        code: "EG424",
        change: async (a, db) => {
          const { fund } = await dayAt(db, "posted");
          const [opening] = await db.look(
            "select ledger_tx_id from ledger_transactions where fund_id = $1 and kind = 'opening'",
            [fund.fundId],
          );
          return { ...a, ledger_tx_id: opening?.ledger_tx_id };
        },
      },
    ],
  },
  {
    fn: "fn_verify_invariants",
    by: AUDIT,
    arrange: async (db) => {
      const { fund, holder } = await dayAt(db, "posted");
      await db.look("update holdings set units = units + 1 where investor_id = $1", [holder]);
      return { fund: fund.code };
    },
    check: (rows) => {
      expect(rows.map((row) => row.invariant).sort()).toEqual(["I2", "I2", "I3"]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "a fund that is not there", code: "EG404", change: () => ({ fund: "NONE" }) }],
  },
];
