// `pools list|set|trade|slippage`: pools in which units of a class are exchanged on a chain, what they let expect, and what was executed.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { groupedText, ONE } from "@evergreen-fund/finance/money.ts";
import { executedSlippage, poolsAt } from "@evergreen-fund/finance/stress/pools.ts";
import { z } from "zod";
import { type Command, FUND, type Options, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { CLASS, dateOf } from "../dealing-options.ts";
import { plain, table } from "../output.ts";
import { findClass } from "../reads/classes.ts";
import { findFund } from "../reads/funds.ts";
import type { Session } from "../session.ts";
import { today } from "./terms.ts";

const Pool = z.object({
  pool_id: z.string(),
  pool: z.string(),
  version: z.number(),
  chain: z.string(),
  curve: z.enum(["constant_product", "stable_swap"]),
  reserve_units: z.string(),
  reserve_cash: z.string(),
  unit_decimals: z.number(),
  cash_decimals: z.number(),
  fee_ppm: z.number(),
  amplification: z.number().nullable(),
  effective_from: z.string(),
});
type Pool = z.infer<typeof Pool>;
const COLUMNS =
  "pool_id,pool,version,chain,curve,reserve_units::text,reserve_cash::text,unit_decimals,cash_decimals,fee_ppm,amplification,effective_from";
const Trade = z.object({
  pool_id: z.string(),
  direction: z.enum(["sell", "buy"]),
  amount_in: z.string(),
  amount_out: z.string(),
  tx_hash: z.string(),
  executed_at: z.string(),
});
const Made = z.object({ pool_id: z.string(), version: z.number() });

const versionsOf = (session: Session, fundId: string): Promise<Pool[]> =>
  session.read(
    "liquidity_pools",
    COLUMNS,
    (query) =>
      query
        .eq("fund_id", fundId)
        .order("pool")
        .order("effective_from", { ascending: false })
        .order("version", { ascending: false }),
    Pool,
  );
/** Of each pool the version in force on a day: the greatest effective date up to it, then the greatest version. */
const inForce = (versions: readonly Pool[], day: string): Pool[] =>
  versions
    .filter(({ effective_from }) => effective_from <= day)
    .filter(({ pool }, at, all) => all[at - 1]?.pool !== pool);

/** The row in the words of the curves. */
const bookPool = (row: Pool) => ({
  id: row.pool_id,
  pool: row.pool,
  curve: row.curve,
  reserveUnits: row.reserve_units,
  reserveCash: row.reserve_cash,
  unitDecimals: row.unit_decimals,
  cashDecimals: row.cash_decimals,
  feePpm: row.fee_ppm,
  amplification: row.amplification,
});

function whole(options: Options, name: string, flag: string): string {
  const given = text(options, name) ?? "";
  if (!/^\d{1,34}$/.test(given))
    throw new EvergreenError("EG400", `--${flag} is a whole number of smallest units such as 1000000.`);
  return given;
}
function count(options: Options, name: string, flag: string): number {
  const given = text(options, name) ?? "";
  if (!/^\d{1,7}$/.test(given)) throw new EvergreenError("EG400", `--${flag} is a whole number.`);
  return Number(given);
}

const DATE = { flags: "--date <date>", about: "in force on this date, YYYY-MM-DD (today when left out)" };

export const poolCommands: readonly Command[] = [
  {
    path: "pools list",
    summary: "The pools of a fund's units in force on a date: chain, curve, reserves in smallest units, fee",
    options: [FUND, DATE],
    examples: ["pools list --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? today();
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const pools = inForce(await versionsOf(session, fund.fund_id), date);
      return {
        json: {
          fund: fund.code,
          date,
          pools: pools.map((row) => ({
            ...bookPool(row),
            version: row.version,
            chain: row.chain,
            from: row.effective_from,
          })),
        },
        text:
          pools.length === 0
            ? `${plain(fund.code)} has no pool on ${date}; set one with \`evergreen pools set\`.`
            : table(pools, [
                { header: "Pool", value: (row) => row.pool },
                { header: "Version", value: (row) => String(row.version), figure: true },
                { header: "Chain", value: (row) => row.chain },
                { header: "Curve", value: (row) => row.curve },
                { header: "Units, smallest", value: (row) => groupedText(row.reserve_units), figure: true },
                { header: "Cash, smallest", value: (row) => groupedText(row.reserve_cash), figure: true },
                { header: "Fee, ppm", value: (row) => String(row.fee_ppm), figure: true },
                { header: "From", value: (row) => row.effective_from },
              ]),
      };
    },
  },
  {
    path: "pools set",
    summary: "Sets a pool of units of a class against cash from a date on; the old version is kept",
    arguments: [{ name: "<pool>", about: "code of the pool" }],
    options: [
      FUND,
      CLASS,
      { flags: "--chain <code>", about: "code of the chain it is on", required: true },
      { flags: "--curve <curve>", about: "constant_product or stable_swap", required: true },
      { flags: "--units <count>", about: "units in it, whole smallest units", required: true },
      { flags: "--cash <count>", about: "cash in it, whole smallest units", required: true },
      { flags: "--unit-decimals <count>", about: "decimals of the units, 0 to 18", required: true },
      { flags: "--cash-decimals <count>", about: "decimals of the cash, 0 to 18", required: true },
      { flags: "--fee-ppm <count>", about: "fee in parts per million: 3000 is 0.3 %", required: true },
      { flags: "--amplification <count>", about: "of a stable_swap, as deployed pools publish it" },
      { flags: "--from <date>", about: "first day it holds for, YYYY-MM-DD", required: true },
      REQUEST_ID,
    ],
    examples: [
      "pools set POOL-1 --fund DEMO --class I --chain local-31337 --curve constant_product --units 100000000 --cash 100000000 --unit-decimals 4 --cash-decimals 2 --fee-ppm 3000 --from 2026-12-01",
    ],
    role: "pm_role",
    run: async (context, args, options) => {
      const from = dateOf(options, "from") ?? "";
      const terms = {
        reserve_units: whole(options, "units", "units"),
        reserve_cash: whole(options, "cash", "cash"),
        unit_decimals: count(options, "unitDecimals", "unit-decimals"),
        cash_decimals: count(options, "cashDecimals", "cash-decimals"),
        fee_ppm: count(options, "feePpm", "fee-ppm"),
        ...(text(options, "amplification") === undefined
          ? {}
          : { amplification: count(options, "amplification", "amplification") }),
      };
      const session = await context.session("pm_role");
      const { fund, shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const made = await session.call(
        "fn_set_pool",
        {
          share_class_id: shareClass.share_class_id,
          pool: args[0] ?? "",
          chain: text(options, "chain") ?? "",
          curve: text(options, "curve") ?? "",
          ...terms,
          effective_from: from,
          request_id: requestIdOf(text(options, "requestId")),
        },
        Made,
      );
      return {
        json: { poolId: made.pool_id, version: made.version, effectiveFrom: from },
        text: `Version ${made.version} of pool ${plain(args[0] ?? "")} of ${plain(fund.code)}, class ${plain(shareClass.code)}, holds from ${from}.`,
      };
    },
  },
  {
    path: "pools trade",
    summary: "Records what was executed in a pool, once per transaction: what went in and what came out",
    arguments: [{ name: "<pool>", about: "code of the pool" }],
    options: [
      FUND,
      { flags: "--direction <direction>", about: "sell (units for cash) or buy", required: true },
      { flags: "--in <count>", about: "what went in, whole smallest units", required: true },
      { flags: "--out <count>", about: "what came out, whole smallest units", required: true },
      { flags: "--tx <hash>", about: "hash of the transaction", required: true },
      { flags: "--at <time>", about: "when it was executed, as 2026-12-01T12:00:00Z", required: true },
      REQUEST_ID,
    ],
    examples: [
      "pools trade POOL-1 --fund DEMO --direction sell --in 1000000 --out 987058 --tx 0xabababababababababababababababababababababababababababababababab --at 2026-12-01T12:00:00Z",
    ],
    role: "pm_role",
    run: async (context, args, options) => {
      const at = text(options, "at") ?? "";
      if (!z.iso.datetime().safeParse(at).success)
        throw new EvergreenError("EG400", "--at is a moment in UTC such as 2026-12-01T12:00:00Z.");
      const [amountIn, amountOut] = [whole(options, "in", "in"), whole(options, "out", "out")];
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const pool = inForce(await versionsOf(session, fund.fund_id), at.slice(0, 10)).find(
        (row) => row.pool === args[0],
      );
      if (pool === undefined)
        throw new EvergreenError("EG404", `${plain(fund.code)} had no pool ${plain(args[0] ?? "")} on that day.`);
      const made = await session.call(
        "fn_record_pool_trade",
        {
          pool_id: pool.pool_id,
          direction: text(options, "direction") ?? "",
          amount_in: amountIn,
          amount_out: amountOut,
          tx_hash: text(options, "tx") ?? "",
          executed_at: at,
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.object({ trade_id: z.string() }),
      );
      return {
        json: { tradeId: made.trade_id, poolId: pool.pool_id, version: pool.version },
        text: `The trade is recorded in version ${pool.version} of pool ${plain(pool.pool)}.`,
      };
    },
  },
  {
    path: "pools slippage",
    summary: "What the pools of a fund let expect for a ladder of sizes, and what was executed against it",
    options: [FUND, DATE],
    examples: ["pools slippage --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? today();
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const versions = await versionsOf(session, fund.fund_id);
      const expected = poolsAt(inForce(versions, date).map(bookPool), ONE, new Set());
      const ids = versions.map(({ pool_id }) => pool_id);
      const trades =
        ids.length === 0
          ? []
          : await session.read(
              "pool_trades",
              "pool_id,direction,amount_in::text,amount_out::text,tx_hash,executed_at",
              (query) => query.in("pool_id", ids).order("executed_at").order("tx_hash"),
              Trade,
            );
      const executed = versions.flatMap((version) =>
        executedSlippage(
          bookPool(version),
          trades
            .filter(({ pool_id }) => pool_id === version.pool_id)
            .map((row) => ({
              pool: version.pool,
              version: version.version,
              direction: row.direction,
              amountIn: row.amount_in,
              amountOut: row.amount_out,
              txHash: row.tx_hash,
              executedAt: row.executed_at,
            })),
        ),
      );
      const sizes = expected.map(({ pool, direction, amountIn, expectedOut, expectedSlippage }) => ({
        pool,
        direction,
        amountIn,
        expectedOut,
        expectedSlippage,
      }));
      return {
        json: { fund: fund.code, date, expected: sizes, executed },
        text:
          sizes.length === 0
            ? `${plain(fund.code)} has no pool on ${date}; set one with \`evergreen pools set\`.`
            : [
                table(sizes, [
                  { header: "Pool", value: (row) => row.pool },
                  { header: "Direction", value: (row) => row.direction },
                  { header: "In, smallest", value: (row) => groupedText(row.amountIn), figure: true },
                  { header: "Expected out", value: (row) => groupedText(row.expectedOut), figure: true },
                  { header: "Expected slippage", value: (row) => row.expectedSlippage, figure: true },
                ]),
                executed.length === 0
                  ? "Nothing was executed in them."
                  : table(executed, [
                      { header: "Pool", value: (row) => `${row.pool} v${row.version}` },
                      { header: "Executed", value: (row) => row.executedAt },
                      { header: "Direction", value: (row) => row.direction },
                      { header: "In, smallest", value: (row) => groupedText(row.amountIn), figure: true },
                      { header: "Out, smallest", value: (row) => groupedText(row.amountOut), figure: true },
                      { header: "Expected", value: (row) => row.expectedSlippage, figure: true },
                      { header: "Executed", value: (row) => row.executedSlippage, figure: true },
                      { header: "Beyond expected", value: (row) => row.beyondExpected, figure: true },
                    ]),
              ].join("\n\n"),
      };
    },
  },
];
