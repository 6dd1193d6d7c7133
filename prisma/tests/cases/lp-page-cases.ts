// RPC cases: an investor's own record and the windows of a class, each of the own and of nobody else. All values are synthetic.
import { expect } from "vitest";
import { type Args, LP_A, LP_B, OPS } from "../arrange.ts";
import { dayAt, dealingFund, ordered } from "../dealing-day.ts";
import { userOf } from "../populate.ts";
import type { RpcCase } from "./rpc-case.ts";

export const LP_PAGE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_read_record",
    by: LP_A,
    arrange: async (db) => {
      await dayAt(db, "posted", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
      // what must not be told: a hold of the own order
      const mine = await dealingFund(db, { holderUser: userOf(LP_A) });
      const flowId = await ordered(db, mine, mine.holder, { direction: "redemption", units: "1" });
      await db.call(OPS, "fn_hold_order", { flow_id: flowId, reason: "screening hit" });
      return {};
    },
    check: async ([row], _args, db) => {
      const page = row?.fn_read_record as { changes: Args[]; looks: Args[]; investors: Args[] };
      expect(page.changes.map(({ message }) => message)).toContain("redemption submitted");
      expect(JSON.stringify(page)).not.toContain("held");
      const own = await db.look(
        "select investor_id from investor_access where user_id = $1 and (valid_until is null or valid_until > now())",
        [userOf(LP_A)],
      );
      expect(page.investors.map(({ investor_id }) => investor_id).sort()).toEqual(
        own.map(({ investor_id }) => investor_id).sort(),
      );
      const foreign = await db.look("select flow_id::text from fund_flows where not investor_id = any ($1::uuid[])", [
        own.map(({ investor_id }) => investor_id),
      ]);
      expect(foreign.length).toBeGreaterThan(0);
      const told = new Set(page.changes.map(({ entity_id }) => entity_id));
      expect(foreign.filter(({ flow_id }) => told.has(flow_id))).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_windows",
    by: LP_A,
    arrange: async (db) => {
      const day = await dayAt(db, "posted", { holderUser: userOf(LP_A) });
      return { share_class_id: day.classId };
    },
    check: ([row]) => {
      const page = row?.fn_read_windows as {
        history: { gate: boolean; fraction: string }[];
        windows: { date: string; paid_on: string; notice_until: string }[];
      };
      // the day of the arrangement paid a quarter
      expect(page.history[0]).toMatchObject({ gate: true, fraction: "0.25" });
      expect(page.windows).toHaveLength(12);
      const dates = page.windows.map(({ date }) => date);
      expect([...dates].sort()).toEqual(dates);
      for (const { date, paid_on } of page.windows) expect(paid_on >= date).toBe(true);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a class that is nobody's of one's own", code: "EG404", by: LP_B, change: (args) => args },
      {
        what: "a class that is not there",
        code: "EG404",
        change: () => ({ share_class_id: "00000000-0000-4000-8000-000000000000" }),
      },
    ],
  },
];
