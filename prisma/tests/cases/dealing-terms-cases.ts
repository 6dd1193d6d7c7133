// RPC cases: terms of dealing. Classes, their register, calendars, dealing policies and liquidity tools.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { approve, DEALING_POLICY, dealingFund, LMT_POLICY } from "../dealing-day.ts";
import { newFund, newInvestor } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const NOTICE = "Dealing in the fund is restricted until further notice (synthetic draft).";
const openClass = async (db: TestDatabase): Promise<string> =>
  db.value(PM_ONE, "fn_open_class", { fund: (await newFund(db)).code, code: "B", name: "B", issue_price: "10" });

const proposedLmt = async (db: TestDatabase, tool = "suspension", more: Args = {}) => {
  const { fund } = await dealingFund(db);
  const made = await db.value<{ activation_id: string; proposal_id: string; hash: string }>(
    agent("liquidity-engine"),
    "fn_propose_lmt",
    { fund: fund.code, tool, trigger: { redemptions: "0.3", ...more }, notice: NOTICE },
  );
  return { fund, ...made };
};
const approvedLmt = async (db: TestDatabase) => {
  const { activation_id, proposal_id, hash } = await proposedLmt(db);
  await approve(db, { proposal_id, hash });
  return activation_id;
};

export const DEALING_TERMS_CASES: RpcCase[] = [
  {
    fn: "fn_open_class",
    by: PM_ONE,
    arrange: async (db) => ({ fund: (await newFund(db)).code, code: "I", name: "Institutional", issue_price: "100.5" }),
    check: async ([row], _args, db) => {
      expect(
        await db.look(
          "select code, currency, units_dp, price_dp, issue_price, units_outstanding from share_classes where share_class_id = $1",
          [row?.fn_open_class],
        ),
      ).toEqual([
        {
          code: "I",
          currency: "USD",
          units_dp: 4,
          price_dp: 4,
          issue_price: "100.500000000000000000",
          units_outstanding: "0.000000000000000000",
        },
      ]);
    },
    other: (args) => ({ ...args, issue_price: "101" }),
    audits: 1,
    events: ["CLASS_OPENED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "a code in small letters", code: "EG400", change: (a) => ({ ...a, code: "small" }) },
      { what: "too many decimals", code: "EG400", change: (a) => ({ ...a, units_dp: 9 }) },
      { what: "no price", code: "EG400", change: (a) => ({ ...a, issue_price: "0" }) },
      { what: "NaN for a price", code: "EG400", change: (a) => ({ ...a, issue_price: "NaN" }) },
      { what: "a price finer than its decimals", code: "EG400", change: (a) => ({ ...a, issue_price: "1.00001" }) },
      {
        what: "a class that is there",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_open_class", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_open_register",
    by: OPS,
    arrange: async (db) => ({
      share_class_id: await openClass(db),
      positions: [{ investor_id: await newInvestor(db, null), units: "12.5", opened_on: "2025-06-30", price: "10" }],
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_open_register).toMatchObject({ positions: 1 });
      expect(
        await db.look(
          `select l.units_left, l.opened_on::text, h.units, c.units_outstanding from lots l join holdings h using (share_class_id, investor_id)
             join share_classes c using (share_class_id) where share_class_id = $1`,
          [args.share_class_id],
        ),
      ).toEqual([
        {
          units_left: "12.500000000000000000",
          opened_on: "2025-06-30",
          units: "12.500000000000000000",
          units_outstanding: "12.500000000000000000",
        },
      ]);
    },
    other: (args) => ({ ...args, positions: [] }),
    audits: 1,
    events: ["REGISTER_OPENED"],
    refuses: [
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class_id: NOWHERE }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, positions: JSON.stringify({}) }) },
      { what: "no positions", code: "EG413", change: (a) => ({ ...a, positions: JSON.stringify([]) }) },
      { what: "a mark of nothing", code: "EG400", change: (a) => ({ ...a, high_water: "0" }) },
      ...(["NaN", "0", "-1", "1.00001"] as const).map((units) => ({
        what: `${units} units`,
        code: "EG400" as const,
        change: (a: Record<string, unknown>) => ({
          ...a,
          positions: (a.positions as object[]).map((p) => ({ ...p, units })),
        }),
      })),
      {
        what: "an investor that is not there",
        code: "EG400",
        change: (a) => ({ ...a, positions: (a.positions as object[]).map((p) => ({ ...p, investor_id: NOWHERE })) }),
      },
      {
        what: "a lot of the future",
        code: "EG400",
        change: (a) => ({ ...a, positions: (a.positions as object[]).map((p) => ({ ...p, opened_on: "2999-01-01" })) }),
      },
      {
        what: "a register that is open already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_open_register", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_set_holidays",
    by: OPS,
    arrange: async () => ({ calendar: "LU", holidays: [{ date: "2026-05-01", name: "Labour Day" }] }),
    check: async ([row], _args, db) => {
      expect(row?.fn_set_holidays).toBe(1);
      const days = ["2026-05-01", "2026-05-02", "2026-05-04"];
      expect(
        await db.look("select d::text, evergreen.is_business_day('LU', d) as open from unnest($1::date[]) d", [days]),
      ).toEqual(days.map((d) => ({ d, open: d === "2026-05-04" })));
    },
    other: (args) => ({ ...args, calendar: "BE" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "the calendar none", code: "EG400", change: (a) => ({ ...a, calendar: "none" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, holidays: JSON.stringify("x") }) },
      { what: "an empty list", code: "EG413", change: (a) => ({ ...a, holidays: JSON.stringify([]) }) },
      { what: "a day without a name", code: "EG400", change: (a) => ({ ...a, holidays: [{ date: "2026-05-01" }] }) },
      { what: "no day", code: "EG400", change: (a) => ({ ...a, holidays: [{ date: "soon", name: "x" }] }) },
    ],
  },
  {
    fn: "fn_set_dealing_policy",
    by: PM_ONE,
    arrange: async (db) => ({
      share_class_id: await openClass(db),
      body: DEALING_POLICY,
      effective_from: "2026-01-01",
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_set_dealing_policy).toMatchObject({ version: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(
        await db.look(
          `select (evergreen.dealing_policy($1, '2025-12-31')).policy_id as before, (evergreen.dealing_policy($1, '2026-01-01')).version as on_it`,
          [args.share_class_id],
        ),
      ).toEqual([{ before: null, on_it: 1 }]);
    },
    other: (args) => ({ ...args, effective_from: "2026-02-01" }),
    audits: 1,
    events: ["POLICY_SET"],
    refuses: [
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class_id: NOWHERE }) },
      ...(
        [
          ["no object", JSON.stringify([])],
          ["a cut-off that is no time", { ...DEALING_POLICY, cutOff: "25:00" }],
          ["a zone that is none", { ...DEALING_POLICY, timeZone: "Mars/Olympus" }],
          ["a pricing that is none", { ...DEALING_POLICY, pricing: "backward" }],
          ["a price of before the cut-off", { ...DEALING_POLICY, pricing: "prior_nav" }],
          ["notice of years", { ...DEALING_POLICY, notice: { redemption: { n: 500, basis: "calendar" } } }],
          ["a basis that is none", { ...DEALING_POLICY, notice: { subscription: { n: 1, basis: "lunar" } } }],
          ["a lock-up below zero", { ...DEALING_POLICY, lockUp: { hardMonths: -1 } }],
          ["NaN for a minimum", { ...DEALING_POLICY, minimums: { initial: "NaN" } }],
          ["other decimals than the class's", { ...DEALING_POLICY, units_dp: 2 }],
        ] as const
      ).map(([what, body]) => ({
        what,
        code: "EG400" as const,
        change: (a: Record<string, unknown>) => ({ ...a, body }),
      })),
      { what: "no date", code: "EG400", change: (a) => ({ ...a, effective_from: "infinity" }) },
    ],
  },
  {
    fn: "fn_set_lmt_policy",
    by: PM_ONE,
    arrange: async (db) => ({
      fund: (await newFund(db)).code,
      pack: "eltif",
      body: LMT_POLICY,
      effective_from: "2026-01-01",
    }),
    check: ([row]) => {
      expect(row?.fn_set_lmt_policy).toMatchObject({ version: 1 });
    },
    other: (args) => ({ ...args, pack: "ltaf" }),
    audits: 1,
    events: ["POLICY_SET"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "one tool", code: "EG424", change: (a) => ({ ...a, body: { tools: ["redemption_gate"] } }) },
      {
        what: "one tool twice",
        code: "EG424",
        change: (a) => ({ ...a, body: { tools: ["redemption_gate", "redemption_gate"] } }),
      },
      {
        what: "swing with dual pricing alone",
        code: "EG424",
        change: (a) => ({ ...a, body: { tools: ["swing_pricing", "dual_pricing"] } }),
      },
      {
        what: "a tool that is none",
        code: "EG400",
        change: (a) => ({ ...a, body: { tools: ["redemption_gate", "prayer"] } }),
      },
      { what: "no tools", code: "EG400", change: (a) => ({ ...a, body: {} }) },
      { what: "no pack", code: "EG400", change: (a) => ({ ...a, pack: "" }) },
      { what: "a carry that is none", code: "EG400", change: (a) => ({ ...a, body: { ...LMT_POLICY, carry: "x" } }) },
    ],
  },
  {
    fn: "fn_propose_lmt",
    by: agent("liquidity-engine"),
    arrange: async (db) => ({
      fund: (await dealingFund(db)).fund.code,
      tool: "redemption_gate",
      trigger: { redemptions: "0.12" },
      notice: NOTICE,
    }),
    check: async ([row], _args, db) => {
      const made = row?.fn_propose_lmt as { activation_id: string; proposal_id: string };
      expect(
        await db.look(
          `select a.status, p.status as proposal, p.kind, p.approvals_needed from lmt_activations a join proposals p using (proposal_id) where a.activation_id = $1`,
          [made.activation_id],
        ),
      ).toEqual([{ status: "proposed", proposal: "pending", kind: "lmt", approvals_needed: 2 }]);
    },
    other: (args) => ({ ...args, notice: `${NOTICE} Changed.` }),
    audits: 1,
    events: ["LMT_PROPOSED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "a tool that is not selected", code: "EG428", change: (a) => ({ ...a, tool: "swing_pricing" }) },
      { what: "no facts", code: "EG400", change: (a) => ({ ...a, trigger: JSON.stringify([]) }) },
      { what: "a notice of one word", code: "EG400", change: (a) => ({ ...a, notice: "Gate." }) },
      { what: "a side pocket of nothing", code: "EG400", change: (a) => ({ ...a, tool: "side_pocket" }) },
      {
        what: "an extension by no time",
        code: "EG400",
        change: (a) => ({ ...a, tool: "notice_extension", trigger: { notice: { n: 0, basis: "calendar" } } }),
      },
      { what: "an empty workflow id", code: "EG400", change: (a) => ({ ...a, workflow_id: "" }) },
      {
        what: "what is proposed already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_propose_lmt", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_activate_lmt",
    by: agent("commander"),
    arrange: async (db) => ({ activation_id: await approvedLmt(db) }),
    check: async ([row], args, db) => {
      expect(row?.fn_activate_lmt).toMatchObject({ tool: "suspension", status: "active" });
      expect(
        await db.look(
          "select f.status from funds f join lmt_activations a using (fund_id) where a.activation_id = $1",
          [args.activation_id],
        ),
      ).toEqual([{ status: "suspended" }]);
    },
    other: () => ({ activation_id: NOWHERE }),
    audits: 1,
    events: ["LMT_ACTIVATED"],
    refuses: [
      {
        what: "a side pocket of which the authority was not told",
        code: "EG428",
        change: async (_a, db) => {
          const { activation_id, proposal_id, hash } = await proposedLmt(db, "side_pocket", { assets: [] });
          await approve(db, { proposal_id, hash });
          return { activation_id };
        },
      },
      { what: "an activation that is not there", code: "EG404", change: () => ({ activation_id: NOWHERE }) },
      {
        what: "one that nobody approved",
        code: "EG428",
        change: async (_a, db) => ({ activation_id: (await proposedLmt(db)).activation_id }),
      },
      {
        what: "one that one person approved",
        code: "EG428",
        change: async (_a, db) => {
          const { activation_id, proposal_id, hash } = await proposedLmt(db);
          await db.call(PM_TWO, "fn_decide_proposal", { proposal_id, hash, decision: "approved" });
          return { activation_id };
        },
      },
      {
        what: "one whose approvals are not two",
        code: "EG420",
        change: async (_a, db) => {
          const { activation_id, proposal_id } = await proposedLmt(db);
          await db.look("update proposals set status = 'approved' where proposal_id = $1", [proposal_id]);
          return { activation_id };
        },
      },
      {
        what: "a notice that was changed since",
        code: "EG421",
        change: async (a, db) => {
          await db.look("update lmt_activations set notice = notice || '!' where activation_id = $1", [
            a.activation_id,
          ]);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_end_lmt",
    by: PM_ONE,
    arrange: async (db) => {
      const activation_id = await approvedLmt(db);
      await db.call(PM_ONE, "fn_activate_lmt", { activation_id });
      return { activation_id, reason: "liquidity restored" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_end_lmt).toMatchObject({ status: "ended" });
      expect(
        await db.look(
          "select f.status from funds f join lmt_activations a using (fund_id) where a.activation_id = $1",
          [args.activation_id],
        ),
      ).toEqual([{ status: "active" }]);
    },
    other: (args) => ({ ...args, reason: "other" }),
    audits: 1,
    events: ["LMT_ENDED"],
    refuses: [
      { what: "an activation that is not there", code: "EG404", change: (a) => ({ ...a, activation_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      {
        what: "one that is not active",
        code: "EG428",
        change: async (a, db) => ({ ...a, activation_id: await approvedLmt(db) }),
      },
    ],
  },
];
