// What executed trades in pools cost beside what their pools let expect (R48), kept next to the models: every trade once, by the exact figures of finance.
import { EvergreenError } from "@evergreen-fund/domain";
import { type ExecutedTrade, executedSlippage } from "@evergreen-fund/finance/stress/pools.ts";
import { z } from "zod";
import type { DuckFile } from "./file.ts";

/** A trade that was not looked at yet, with the version of the pool it was executed in. */
const Executed = z.object({
  tradeId: z.string(),
  direction: z.enum(["sell", "buy"]),
  amountIn: z.string(),
  amountOut: z.string(),
  curve: z.enum(["constant_product", "stable_swap"]),
  reserveUnits: z.string(),
  reserveCash: z.string(),
  unitDecimals: z.int(),
  cashDecimals: z.int(),
  feePpm: z.int(),
  amplification: z.int().nullable(),
});
type Executed = z.infer<typeof Executed>;

const OPEN = `
  select trade_id::varchar as "tradeId", direction, amount_in::varchar as "amountIn", amount_out::varchar as "amountOut", curve,
         reserve_units::varchar as "reserveUnits", reserve_cash::varchar as "reserveCash", unit_decimals as "unitDecimals",
         cash_decimals as "cashDecimals", fee_ppm as "feePpm", amplification
    from pool_trades join liquidity_pools using (pool_id)
   where fund_id = $fund::uuid and trade_id not in (select trade_id from executed_slippage)
   order by trade_id`;

// a share of more than twenty digits before the point, far from any pool's price, is none that a decimal holds
const KEEP = `
  insert into executed_slippage
  select (t.entry->>'tradeId')::uuid, (t.entry->>'expectedOut')::decimal(38, 0), try_cast(t.entry->>'expectedSlippage' as decimal(38, 18)),
         try_cast(t.entry->>'executedSlippage' as decimal(38, 18)), try_cast(t.entry->>'beyondExpected' as decimal(38, 18)), $at::timestamptz
    from (select unnest(json_extract($trades::json, '$[*]')) as entry) t`;

function judged({ tradeId, direction, amountIn, amountOut, ...pool }: Executed): object {
  const trade: ExecutedTrade = { direction, amountIn, amountOut };
  try {
    return { tradeId, ...executedSlippage(pool, [trade])[0] };
  } catch (error) {
    // the pool has no price for it, and never will: a version of a pool does not change
    if (error instanceof EvergreenError && ["EG413", "EG428"].includes(error.code)) return { tradeId };
    throw error;
  }
}

/** Looks at the trades of a fund that were not looked at yet. `at`: ISO 8601. For `amend`, inside its transaction. */
export async function recordExecuted(file: DuckFile, fund: string, at: string): Promise<void> {
  const open = (await file.rows(OPEN, { fund })).map((row) => Executed.parse(row));
  if (open.length > 0) await file.run(KEEP, { trades: JSON.stringify(open.map(judged)), at });
}
