// RPC cases: what two people are asked to consent to, a cancellation after the cut-off among it, and dust.
import { expect } from "vitest";
import { agent, LP_A, OPS } from "../arrange.ts";
import { approve, dayAt, openDay } from "../dealing-day.ts";
import { COMMANDER, dust } from "../postings.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const lpUser = "userId" in LP_A ? LP_A.userId : "";

export const POSTING_CASES: RpcCase[] = [
  {
    fn: "fn_propose_posting",
    by: LP_A,
    arrange: async (db) => {
      const day = await dayAt(db, "locked", { holderUser: lpUser });
      return {
        fund: day.fund.code,
        kind: "cancellation",
        body: { flow_id: day.redemption, reason: "needed elsewhere" },
      };
    },
    check: async ([row], args, db) => {
      const made = (row?.fn_propose_posting ?? {}) as { proposal_id: string; hash: string; kind: string };
      expect(made).toMatchObject({ kind: "cancellation", hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
      // one approval is not two; with two, whoever may cancel cancels
      const { flow_id } = args.body as { flow_id: string };
      await expect(db.call(LP_A, "fn_cancel_order", { flow_id })).rejects.toMatchObject({ code: "EG428" });
      await approve(db, { proposal_id: made.proposal_id, hash: made.hash });
      expect(await db.value(LP_A, "fn_cancel_order", { flow_id })).toBe("cancelled");
    },
    other: (args) => ({ ...args, body: { ...(args.body as object), reason: "other" } }),
    audits: 1,
    events: ["POSTING_PROPOSED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "a kind that is none", code: "EG400", change: (a) => ({ ...a, kind: "gift" }) },
      {
        what: "a distribution that an investor proposes",
        code: "EG403",
        change: (a) => ({ ...a, kind: "distribution" }),
      },
      { what: "no object", code: "EG400", change: (a) => ({ ...a, body: JSON.stringify([]) }) },
      { what: "no order", code: "EG404", change: (a) => ({ ...a, body: { reason: "x" } }) },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, body: { ...(a.body as object), reason: "" } }) },
      { what: "an empty workflow id", code: "EG400", change: (a) => ({ ...a, workflow_id: "" }) },
      {
        what: "an order of somebody else",
        code: "EG404",
        change: async (a, db) => {
          const day = await dayAt(db, "locked", { subscriberUser: lpUser });
          return { ...a, fund: day.fund.code, body: { flow_id: day.redemption, reason: "not mine" } };
        },
      },
      {
        what: "an order before the cut-off",
        code: "EG428",
        change: async (a, db) => {
          const day = await openDay(db, { holderUser: lpUser });
          return { ...a, fund: day.fund.code, body: { flow_id: day.redemption, reason: "early" } };
        },
      },
      {
        what: "what is proposed already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(LP_A, "fn_propose_posting", a);
          return { ...a, body: { ...(a.body as object), reason: "again" } };
        },
      },
      {
        what: "a payment in kind of what cannot be claimed",
        code: "EG428",
        by: OPS,
        change: (a) => ({ ...a, kind: "in_kind" }),
      },
      {
        what: "a distribution of a class that is not there",
        code: "EG404",
        by: OPS,
        change: (a) => ({ ...a, kind: "distribution", body: { share_class_id: NOWHERE } }),
      },
    ],
  },
  {
    fn: "fn_ask_dust",
    by: agent("liquidity-engine"),
    arrange: async (db) => ({ flow_id: (await dust(db)).flow_id }),
    check: async ([row], args, db) => {
      expect(row?.fn_ask_dust).toBe("asked");
      expect(
        await db.look("select dust_asked_at is not null as asked from fund_flows where flow_id = $1", [args.flow_id]),
      ).toEqual([{ asked: true }]);
    },
    other: () => ({ flow_id: NOWHERE }),
    audits: 1,
    events: ["DUST_ASKED"],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: () => ({ flow_id: NOWHERE }) },
      {
        what: "an order that was never filled in part",
        code: "EG428",
        change: async (_a, db) => ({ flow_id: (await openDay(db)).redemption }),
      },
      {
        what: "a rest that is worth more than the minimum",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update fund_flows set requested_units = 186 where flow_id = $1", [a.flow_id]); // 20,088.00
          return a;
        },
      },
      {
        what: "an investor who was asked already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_ask_dust", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_cancel_dust",
    by: COMMANDER,
    arrange: async (db) => {
      const { flow_id } = await dust(db);
      await db.call(OPS, "fn_ask_dust", { flow_id });
      return { flow_id };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_cancel_dust).toBe("cancelled");
      expect(await db.look("select status from fund_flows where flow_id = $1", [args.flow_id])).toEqual([
        { status: "cancelled" },
      ]);
    },
    other: () => ({ flow_id: NOWHERE }),
    audits: 1,
    events: ["ORDER_CANCELLED"],
    refuses: [
      { what: "an order that is not there", code: "EG404", change: () => ({ flow_id: NOWHERE }) },
      {
        what: "an investor who was not asked",
        code: "EG428",
        change: async (_a, db) => ({ flow_id: (await dust(db)).flow_id }),
      },
      {
        what: "what is no longer dust, for the price has risen",
        code: "EG428",
        change: async (a, db) => {
          await db.look(
            "update share_classes set nav_per_unit = 134 where share_class_id = (select share_class_id from fund_flows where flow_id = $1)",
            [a.flow_id],
          );
          return a;
        },
      },
    ],
  },
];
