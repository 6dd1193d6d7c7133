// RPC cases: the pages of portfolio managers beside the morning. All values are synthetic.
import { expect } from "vitest";
import { type Args, PM_ONE } from "../arrange.ts";
import { type Day, dayAt } from "../dealing-day.ts";
import { pendingProposal } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

export const COCKPIT_CASES: readonly RpcCase[] = [
  {
    fn: "fn_read_exposure",
    by: PM_ONE,
    arrange: async (db) => ({ fund_id: (await pendingProposal(db)).fund.fundId }),
    check: async ([row], args, db) => {
      const page = row?.fn_read_exposure as { fund: Args; sleeves: { value: string }[]; open: Args[]; mandate: Args };
      expect(page).toMatchObject({ fund: { fund_id: args.fund_id }, open: [{ status: "pending" }] });
      const [held] = await db.look(
        "select sum(market_value)::text as value from portfolio_allocations where fund_id = $1 and superseded_at is null",
        [args.fund_id],
      );
      expect(page.sleeves.reduce((sum, { value }) => sum + Number(value), 0)).toBe(Number(held?.value));
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_dealing_page",
    by: PM_ONE,
    arrange: async (db) => {
      const { dayId } = await dayAt(db, "struck");
      return { dealing_day_id: dayId };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_read_dealing_page).toMatchObject({
        basis: "frozen",
        orders: 2,
        day: { dealing_day_id: args.dealing_day_id, status: "struck", strike: { state: "final", date: "2026-01-30" } },
        book: { nav: "108000.0000", days: [{ status: "struck" }], lots: [{ units: "1000" }] },
        fills: [],
      });
      const pageOf = async (day: Promise<Day>) => {
        const { dayId, redemption } = await day;
        const page = await db.value<{ book: { orders: Args[] } }>(PM_ONE, "fn_read_dealing_page", {
          dealing_day_id: dayId,
        });
        return { page, order: page.book.orders.find(({ flow_id }) => flow_id === redemption) };
      };
      // as it was dealt: the units that were admitted, and what each class got
      const dealt = await pageOf(dayAt(db, "closed"));
      expect(dealt).toMatchObject({
        page: { basis: "dealt", book: { lots: null }, day: { decision: { gate: true } } },
        order: { units: "200", amount: null },
      });
      expect(dealt.page).toMatchObject({
        fills: expect.arrayContaining([
          expect.objectContaining({ direction: "redemption", requested_units: "200", filled_units: "50" }),
        ]),
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "a day that is not there", code: "EG404", change: (a) => ({ ...a, dealing_day_id: NOWHERE }) }],
  },
];
