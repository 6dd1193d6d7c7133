// The proof of an order, checked here by the verifier that shares no code with what dealt: its place in the committed book, and its arithmetic in words.
import type { Home } from "@evergreen-fund/domain/pages.ts";
import { verifyOrderProof } from "@evergreen-fund/verifier/order-proof.ts";
import { useRow, useRows, useRpc } from "../api/read.ts";
import { download } from "../ui/download.ts";
import { FilesOfTable } from "../ui/files-of-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date } from "../words/format.ts";
import { wordsWithout } from "../words/hidden.ts";
import "./lp.css";
import { FILL_COLUMNS, Fill, ORDER_COLUMNS, Order, Proof, proofFile } from "./proof.ts";

const said = (ok: boolean | null): string =>
  ok === null ? "not decided by the ratio alone" : ok ? "holds" : "does not hold";

export default function ProofTile({ order }: { order: Home["orders"][number] }) {
  const proof = useRpc("fn_prove_order", { flow_id: order.flow_id }, Proof);
  const row = useRow("fund_flows", ORDER_COLUMNS, "flow_id", order.flow_id, Order);
  const fills = useRows("allocations", FILL_COLUMNS, "flow_id", order.flow_id, Fill);
  return (
    <section className="tile across" aria-labelledby="proof">
      <h2 id="proof">Its proof</h2>
      <p>
        At the cut-off the fund committed to all orders of the day by one hash. What follows was recomputed just now in
        your browser, by a program that shares nothing with the one that dealt.
      </p>
      <ReadState query={proof}>
        {(proved) =>
          row.data === undefined || row.data === null || fills.data === undefined ? (
            <p className="state" role="status">
              Loading …
            </p>
          ) : (
            <Checked
              file={proofFile(
                proved,
                row.data,
                fills.data.find(({ dealing_day_id }) => dealing_day_id === proved.dealing_day_id),
                order,
              )}
            />
          )
        }
      </ReadState>
    </section>
  );
}

function Checked({ file }: { file: ReturnType<typeof proofFile> }) {
  const findings = verifyOrderProof(file);
  const bad = findings.filter(({ ok }) => ok === false).length;
  return (
    <>
      <p className={bad === 0 ? "holds" : "broken"} role="status" data-figure="proof">
        <strong>{bad === 0 ? "Everything that can be checked holds." : `${bad} of the checks do not hold.`}</strong>
      </p>
      <h3>
        Order {file.position} of {file.orders} in the book of class {file.className}, {date(file.date)}
      </h3>
      <ol className="findings">
        {findings.map((one) => (
          <li key={one.check}>
            <strong>
              {one.check}: {said(one.ok)}
            </strong>
            <p className="words">{wordsWithout(one.says)}</p>
          </li>
        ))}
      </ol>
      <FilesOfTable
        caption="the proof, step by step"
        file={`proof-${file.date}`}
        columns={[{ header: "What is checked" }, { header: "It" }, { header: "How" }]}
        rows={() => findings.map(({ check, ok, says }) => [check, said(ok), says])}
      />
      <p>
        <button
          type="button"
          className="quiet"
          onClick={() =>
            download(`order-proof-${file.date}.json`, `${JSON.stringify(file, null, 2)}\n`, "application/json")
          }
        >
          Proof file
        </button>
      </p>
      <p className="hint">
        Anybody checks the file anywhere, without signing in: <code>evergreen deal verify --proof FILE</code>
      </p>
    </>
  );
}
