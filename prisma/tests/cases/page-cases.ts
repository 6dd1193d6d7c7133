// RPC cases: the pages of the dashboard, each read under the policies of whoever asks. All values are synthetic.
import { expect } from "vitest";
import { type Args, LP_A, PM_ONE, type TestDatabase } from "../arrange.ts";
import { dayAt } from "../dealing-day.ts";
import { pendingProposal } from "../synthetic-fund.ts";
import type { RpcCase } from "./rpc-case.ts";

const userOf = (actor: typeof LP_A): string | null => ("userId" in actor ? actor.userId : null);

/** What the 30-day cover is by the function that decides on proposals. */
const coverOf = async (db: TestDatabase, fundId: unknown): Promise<Args | undefined> =>
  (await db.look("select assets::text, liabilities::text from evergreen.thirty_day_cover($1, null)", [fundId]))[0];

export const PAGE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_read_morning",
    by: PM_ONE,
    arrange: async (db) => {
      const { fund } = await pendingProposal(db);
      return { fund_id: fund.fundId };
    },
    check: async ([row], args, db) => {
      const page = row?.fn_read_morning as {
        fund: Args;
        waiting: Args[];
        ladder: { rungs: { bucket: string; assets_up_to: string; due_up_to: string }[] };
      };
      expect(page.fund.fund_id).toBe(args.fund_id);
      // PM_ONE asked for it, and whoever asks does not decide
      expect(page.waiting).toMatchObject([{ kind: "rebalancing", approvals: 0, mine: false }]);
      const thirty = page.ladder.rungs.find(({ bucket }) => bucket === "30d");
      const cover = await coverOf(db, args.fund_id);
      expect([thirty?.assets_up_to, thirty?.due_up_to]).toEqual([cover?.assets, cover?.liabilities]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_home",
    by: LP_A,
    arrange: async (db) => {
      await dayAt(db, "posted", { holderUser: userOf(LP_A) });
      return {};
    },
    check: ([row]) => {
      const page = row?.fn_read_home as { holdings: Args[]; orders: Args[]; totals: Args[] };
      // 950 units of 108 after a redemption of 50; whatever else LP_A holds belongs to other cases
      expect(page.holdings).toContainEqual(
        expect.objectContaining({ units: "950.000000000000000000", worth: "102600.00", currency: "USD" }),
      );
      expect(page.orders).toContainEqual(
        expect.objectContaining({ direction: "redemption", filled_units: "50.000000000000000000" }),
      );
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
