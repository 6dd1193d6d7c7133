// The liquidity ladder: what can be sold by when against what may fall due, and whether the limits of the mandate hold.
import type { Morning } from "@evergreen-fund/domain/pages.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { lazy, Suspense } from "react";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { date, money, plainNumber, signed, time } from "../words/format.ts";
import { bucketName } from "../words/names.ts";

const BarChart = lazy(() => import("../ui/bar-chart.tsx"));

type Rung = NonNullable<Morning["ladder"]>["rungs"][number];

/** What can be sold less what may fall due, by the end of a bucket. */
const gapOf = (rung: Rung): string => decimal(rung.assets_up_to).minus(rung.due_up_to).toFixed();

export function LadderTile({ morning: { ladder, limits, fund } }: { morning: Morning }) {
  const { currency, decimals } = fund;
  if (ladder === null)
    return (
      <section className="tile" aria-labelledby="ladder">
        <h2 id="ladder">Liquidity</h2>
        <p className="empty">The fund has no liquidity ladder yet.</p>
      </section>
    );
  return (
    <section className="tile across" aria-labelledby="ladder">
      <h2 id="ladder">Liquidity</h2>
      <p className="faint">
        Ladder of {date(ladder.as_of)} · recorded {time(ladder.recorded_at)}
      </p>
      {limits.length === 0 && <p className="empty">The mandate sets no liquidity limit.</p>}
      {limits.map((limit) => (
        <p key={limit.horizon} className={limit.holds ? "holds" : "broken"}>
          <strong>{limit.holds ? "Holds" : "Broken"}</strong>: within {bucketName(limit.horizon)} the fund can sell{" "}
          {limit.cover === null ? (
            "anything, and nothing falls due"
          ) : (
            <>
              <Figure figure="ladder_cover" id={fund.fund_id} part={limit.horizon}>
                {plainNumber(limit.cover, 2, 2)}
              </Figure>{" "}
              times what may fall due
            </>
          )}
          ; the mandate wants {plainNumber(limit.wanted, 2, 2)} times.
        </p>
      ))}
      <Suspense fallback={<p className="faint">Drawing …</p>}>
        <BarChart
          title={`Up to each horizon (${currency})`}
          series={["can be sold", "may fall due under stress"]}
          bars={ladder.rungs.map((rung) => ({
            label: bucketName(rung.bucket),
            values: [rung.assets_up_to, rung.due_up_to],
            shown: [money(rung.assets_up_to, decimals), money(rung.due_up_to, decimals)],
          }))}
        />
      </Suspense>
      <DataTable
        caption="Liquidity ladder"
        columns={[
          { header: "Within", cell: (row) => bucketName(row.bucket), value: (row) => row.bucket },
          ...(
            [
              ["Can be sold", "assets"],
              ["Falls due", "liabilities"],
              ["More under stress", "stress"],
              ["Sold up to here", "assets_up_to"],
              ["Due up to here", "due_up_to"],
            ] as const
          ).map(([header, key]) => ({
            header: `${header} (${currency})`,
            figure: true,
            cell: (row: (typeof ladder.rungs)[number]) => money(row[key], decimals),
            value: (row: (typeof ladder.rungs)[number]) => row[key],
          })),
          {
            header: `Left over up to here (${currency})`,
            figure: true,
            cell: (row) => (
              <Figure figure="ladder_gap" id={fund.fund_id} part={row.bucket}>
                {signed(gapOf(row), decimals)}
              </Figure>
            ),
            value: gapOf,
          },
        ]}
        rows={ladder.rungs}
        rowKey={(row) => row.bucket}
        empty="The ladder is empty."
        file="liquidity-ladder"
      />
    </section>
  );
}
