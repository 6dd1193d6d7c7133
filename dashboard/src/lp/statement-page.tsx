// One capital account statement: opening to closing line by line, the fills of the day, its hash; as JSON and in print.
import { useParams } from "@tanstack/react-router";
import { z } from "zod";
import { useRow } from "../api/read.ts";
import { download } from "../ui/csv.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, number, signed } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

const Statement = z.object({
  statement_id: z.uuid(),
  version: z.int(),
  hash: z.string(),
  body: z.looseObject({
    dealingDate: z.iso.date(),
    currency: z.string(),
    fund: z.object({ code: z.string(), name: z.string(), synthetic: z.boolean() }),
    shareClass: z.looseObject({ code: z.string() }),
    strike: z.looseObject({ navPerUnit: z.string() }),
    account: z.looseObject({
      lines: z.array(z.object({ line: z.string(), amount: z.string() })),
      units: z.object({ opening: z.string(), closing: z.string() }),
      foot: z.object({ ok: z.boolean(), closing: z.string(), sum: z.string() }),
    }),
  }),
});

export default function StatementPage() {
  const { statementId } = useParams({ from: "/lp/statements/$statementId" });
  const query = useRow("statements", "statement_id,version,hash,body", "statement_id", statementId, Statement);
  return (
    <>
      <h1 tabIndex={-1}>Statement</h1>
      <ReadState query={query}>
        {(row) =>
          row === null ? <p className="empty">There is no such statement that you may see.</p> : <Shown row={row} />
        }
      </ReadState>
    </>
  );
}

function Shown({ row: { body, version, hash, statement_id } }: { row: z.infer<typeof Statement> }) {
  const { account, currency, fund } = body;
  return (
    <section className="tile" aria-labelledby="account">
      <h2 id="account">
        {fund.name}, class {body.shareClass.code}, {date(body.dealingDate)}
        {fund.synthetic && <span className="tag">synthetic data</span>}
      </h2>
      <p>
        Version {version}. {number(account.units.opening, 0, 18)} units before, {number(account.units.closing, 0, 18)}{" "}
        after, at {number(body.strike.navPerUnit, 2, 18)} {currency} per unit.
      </p>
      <DataTable
        caption="Capital account"
        columns={[
          { header: "Line", cell: (line) => nameOf(`account_${line.line}`), value: (line) => line.line },
          {
            header: `Amount (${currency})`,
            figure: true,
            cell: (line) =>
              ["opening", "closing"].includes(line.line) ? number(line.amount, 2, 4) : signed(line.amount, 2),
            value: (line) => line.amount,
          },
        ]}
        rows={account.lines}
        rowKey={(line) => line.line}
        empty="The statement has no line."
        file={`statement-${body.dealingDate}`}
      />
      <p className={account.foot.ok ? "holds" : "broken"}>
        <strong>{account.foot.ok ? "It foots" : "It does not foot"}</strong>: opening and movements add up to{" "}
        {number(account.foot.sum, 2, 4)} {currency}.
      </p>
      <p className="faint hash">SHA-256 {hash}</p>
      <p className="buttons">
        <button
          type="button"
          className="quiet"
          onClick={() =>
            download(
              `statement-${body.dealingDate}.json`,
              `${JSON.stringify({ statement_id, version, hash, body }, null, 2)}\n`,
              "application/json",
            )
          }
        >
          JSON
        </button>
        <button type="button" className="quiet" onClick={() => print()}>
          Print or save as PDF
        </button>
      </p>
    </section>
  );
}
