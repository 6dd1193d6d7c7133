// One capital account statement: opening to closing line by line, the letters about the fills, its hash; as PDF of the same words, and as JSON.
import { fillLetters } from "@evergreen-fund/finance/statement/fill-letter.ts";
import { StatementBody } from "@evergreen-fund/finance/statement/statement-body.ts";
import { accountRows, footShown, statementFacts, statementTitle } from "@evergreen-fund/reports/statement-report.ts";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { z } from "zod";
import { useRow } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { download } from "../ui/download.ts";
import { ReadState } from "../ui/read-state.tsx";
import { wordsWithout } from "../words/hidden.ts";
import "./lp.css";
import { TakeDocument } from "./take-document.tsx";

const LinesChart = lazy(() => import("./lines-chart.tsx"));

const Statement = z.object({ statement_id: z.uuid(), version: z.int(), hash: z.string(), body: StatementBody });

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

function Facts({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <dl className="facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{wordsWithout(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Shown({ row: { body, version, hash, statement_id } }: { row: z.infer<typeof Statement> }) {
  const { account, currency, dealingDate } = body;
  const rows = accountRows(body);
  return (
    <>
      <section className="tile" aria-labelledby="account">
        <h2 id="account">
          {statementTitle(body)}
          {body.fund.synthetic && <span className="tag">synthetic data</span>}
        </h2>
        <Facts rows={statementFacts({ body, version, hash })} />
        <DataTable
          caption="Capital account"
          columns={[
            { header: "Line", cell: (line) => line.label, value: (line) => line.label },
            {
              header: `Amount (${currency})`,
              figure: true,
              cell: (line) => wordsWithout(line.shown),
              value: (line) => line.exact,
            },
          ]}
          rows={rows}
          rowKey={(line) => line.line}
          empty="The statement has no line."
          file={`statement-${dealingDate}`}
        />
        <p className={account.foot.ok ? "holds" : "broken"}>{wordsWithout(footShown(body))}</p>
        {!account.feesStated && <p>The result is after fees: the price of that day does not state them apart.</p>}
        <Suspense fallback={null}>
          <LinesChart
            title={`Size of each line (${currency})`}
            rows={rows.map((line) => ({ ...line, shown: wordsWithout(line.shown) }))}
          />
        </Suspense>
        <p className="buttons">
          <TakeDocument path={`statements/${statement_id}/statement.pdf`} name={`statement-${dealingDate}.pdf`}>
            PDF
          </TakeDocument>
          <button
            type="button"
            className="quiet"
            onClick={() =>
              download(
                `statement-${dealingDate}.json`,
                `${JSON.stringify({ statement_id, version, hash, body }, null, 2)}\n`,
                "application/json",
              )
            }
          >
            JSON
          </button>
        </p>
      </section>
      {fillLetters(body).letters.map(({ orderId, subject, facts }) => (
        <section key={orderId} className="tile" aria-labelledby={`letter-${orderId}`}>
          <h2 id={`letter-${orderId}`}>{subject}</h2>
          <Facts rows={[["Order", orderId], ...facts.map(({ label, value }) => [label, value] as const)]} />
          <p>
            <Link to="/lp/orders/$flowId" params={{ flowId: orderId }}>
              Its way and its proof
            </Link>
          </p>
          <TakeDocument
            path={`statements/${statement_id}/letters/${orderId}.pdf`}
            name={`letter-${dealingDate}-${orderId.slice(0, 8)}.pdf`}
          >
            Letter as PDF
          </TakeDocument>
        </section>
      ))}
    </>
  );
}
