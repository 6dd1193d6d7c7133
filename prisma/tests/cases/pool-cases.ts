// RPC cases: pools in which units are exchanged on a chain, and what was executed in them.
import { expect } from "vitest";
import { PM_ONE } from "../arrange.ts";
import { dealingFund } from "../dealing-day.ts";
import { POOL, POOL_TRADE } from "../pool.ts";
import type { RpcCase } from "./rpc-case.ts";

const wrong = (cases: readonly (readonly [string, Record<string, unknown>])[]) =>
  cases.map(([what, change]) => ({
    what,
    code: "EG400" as const,
    change: (args: Record<string, unknown>) => ({ ...args, ...change }),
  }));
const NOBODY = "00000000-0000-4000-8000-000000000000";
const ABOVE = "5192296858534827628530496329220096";

export const POOL_CASES: RpcCase[] = [
  {
    fn: "fn_set_pool",
    by: PM_ONE,
    arrange: async (db) => ({ share_class_id: (await dealingFund(db)).classId, ...POOL }),
    check: async ([row], args, db) => {
      expect(row?.fn_set_pool).toMatchObject({ version: 1 });
      expect(
        await db.look(
          "select pool, reserve_units::text, reserve_cash::text, fee_ppm, amplification from liquidity_pools where share_class_id = $1",
          [args.share_class_id],
        ),
      ).toEqual([
        { pool: "SYN-POOL", reserve_units: "100000000", reserve_cash: "100000000", fee_ppm: 3000, amplification: null },
      ]);
    },
    other: (args) => ({ ...args, reserve_cash: "100000001" }),
    audits: 1,
    events: ["POOL_SET"],
    refuses: [
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class_id: NOBODY }) },
      ...wrong([
        ["a code with a space", { pool: "A pool" }],
        ["no chain", { chain: "" }],
        ["another curve", { curve: "order_book" }],
        ["an amplification without its curve", { amplification: 100 }],
        ["a stable curve without amplification", { curve: "stable_swap" }],
        ["an empty reserve", { reserve_units: "0" }],
        ["part of a smallest unit", { reserve_cash: "1.5" }],
        ["NaN in the pool", { reserve_cash: "NaN" }],
        ["more than a pool can hold", { reserve_units: ABOVE }],
        ["more decimals than a token has", { unit_decimals: 19 }],
        ["a fee of the whole", { fee_ppm: 1_000_000 }],
        ["no beginning", { effective_from: "-infinity" }],
      ]),
      {
        what: "the code of a pool of another class",
        code: "EG428",
        change: async (args, db) => {
          const [on] = await db.look<{ code: string }>(
            "select f.code from funds f join share_classes c using (fund_id) where c.share_class_id = $1",
            [args.share_class_id],
          );
          await db.call(PM_ONE, "fn_set_pool", args);
          const other = await db.value<string>(PM_ONE, "fn_open_class", {
            fund: on?.code,
            code: "B",
            name: "Class B (synthetic)",
            issue_price: "100",
          });
          return { ...args, share_class_id: other };
        },
      },
    ],
  },
  {
    fn: "fn_record_pool_trade",
    by: PM_ONE,
    arrange: async (db) => {
      const { classId } = await dealingFund(db);
      const { pool_id } = await db.value<{ pool_id: string }>(PM_ONE, "fn_set_pool", {
        share_class_id: classId,
        ...POOL,
      });
      return { pool_id, ...POOL_TRADE };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_record_pool_trade).toMatchObject({ trade_id: expect.any(String) });
      expect(
        await db.look("select direction, amount_in::text, amount_out::text from pool_trades where pool_id = $1", [
          args.pool_id,
        ]),
      ).toEqual([{ direction: "sell", amount_in: "1000000", amount_out: "987058" }]);
    },
    other: (args) => ({ ...args, amount_out: "987059" }),
    audits: 1,
    events: ["POOL_TRADE_RECORDED"],
    refuses: [
      { what: "a pool that is not there", code: "EG404", change: (a) => ({ ...a, pool_id: NOBODY }) },
      ...wrong([
        ["another direction", { direction: "swap" }],
        ["nothing in", { amount_in: "0" }],
        ["part of a smallest unit out", { amount_out: "0.5" }],
        ["NaN out", { amount_out: "NaN" }],
        ["more than a pool can hold", { amount_in: ABOVE }],
        ["a transaction without a hash", { tx_hash: "0xab" }],
        ["a trade of tomorrow", { executed_at: "2999-01-01T00:00:00Z" }],
      ]),
      {
        what: "a transaction that is recorded",
        code: "EG428",
        change: async (args, db) => {
          await db.call(PM_ONE, "fn_record_pool_trade", args);
          return args;
        },
      },
    ],
  },
];
