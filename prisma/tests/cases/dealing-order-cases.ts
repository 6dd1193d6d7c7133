// RPC cases: orders of a class. What is refused beside the cases of fn_place_order in investor-cases; cancel, hold, release, prove.
import { expect } from "vitest";
import { type Args, agent, LP_A, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { accept, type DealingFund, dayAt, dealingFund, openDay, ordered, place } from "../dealing-day.ts";
import { consented, proposedPosting } from "../postings.ts";
import { newInvestor } from "../synthetic-fund.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const lpUser = "userId" in LP_A ? LP_A.userId : "";
const onClass = async (db: TestDatabase, change: Args = {}): Promise<[Args, DealingFund]> => {
  const on = await dealingFund(db, { holderUser: lpUser });
  const args = { fund: on.fund.code, investor_id: on.holder, direction: "redemption", units: "10", share_class: "A" };
  return [{ ...args, ...change }, on];
};
const redeeming = (what: string, code: Refusal["code"], change: Args): Refusal => ({
  what,
  code,
  change: async (_a, db) => (await onClass(db, change))[0],
});

/** Refusals of an order that names a class; joined to the case of fn_place_order. */
export const CLASS_ORDER_REFUSALS: Refusal[] = [
  redeeming("both money and units", "EG400", { amount: "10.00" }),
  redeeming("units finer than the class", "EG400", { units: "1.00001" }),
  redeeming("NaN units", "EG400", { units: "NaN" }),
  redeeming("a subscription in units", "EG400", { direction: "subscription" }),
  redeeming("a kind that is none", "EG400", { order_kind: "gift" }),
  redeeming("a class that is not there", "EG404", { share_class: "Z" }),
  redeeming("more than is held", "EG430", { units: "1000.0001" }),
  redeeming("less than the minimum redemption in money", "EG430", { units: null, amount: "49.99" }),
  redeeming("a dealing date that is none", "EG400", { dealing_date: "infinity" }),
  redeeming("a date on which the class does not deal", "EG400", { dealing_date: "2027-01-31" }),
  redeeming("a switch into the same class", "EG404", { order_kind: "switch", to_class: "A" }),
  redeeming("a transfer that an LP enters", "EG403", { order_kind: "transfer", to_investor: NOWHERE }),
  redeeming("a time of receipt outside a demo", "EG403", { received_at: "2026-01-01T10:00:00Z" }),
  {
    what: "an order of a class of a suspended fund",
    code: "EG428",
    change: async (_a, db) => {
      const [args, { fund }] = await onClass(db);
      await db.look("update funds set status = 'suspended' where fund_id = $1", [fund.fundId]);
      return args;
    },
  },
  {
    what: "a second order that would exceed the holding",
    code: "EG430",
    change: async (_a, db) => {
      const [args, on] = await onClass(db, { units: "600" });
      await place(db, on, on.holder, { direction: "redemption", units: "600" });
      return args;
    },
  },
  {
    what: "units that are locked up",
    code: "EG430",
    change: async (_a, db) => {
      const [args, { holder }] = await onClass(db);
      await db.look("update lots set opened_on = current_date - 1 where investor_id = $1", [holder]);
      return args;
    },
  },
  {
    what: "a rest below the minimum holding",
    code: "EG430",
    change: async (_a, db) => {
      const [args, { classId }] = await onClass(db, { units: "996" });
      await db.look("update share_classes set nav_per_unit = 100 where share_class_id = $1", [classId]);
      return args;
    },
  },
  {
    what: "a redemption in money of a class by series",
    code: "EG428",
    change: async (_a, db) => {
      const [args, { classId }] = await onClass(db, { units: null, amount: "100.00" });
      await db.call(PM_ONE, "fn_set_dealing_policy", {
        share_class_id: classId,
        body: { cutOff: "12:00", fees: { performance: { rate: "0.2", method: "series" } } },
        effective_from: "2020-01-01",
      });
      return args;
    },
  },
  {
    what: "a first subscription below the minimum",
    code: "EG430",
    change: async (a, db) => {
      const on = await dealingFund(db);
      return { ...a, fund: on.fund.code, share_class: "A", amount: "999.99" };
    },
  },
  {
    what: "a class without a policy",
    code: "EG428",
    change: async (_a, db) => {
      const [args, { fund }] = await onClass(db, { share_class: "B", direction: "subscription", units: null });
      await db.call(PM_ONE, "fn_open_class", { fund: fund.code, code: "B", name: "B", issue_price: "1" });
      return { ...args, amount: "5000.00" };
    },
  },
];

const mine = async (db: TestDatabase) => {
  const on = await dealingFund(db, { holderUser: lpUser });
  return { on, flow_id: await ordered(db, on, on.holder, { direction: "redemption", units: "10" }) };
};
const statusOf = async (db: TestDatabase, flowId: unknown) =>
  (await db.look("select status from fund_flows where flow_id = $1", [flowId]))[0]?.status;

export const DEALING_ORDER_CASES: RpcCase[] = [
  {
    fn: "fn_cancel_order",
    by: LP_A,
    arrange: async (db) => ({ flow_id: (await mine(db)).flow_id, reason: "changed my mind" }),
    check: async ([row], args, db) => {
      expect(row?.fn_cancel_order).toBe("cancelled");
      expect(await statusOf(db, args.flow_id)).toBe("cancelled");
    },
    other: (args) => ({ ...args, reason: "other" }),
    audits: 1,
    events: ["ORDER_CANCELLED"],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: (a) => ({ ...a, flow_id: NOWHERE }) },
      { what: "an empty reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      {
        what: "an order of somebody else",
        code: "EG404",
        change: async (a, db) => {
          const on = await dealingFund(db);
          return { ...a, flow_id: await ordered(db, on, on.holder, { direction: "redemption", units: "1" }) };
        },
      },
      {
        what: "an LP after the cut-off",
        code: "EG428",
        change: async (a, db) => ({ ...a, flow_id: (await dayAt(db, "locked", { holderUser: lpUser })).redemption }),
      },
      {
        what: "anybody once it is priced",
        code: "EG428",
        by: PM_ONE,
        change: async (a, db) => ({ ...a, flow_id: (await dayAt(db, "struck")).redemption }),
      },
      {
        what: "after the cut-off with one consent of two",
        code: "EG428",
        by: PM_ONE,
        change: async (a, db) => {
          const { fund, redemption } = await dayAt(db, "locked");
          const made = await proposedPosting(db, fund, "cancellation", { flow_id: redemption, reason: "asked for" });
          await db.call(PM_ONE, "fn_decide_proposal", { ...made, decision: "approved" });
          return { ...a, flow_id: redemption };
        },
      },
      {
        what: "after the cut-off with the consent to another's",
        code: "EG428",
        by: OPS,
        change: async (a, db) => {
          const { fund, redemption, subscription } = await dayAt(db, "locked");
          await consented(db, fund, "cancellation", { flow_id: subscription, reason: "asked for" });
          return { ...a, flow_id: redemption };
        },
      },
      {
        what: "an order whose money has arrived",
        code: "EG428",
        by: OPS,
        change: async (a, db) => {
          const day = await openDay(db);
          await db.call(OPS, "fn_confirm_cash", {
            fund: day.fund.code,
            payments: [{ flow_id: day.subscription, amount: "10800.00" }],
          });
          return { ...a, flow_id: day.subscription };
        },
      },
    ],
  },
  {
    fn: "fn_hold_order",
    by: OPS,
    arrange: async (db) => ({ flow_id: (await mine(db)).flow_id, reason: "screening hit" }),
    check: async ([row], args, db) => {
      expect(row?.fn_hold_order).toBe("kyc_hold");
      expect(await statusOf(db, args.flow_id)).toBe("kyc_hold");
    },
    other: (args) => ({ ...args, reason: "other" }),
    audits: 1,
    events: ["ORDER_HELD"],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: (a) => ({ ...a, flow_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: null }) },
      { what: "a document without a name", code: "EG400", change: (a) => ({ ...a, document: "" }) },
      {
        what: "an order that is cancelled",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_cancel_order", { flow_id: a.flow_id });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_release_hold",
    by: OPS,
    arrange: async (db) => {
      const { flow_id } = await mine(db);
      await db.call(agent("kyc"), "fn_hold_order", { flow_id, reason: "screening hit" });
      return { flow_id, reason: "false positive", document: "screening report 12" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_release_hold).toBe("accepted");
      expect(await statusOf(db, args.flow_id)).toBe("accepted");
      const [last] = await db.look(
        "select reason, document from order_transitions where flow_id = $1 and to_status = 'accepted' and from_status = 'kyc_hold'",
        [args.flow_id],
      );
      expect(last).toEqual({ reason: "false positive", document: "screening report 12" });
    },
    other: (args) => ({ ...args, reason: "other" }),
    audits: 1,
    events: ["ORDER_RELEASED"],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: (a) => ({ ...a, flow_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "no document", code: "EG400", change: (a) => ({ ...a, document: null }) },
      {
        what: "an order that is not held",
        code: "EG428",
        change: async (a, db) => ({ ...a, flow_id: (await mine(db)).flow_id }),
      },
      {
        what: "an investor who is not cleared",
        code: "EG430",
        change: async (a, db) => {
          await db.look(
            "update investors set kyc_status = 'expired' where investor_id = (select investor_id from fund_flows where flow_id = $1)",
            [a.flow_id],
          );
          return a;
        },
      },
      {
        what: "a transfer to who is not cleared",
        code: "EG430",
        change: async (a, db) => {
          const on = await dealingFund(db);
          const to_investor = await newInvestor(db, null, "expired");
          const flow_id = await place(db, on, on.holder, {
            direction: "redemption",
            units: "5",
            order_kind: "transfer",
            to_investor,
          });
          await accept(db, flow_id);
          await db.call(OPS, "fn_hold_order", { flow_id, reason: "papers" });
          return { ...a, flow_id };
        },
      },
    ],
  },
  {
    fn: "fn_prove_order",
    by: LP_A,
    arrange: async (db) => ({ flow_id: (await dayAt(db, "locked", { holderUser: lpUser })).redemption }),
    check: ([row]) => {
      const proof = row?.fn_prove_order as { root: string; order_root: string; path: unknown[] };
      expect(proof.root).toBe(proof.order_root);
      expect(proof.path).toHaveLength(1);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: () => ({ flow_id: NOWHERE }) },
      {
        what: "an order of somebody else",
        code: "EG404",
        change: async (_a, db) => ({ flow_id: (await dayAt(db, "locked")).redemption }),
      },
      {
        what: "an order in no book",
        code: "EG428",
        change: async (_a, db) => ({ flow_id: (await mine(db)).flow_id }),
      },
    ],
  },
];
