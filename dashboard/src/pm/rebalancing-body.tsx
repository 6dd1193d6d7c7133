// What a rebalancing would change: each sleeve before and after against its band, liquidity, the trades with their reasons, the cost.
import { ProposalBody } from "@evergreen-fund/domain/proposals.ts";
import { DataTable } from "../ui/data-table.tsx";
import { money, number, percent } from "../words/format.ts";

const share = (ratio: string): string => percent(ratio).replace("+", "");

export function RebalancingBody({ body }: { body: Record<string, unknown> }) {
  const read = ProposalBody.safeParse(body);
  if (!read.success)
    return (
      <p className="state" role="alert">
        The proposal is of another form than this page reads: look at it with evergreen proposals show.
      </p>
    );
  const { before, after, trades, currency, cost, turnover, words } = read.data;
  const after_ = new Map(after.sleeves.map((row) => [row.sleeve, row.weight]));
  return (
    <>
      <section className="tile" aria-labelledby="sleeves">
        <h2 id="sleeves">Before and after</h2>
        <p>{words}</p>
        <DataTable
          caption="Weight of each sleeve, as a share of net assets"
          columns={[
            { header: "Sleeve", cell: (row) => row.sleeve, value: (row) => row.sleeve },
            { header: "Before", figure: true, cell: (row) => share(row.weight), value: (row) => row.weight },
            {
              header: "After",
              figure: true,
              cell: (row) => share(after_.get(row.sleeve) ?? row.weight),
              value: (row) => after_.get(row.sleeve) ?? row.weight,
            },
            { header: "Target", figure: true, cell: (row) => share(row.target), value: (row) => row.target },
            {
              header: "Band",
              figure: true,
              cell: (row) => `${share(row.lower)} to ${share(row.upper)}`,
              value: (row) => `${row.lower} to ${row.upper}`,
            },
          ]}
          rows={before.sleeves}
          rowKey={(row) => row.sleeve}
          empty="The mandate has no sleeve."
          file="sleeves"
        />
        <DataTable
          caption={`Liquidity and cost (${currency})`}
          columns={[
            { header: "Figure", cell: (row) => row.what, value: (row) => row.what },
            { header: "Before", figure: true, cell: (row) => row.before, value: (row) => row.before },
            { header: "After", figure: true, cell: (row) => row.after, value: (row) => row.after },
          ]}
          rows={[
            { what: "Cash", before: money(before.cash, 2), after: money(after.cash, 2) },
            {
              what: "Can be cash within 30 days",
              before: figure(before.liquidity.assets_30d),
              after: figure(after.liquidity.assets_30d),
            },
            {
              what: "Cover of what may fall due (times)",
              before: figure(before.liquidity.ratio),
              after: figure(after.liquidity.ratio),
            },
            { what: "Cost of the trades", before: "–", after: money(cost, 2) },
            { what: "Turnover (share of net assets)", before: "–", after: share(turnover) },
          ]}
          rowKey={(row) => row.what}
          empty=""
          file="liquidity"
        />
      </section>
      <section className="tile" aria-labelledby="trades">
        <h2 id="trades">Trades</h2>
        <DataTable
          caption="What would be bought and sold"
          columns={[
            {
              header: "Asset",
              cell: (row) => (
                <>
                  {row.name} <small className="method">{row.reason.words}</small>
                </>
              ),
              value: (row) => row.name,
            },
            { header: "Side", cell: (row) => row.side, value: (row) => row.side },
            {
              header: `Amount (${currency})`,
              figure: true,
              cell: (row) => money(row.amount, 2),
              value: (row) => row.amount,
            },
            { header: `Cost (${currency})`, figure: true, cell: (row) => money(row.cost, 2), value: (row) => row.cost },
            { header: "Reason", value: (row) => row.reason.words },
          ]}
          rows={trades}
          rowKey={(row) => `${row.asset_id}/${row.side}`}
          empty="There is nothing to trade."
          file="trades"
        />
      </section>
    </>
  );
}

const figure = (text: string | null): string => (text === null ? "–" : number(text, 2, 2));
