// What trades in pools cost beside what the pool let expect: executed against expected, each on the reserves as they were recorded (R48).
import type { Tokens } from "@evergreen-fund/domain/token-pages.ts";
import { executedSlippage } from "@evergreen-fund/finance/stress/pools.ts";
import { DataTable } from "../ui/data-table.tsx";
import { number, percent, time } from "../words/format.ts";
import { fraction } from "./ratio.ts";
import { fromSmallest } from "./token-words.ts";

type Trade = Tokens["trades"][number];
interface Judged extends Trade {
  expected: string | null;
  executed: string | null;
  beyond: string | null;
}

/** A pool that has no price lets nothing be expected: the trade stands there without. */
export function judged(trade: Trade): Judged {
  try {
    const [found] = executedSlippage(
      {
        curve: trade.curve,
        reserveUnits: trade.reserve_units,
        reserveCash: trade.reserve_cash,
        unitDecimals: trade.unit_decimals,
        cashDecimals: trade.cash_decimals,
        feePpm: trade.fee_ppm,
        amplification: trade.amplification,
      },
      [{ direction: trade.direction, amountIn: trade.amount_in, amountOut: trade.amount_out }],
    );
    return {
      ...trade,
      expected: found?.expectedSlippage ?? null,
      executed: found?.executedSlippage ?? null,
      beyond: found?.beyondExpected ?? null,
    };
  } catch {
    return { ...trade, expected: null, executed: null, beyond: null };
  }
}

const share = (value: string | null): string => (value === null ? "no price" : fraction(value, 3));

export function SlippageTile({ trades }: { trades: readonly Trade[] }) {
  const units = ({ direction, amount_in, amount_out, unit_decimals }: Trade): string =>
    fromSmallest(direction === "sell" ? amount_in : amount_out, unit_decimals);
  const cash = ({ direction, amount_in, amount_out, cash_decimals }: Trade): string =>
    fromSmallest(direction === "sell" ? amount_out : amount_in, cash_decimals);
  return (
    <section className="tile across" aria-labelledby="slippage">
      <h2 id="slippage">Slippage in pools</h2>
      <p>
        Expected is what the curve of the pool said for that size; executed is what was paid. Both are shares below the
        price of a vanishing size, fee included. Above zero in the last column: worse than expected.
      </p>
      <DataTable
        caption="The last fifty trades, the newest first"
        columns={[
          { header: "Executed at", cell: (row) => time(row.executed_at), value: (row) => row.executed_at },
          { header: "Fund", cell: (row) => row.fund, value: (row) => row.fund },
          { header: "Class", cell: (row) => row.class, value: (row) => row.class },
          {
            header: "Pool and version",
            cell: (row) => `${row.pool} v${row.version}`,
            value: (row) => `${row.pool} v${row.version}`,
          },
          {
            header: "Traded",
            cell: (row) => (row.direction === "sell" ? "units for cash" : "cash for units"),
            value: (row) => row.direction,
          },
          { header: "Units", figure: true, cell: (row) => number(units(row), 0, 18), value: units },
          { header: "Cash", figure: true, cell: (row) => number(cash(row), 0, 18), value: cash },
          {
            header: "Expected slippage",
            figure: true,
            cell: (row) => share(row.expected),
            value: (row) => row.expected ?? "",
          },
          {
            header: "Executed slippage",
            figure: true,
            cell: (row) => share(row.executed),
            value: (row) => row.executed ?? "",
          },
          {
            header: "Executed − expected",
            figure: true,
            cell: (row) => (row.beyond === null ? "no price" : percent(row.beyond, 3)),
            value: (row) => row.beyond ?? "",
          },
          { header: "Transaction", value: (row) => row.tx_hash },
        ]}
        rows={trades.map(judged)}
        rowKey={(row) => row.trade_id}
        empty="No trade in a pool was recorded. Pools are set by evergreen pools set, trades by evergreen pools trade."
        file="slippage"
      />
    </section>
  );
}
