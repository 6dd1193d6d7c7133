// RPC cases: what dealing looks up beside the orders. Owners behind accounts, certain inflows, repurchase offers, notices, answers about dust, indices.
import { expect } from "vitest";
import { type Args, LP_A, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { DEALING_POLICY, dayAt, dealingFund } from "../dealing-day.ts";
import { dust } from "../postings.ts";
import { newFund, newInvestor } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

/** A date so many days from today, in UTC. */
export const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
/** The last working day up to then. */
export const workdayIn = (days: number): string => {
  const weekday = new Date(inDays(days)).getUTCDay();
  return inDays(days - (weekday === 6 ? 1 : weekday === 0 ? 2 : 0));
};
const { on: _monthly, ...daily } = DEALING_POLICY;
export const OFFERING = { ...daily, frequency: "daily", calendar: "none", offerNoticeDays: 21 };
export const OFFER_NOTICE = "The fund offers to buy back five per cent of its units (synthetic notice).";

const askedDust = async (db: TestDatabase, options: Parameters<typeof dust>[1] = {}): Promise<string> => {
  const { flow_id } = await dust(db, options);
  await db.call(OPS, "fn_ask_dust", { flow_id });
  return flow_id;
};

/** A notice that is due, as a posted day leaves it; arranged as superuser. */
const dueNotice = async (db: TestDatabase): Promise<string> => {
  const { fund, dayId, redemption } = await dayAt(db, "posted");
  const [row] = await db.look<{ notice_id: string }>(
    `insert into authority_notices (fund_id, dealing_day_id, flow_id, kind, body, event_id, created_at)
       values ($1, $2, $3, 'carried_too_long', '{}', gen_random_uuid(), now() - interval '1 hour') returning notice_id`,
    [fund.fundId, dayId, redemption],
  );
  return row?.notice_id ?? "";
};

const change = (what: string, code: "EG400" | "EG404" | "EG424" | "EG428", values: Args) => ({
  what,
  code,
  change: (a: Args) => ({ ...a, ...values }),
});

const CALL = { asset: "INFRA-1", kind: "call", amount: "500.00", paid_on: "2026-01-20", source: "synthetic" };
const DISTRIBUTION = { ...CALL, kind: "distribution", amount: "20.00" };

export const POLICY_CASES: RpcCase[] = [
  {
    fn: "fn_answer_dust",
    by: OPS,
    arrange: async (db) => ({ flow_id: await askedDust(db), answer: "give_up" }),
    check: async ([row], args, db) => {
      expect(row?.fn_answer_dust).toBe("cancelled");
      expect(
        await db.look("select status, dust_answer, reason from fund_flows where flow_id = $1", [args.flow_id]),
      ).toEqual([{ status: "cancelled", dust_answer: "give_up", reason: "the investor gives up the small rest" }]);
    },
    other: (args) => ({ ...args, answer: "keep" }),
    audits: 1,
    events: ["DUST_ANSWERED"],
    refuses: [
      change("an answer that is none", "EG400", { answer: "maybe" }),
      change("an order that is not there", "EG404", { flow_id: NOWHERE }),
      { what: "an LP about the order of somebody else", code: "EG404", by: LP_A, change: (a) => a },
      {
        what: "an order that nobody was asked about",
        code: "EG428",
        change: async (a, db) => ({ ...a, flow_id: (await dust(db)).flow_id }),
      },
      {
        what: "a second answer",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_answer_dust", { ...a, answer: "keep" });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_set_beneficial_owner",
    by: OPS,
    arrange: async (db) => ({
      investor_id: await newInvestor(db, null),
      owner_id: await newInvestor(db, null),
      effective_from: "2026-01-01",
      source: "nominee agreement, synthetic",
    }),
    check: async (_rows, args, db) => {
      expect(
        await db.look(
          "select evergreen.owner_of($1, '2025-12-31') as before, evergreen.owner_of($1, '2026-01-01') as since",
          [args.investor_id],
        ),
      ).toEqual([{ before: args.investor_id, since: args.owner_id }]);
    },
    other: (args) => ({ ...args, effective_from: "2026-02-01" }),
    audits: 1,
    events: ["BENEFICIAL_OWNER_SET"],
    refuses: [
      change("a date that is none", "EG400", { effective_from: "infinity" }),
      change("no source", "EG400", { source: "" }),
      change("an investor that is not there", "EG404", { investor_id: NOWHERE }),
      change("an owner that is not there", "EG404", { owner_id: NOWHERE }),
      {
        what: "an owner behind whom somebody else stands",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_set_beneficial_owner", {
            ...a,
            investor_id: a.owner_id,
            owner_id: await newInvestor(db, null),
          });
          return a;
        },
      },
      {
        what: "an account that is the owner of others",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_set_beneficial_owner", {
            ...a,
            investor_id: await newInvestor(db, null),
            owner_id: a.investor_id,
          });
          return a;
        },
      },
      {
        what: "a date up to which the investor has dealt",
        code: "EG428",
        change: async (a, db) => ({ ...a, investor_id: (await dayAt(db, "posted")).holder }),
      },
    ],
  },
  {
    fn: "fn_record_certain_inflows",
    by: PM_ONE,
    arrange: async (db) => ({
      fund: (await newFund(db)).code,
      amount: "1000.00",
      as_of: "2026-01-31",
      source: "loan schedule",
    }),
    check: async (_rows, args, db) => {
      expect(
        await db.look(
          `select evergreen.certain_inflows_of(f.fund_id, '2026-01-30')::text as before, evergreen.certain_inflows_of(f.fund_id, '2026-02-28')::text as fresh,
                  evergreen.certain_inflows_of(f.fund_id, '2026-12-31')::text as stale from funds f where f.code = $1`,
          [args.fund],
        ),
      ).toEqual([{ before: null, fresh: "1000.0000", stale: null }]);
    },
    other: (args) => ({ ...args, amount: "1001.00" }),
    audits: 1,
    events: ["CERTAIN_INFLOWS_RECORDED"],
    refuses: [
      change("a fund that is not there", "EG404", { fund: "NONE" }),
      ...["-1", "NaN", "Infinity", "1.001"].map((amount) => change(`${amount} of money`, "EG400", { amount })),
      change("a date of the future", "EG400", { as_of: "2999-01-01" }),
      change("no source", "EG400", { source: "" }),
    ],
  },
  {
    fn: "fn_open_repurchase_offer",
    by: PM_ONE,
    arrange: async (db) => ({
      fund: (await dealingFund(db, { policy: OFFERING })).fund.code,
      deadline: inDays(25),
      pricing_date: workdayIn(35),
      share: "0.05",
      notice: OFFER_NOTICE,
    }),
    check: async ([row], args, db) => {
      expect(
        await db.look(
          `select o.deadline::text, o.pricing_date::text, trim_scale(o.share)::text as share, (select count(*)::int from event_investors i where i.event_id = o.event_id) as told
             from repurchase_offers o where o.offer_id = $1`,
          [row?.fn_open_repurchase_offer],
        ),
      ).toEqual([{ deadline: args.deadline, pricing_date: args.pricing_date, share: "0.05", told: 1 }]);
    },
    other: (args) => ({ ...args, share: "0.1" }),
    audits: 1,
    events: ["REPURCHASE_OFFER_OPENED"],
    refuses: [
      change("a fund that is not there", "EG404", { fund: "NONE" }),
      change("a notice of no words", "EG400", { notice: "soon" }),
      change("a deadline that is none", "EG400", { deadline: "infinity" }),
      ...["0.0499", "0.2501", "NaN"].map((share) => change(`a share of ${share}`, "EG424", { share })),
      change("holders told too late", "EG424", { deadline: inDays(20), pricing_date: workdayIn(30) }),
      change("holders told too early", "EG424", { deadline: inDays(44), pricing_date: workdayIn(54) }),
      change("a price too long after the deadline", "EG424", { pricing_date: inDays(40) }),
      change("a price before the deadline", "EG424", { pricing_date: inDays(24) }),
      change("a deadline later than the notice of the class", "EG424", { pricing_date: workdayIn(26) }),
      {
        what: "a date on which the class does not deal",
        code: "EG400",
        change: async (a, db) => {
          const weekday = new Date(String(a.pricing_date)).getUTCDay() === 2 ? 3 : 2;
          const policy = { ...OFFERING, frequency: "weekly", on: { weekday }, calendar: "none" };
          return { ...a, fund: (await dealingFund(db, { policy })).fund.code };
        },
      },
      {
        what: "a fund whose classes deal without offers",
        code: "EG428",
        change: async (a, db) => ({ ...a, fund: (await dealingFund(db)).fund.code }),
      },
      {
        what: "a second offer of that date",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_open_repurchase_offer", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_note_notice",
    by: OPS,
    arrange: async (db) => ({ notice_id: await dueNotice(db) }),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select notified_at is not null as told from authority_notices where notice_id = $1", [
          args.notice_id,
        ]),
      ).toEqual([{ told: true }]);
    },
    other: (args) => ({ ...args, notified_at: "2026-01-01T00:00:00Z" }),
    audits: 1,
    events: ["AUTHORITY_NOTICE_GIVEN"],
    refuses: [
      change("a notice that is not there", "EG404", { notice_id: NOWHERE }),
      change("a time before it was due", "EG400", { notified_at: "2020-01-01T00:00:00Z" }),
      change("a time of the future", "EG400", { notified_at: "2999-01-01T00:00:00Z" }),
      {
        what: "an authority that was told already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_note_notice", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_record_index_values",
    by: OPS,
    arrange: async () => ({
      index_values: JSON.stringify([
        { series: "SYN Index", as_of: "2026-01-30", value: "100", source: "synthetic" },
        { series: "SYN Index", as_of: "2026-01-30", value: "101.5", source: "synthetic, corrected" },
      ]),
    }),
    check: async ([row], _args, db) => {
      expect(row?.fn_record_index_values).toBe(2);
      expect(
        await db.look("select value::text from market_data where series = 'SYN Index' order by value limit 2"),
      ).toHaveLength(2);
    },
    other: () => ({
      index_values: JSON.stringify([{ series: "SYN Index", as_of: "2026-01-30", value: "99", source: "s" }]),
    }),
    audits: 1,
    events: ["INDEX_VALUES_RECORDED"],
    refuses: [
      change("no list", "EG400", { index_values: JSON.stringify({}) }),
      { what: "no values", code: "EG413", change: () => ({ index_values: JSON.stringify([]) }) },
      ...[
        { series: "" },
        { as_of: "2999-01-01" },
        { value: "0" },
        { value: "NaN" },
        { value: "-1" },
        { source: "" },
      ].map((bad) =>
        change(`a value with ${JSON.stringify(bad)}`, "EG400", {
          index_values: JSON.stringify([{ series: "S", as_of: "2026-01-30", value: "1", source: "s", ...bad }]),
        }),
      ),
    ],
  },
  {
    fn: "fn_record_asset_payments",
    by: OPS,
    arrange: async (db) => ({ fund: (await newFund(db)).code, payments: JSON.stringify([CALL, DISTRIBUTION]) }),
    check: async ([row], args, db) => {
      expect(row?.fn_record_asset_payments).toBe(2);
      expect(
        await db.look(
          "select p.kind, p.amount::text from asset_payments p join funds f using (fund_id) where f.code = $1 order by p.kind",
          [args.fund],
        ),
      ).toEqual([
        { kind: "call", amount: "500.0000" },
        { kind: "distribution", amount: "20.0000" },
      ]);
    },
    other: (args) => ({ ...args, payments: JSON.stringify([CALL]) }),
    audits: 1,
    events: ["ASSET_PAYMENTS_RECORDED"],
    refuses: [
      change("a fund that is not there", "EG404", { fund: "NONE" }),
      change("no list", "EG400", { payments: JSON.stringify({}) }),
      { what: "no payments", code: "EG413", change: (a) => ({ ...a, payments: JSON.stringify([]) }) },
      change("an asset that is not there", "EG404", { payments: JSON.stringify([{ ...CALL, asset: "NONE" }]) }),
      ...[
        { kind: "fee" },
        { amount: "0" },
        { amount: "NaN" },
        { amount: "-1" },
        { amount: "0.001" },
        { paid_on: "2999-01-01" },
        { source: "" },
        { asset: "CASH" },
      ].map((bad) =>
        change(`a payment with ${JSON.stringify(bad)}`, "EG400", { payments: JSON.stringify([{ ...CALL, ...bad }]) }),
      ),
    ],
  },
  {
    fn: "fn_set_roll_forward",
    by: PM_ONE,
    arrange: async (db) => ({
      fund: (await newFund(db)).code,
      asset: "INFRA-1",
      series: "SYN Index",
      beta: "1.2",
      after_days: 30,
      effective_from: "2026-01-01",
    }),
    check: async (_rows, args, db) => {
      expect(
        await db.look(
          `select evergreen.roll_forward_of(a.id, '2026-01-01', '2026-01-31') as young, evergreen.roll_forward_of(a.id, '2025-12-31', '2026-01-31') ->> 'beta' as beta,
                  evergreen.roll_forward_of(a.id, '2025-01-01', '2025-12-31') as before
             from assets a join funds f using (fund_id) where f.code = $1 and a.external_key = 'INFRA-1'`,
          [args.fund],
        ),
      ).toEqual([{ young: null, beta: "1.2", before: null }]);
    },
    other: (args) => ({ ...args, beta: "1" }),
    audits: 1,
    events: ["ROLL_FORWARD_SET"],
    refuses: [
      change("a fund that is not there", "EG404", { fund: "NONE" }),
      change("an asset that is not there", "EG404", { asset: "NONE" }),
      change("an index without a beta", "EG400", { beta: null }),
      ...["NaN", "11", "-11"].map((beta) => change(`a beta of ${beta}`, "EG400", { beta })),
      change("an age below zero", "EG400", { after_days: -1 }),
      change("an index without a name", "EG400", { series: "" }),
      change("a date that is none", "EG400", { effective_from: "infinity" }),
      change("a balance of cash", "EG428", { asset: "CASH" }),
    ],
  },
];

