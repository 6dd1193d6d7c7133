// What the fund holds against its mandate: each sleeve with its target and band, concentrations, and the form that asks for a rebalancing with what it would aim at.
import { Exposure } from "@evergreen-fund/domain/cockpit.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useRpc } from "../api/read.ts";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { money, time } from "../words/format.ts";
import { bucketName } from "../words/names.ts";
import { ChosenFund } from "./chosen-fund.tsx";
import { fraction } from "./ratio.ts";
import { RebalanceTile } from "./rebalance-tile.tsx";

export default function ExposurePage() {
  const { fund } = useSearch({ from: "/pm/exposure" });
  return (
    <>
      <h1 tabIndex={-1}>Exposure</h1>
      <ChosenFund fund={fund}>{(args, choice) => <Shown args={args} choice={choice} />}</ChosenFund>
    </>
  );
}

function Shown({ args, choice }: { args: { fund_id?: string }; choice: (shown: string) => ReactNode }) {
  const query = useRpc("fn_read_exposure", args, Exposure.nullable());
  return (
    <ReadState query={query}>
      {(exposure) =>
        exposure === null || exposure.sleeves.length === 0 ? (
          <p className="empty">There is no fund with holdings that you may see.</p>
        ) : (
          <>
            <p className="fund">
              <strong>{exposure.fund.name}</strong> · {exposure.fund.code} · amounts in {exposure.fund.currency}
              {exposure.fund.synthetic && <span className="tag">synthetic data</span>}
              {exposure.changed_at !== null && (
                <span className="faint">
                  {" "}
                  · allocations version {exposure.fund.allocations_version}, changed {time(exposure.changed_at)}
                </span>
              )}
            </p>
            {choice(exposure.fund.code)}
            <div className="tiles">
              <RebalanceTile key={`${exposure.fund.code}/${exposure.mandate?.version}`} exposure={exposure} />
              <Cut exposure={exposure} cut="bucket" title="By the time a sale takes" />
              <Cut exposure={exposure} cut="currency" title="By currency" />
              <Cut exposure={exposure} cut="issuer" title="By issuer" />
            </div>
          </>
        )
      }
    </ReadState>
  );
}

function Cut({ exposure, cut, title }: { exposure: Exposure; cut: Exposure["cuts"][number]["cut"]; title: string }) {
  const total = exposure.sleeves.reduce((sum, { value }) => sum.plus(value), decimal("0"));
  const share = (value: string): string =>
    total.isZero() ? "0" : decimal(value).div(total).toDecimalPlaces(6).toFixed();
  const name = (text: string): string => (cut === "bucket" ? bucketName(text) : text);
  const { currency, decimals } = exposure.fund;
  return (
    <section className="tile" aria-labelledby={`cut-${cut}`}>
      <h2 id={`cut-${cut}`}>{title}</h2>
      <DataTable
        caption={`${title}, the ten largest`}
        columns={[
          { header: "What", cell: (row) => name(row.name), value: (row) => row.name },
          { header: "Assets", figure: true, cell: (row) => String(row.assets), value: (row) => String(row.assets) },
          {
            header: `Value (${currency})`,
            figure: true,
            cell: (row) => (
              <Figure figure="exposure" id={exposure.fund.fund_id} part={`${cut}:${row.name}`}>
                {money(row.value, decimals)}
              </Figure>
            ),
            value: (row) => row.value,
          },
          {
            header: "Share of holdings",
            figure: true,
            cell: (row) => fraction(share(row.value)),
            value: (row) => share(row.value),
          },
        ]}
        rows={exposure.cuts.filter((row) => row.cut === cut)}
        rowKey={(row) => row.name}
        empty="Nothing that is held says so."
        file={`exposure-${cut}`}
      />
    </section>
  );
}
