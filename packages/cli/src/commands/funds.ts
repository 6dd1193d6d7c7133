// `funds list`, `allocations show`: what there is and how it is invested.
import { z } from "zod";
import { type Command, FUND, text } from "../command.ts";
import { facts, money, percent, table, trimmedMoney } from "../output.ts";
import { type FundRow, findFund, listFunds } from "../reads/funds.ts";

const AllocationRow = z.object({
  asset_id: z.string(),
  sleeve: z.string(),
  target_pct: z.string(),
  actual_pct: z.string(),
  market_value: z.string(),
  liquid_flag: z.boolean(),
  version: z.string(),
  proposal_id: z.string().nullable(),
  asset: z.object({ name: z.string(), issuer: z.string().nullable(), bucket: z.string() }),
});

const COLUMNS =
  "asset_id,sleeve,target_pct::text,actual_pct::text,market_value::text,liquid_flag,version::text,proposal_id,asset:assets!portfolio_allocations_asset_id_fkey(name,issuer,bucket)";

/** Synthetic data says so wherever a person sees it. */
const fundName = (fund: FundRow): string =>
  fund.synthetic && !/synthetic/i.test(fund.name) ? `${fund.name} (synthetic)` : fund.name;

export const fundCommands: readonly Command[] = [
  {
    path: "funds list",
    summary: "The funds you may see",
    examples: ["funds list", "funds list --output-format json"],
    role: "pm_role",
    run: async (context) => {
      const session = await context.session("pm_role");
      const funds = await listFunds(session);
      return {
        json: funds.map((fund) => ({
          fundId: fund.fund_id,
          code: fund.code,
          name: fund.name,
          currency: fund.base_currency,
          netAssets: trimmedMoney(fund.net_assets),
          asOf: fund.nav_as_of,
          status: fund.status,
          synthetic: fund.synthetic,
          allocationsVersion: fund.allocations_version,
        })),
        text: table(
          funds,
          [
            { header: "Code", value: (fund) => fund.code },
            { header: "Name", value: fundName },
            { header: "Net assets", value: (fund) => money(fund.net_assets), figure: true },
            { header: "Currency", value: (fund) => fund.base_currency },
            { header: "As of", value: (fund) => fund.nav_as_of },
            { header: "Version", value: (fund) => fund.allocations_version, figure: true },
            { header: "Status", value: (fund) => fund.status },
          ],
          "No funds. Import one with `npx --no-install evergreen import nport FILE --fund CODE`.",
        ),
      };
    },
  },
  {
    path: "allocations show",
    summary: "What a fund holds today, with weights and targets",
    options: [FUND],
    examples: ["allocations show --fund KY1"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const rows = await session.all(
        "portfolio_allocations",
        COLUMNS,
        "asset_id",
        (row) => row.asset_id,
        (query) => query.eq("fund_id", fund.fund_id).is("superseded_at", null),
        AllocationRow,
      );
      rows.sort((a, b) => (a.sleeve < b.sleeve ? -1 : a.sleeve > b.sleeve ? 1 : a.asset.name < b.asset.name ? -1 : 1));
      return {
        json: {
          fundId: fund.fund_id,
          code: fund.code,
          currency: fund.base_currency,
          netAssets: trimmedMoney(fund.net_assets),
          version: fund.allocations_version,
          allocations: rows.map((row) => ({
            assetId: row.asset_id,
            name: row.asset.name,
            issuer: row.asset.issuer,
            sleeve: row.sleeve,
            bucket: row.asset.bucket,
            liquid: row.liquid_flag,
            marketValue: trimmedMoney(row.market_value),
            weight: row.actual_pct,
            target: row.target_pct,
            proposalId: row.proposal_id,
          })),
        },
        text: [
          facts([
            ["Fund", `${fund.code} ${fundName(fund)}`],
            ["Net assets", `${money(fund.net_assets)} ${fund.base_currency}`],
            ["As of", fund.nav_as_of],
            ["Version", fund.allocations_version],
          ]),
          "",
          table(rows, [
            { header: "Sleeve", value: (row) => row.sleeve },
            { header: "Asset", value: (row) => row.asset.name, most: 60 },
            { header: `Value (${fund.base_currency})`, value: (row) => money(row.market_value), figure: true },
            { header: "Weight", value: (row) => percent(row.actual_pct), figure: true },
            { header: "Target", value: (row) => percent(row.target_pct), figure: true },
            { header: "Sells within", value: (row) => row.asset.bucket?.replace(/^gt/, "over ") },
          ]),
        ].join("\n"),
      };
    },
  },
];