/** Refusals of orders that name lots or need an offer; joined to the case of fn_place_order. */
export const NAMED_LOT_REFUSALS: RpcCase["refuses"] = [
  ...(
    [
      ["lots of a subscription", "EG400", { direction: "subscription", units: null, amount: "5000.00" }],
      ["a lot that is named twice", "EG400", { twice: true }],
      ["no lot at all", "EG400", { none: true }],
      ["a lot of somebody else", "EG404", { foreign: true }],
      ["more than the lots have", "EG430", { units: "1000.0001" }],
    ] as const
  ).map(([what, code, how]) => ({
    what,
    code,
    change: async (_a: Args, db: TestDatabase) => {
      const { userId } = LP_A as { userId: string };
      const on = await dealingFund(db, { holderUser: userId });
      const [lot] = await db.look<{ lot_id: string }>("select lot_id from lots where investor_id = $1", [on.holder]);
      const { twice, none, foreign, ...rest } = how as { twice?: boolean; none?: boolean; foreign?: boolean };
      const own = lot?.lot_id ?? "";
      return {
        fund: on.fund.code,
        investor_id: on.holder,
        direction: "redemption",
        units: "10",
        share_class: "A",
        elected_lots: none ? [] : twice ? [own, own] : [foreign ? NOWHERE : own],
        ...rest,
      };
    },
  })),
  {
    what: "a redemption of an interval fund without an offer",
    code: "EG430",
    change: async (_a, db) => {
      const { userId } = LP_A as { userId: string };
      const on = await dealingFund(db, { holderUser: userId, policy: OFFERING });
      return { fund: on.fund.code, investor_id: on.holder, direction: "redemption", units: "10", share_class: "A" };
    },
  },
];
