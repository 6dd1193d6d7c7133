// One import: what each row became, the lines that match no order yet, and taking the whole file back.
import { ImportPage as Import } from "@evergreen-fund/domain/desk-pages.ts";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { z } from "zod";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { type Act, useAct } from "./act.ts";
import { OpsMenu } from "./ops-menu.tsx";
import { Who } from "./who.tsx";

type Row = Import["lines"][number];

const Matched = z.object({ matched: z.int(), unmatched: z.int() });
const Undone = z.object({
  status: z.string(),
  undone: z.int(),
  kept: z.array(z.object({ position: z.int(), line: z.int(), code: z.string(), reason: z.string() })),
});
type Undone = z.infer<typeof Undone>;

export default function ImportPage() {
  const { importId } = useParams({ from: "/ops/imports/$importId" });
  const { outcome } = useSearch({ from: "/ops/imports/$importId" });
  const query = useRpc(
    "fn_read_import",
    { import_id: importId, ...(outcome === undefined ? {} : { outcome }) },
    Import.nullable(),
  );
  return (
    <>
      <h1 tabIndex={-1}>Import</h1>
      <OpsMenu />
      <ReadState query={query}>
        {(page) =>
          page === null ? (
            <p className="empty">There is no such import that you may see.</p>
          ) : (
            <Shown page={page} outcome={outcome} />
          )
        }
      </ReadState>
    </>
  );
}

const saying = (row: Row, name: string): string => {
  const value = row.said[name];
  return typeof value === "string" ? value : "";
};

function Shown({ page, outcome }: { page: Import; outcome: string | undefined }) {
  const { person } = useSession();
  const navigate = useNavigate();
  const act = useAct();
  const may = person?.role === "ops_role";
  const stands = page.status !== "undone";
  const bank = page.kind === "bank";
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="file">
        <h2 id="file">
          {page.file_name}: <span data-figure="status">{nameOf(page.status)}</span>
        </h2>
        <p>
          {nameOf(page.kind)} of {page.fund}, {page.format}, taken in {time(page.recorded_at)} by{" "}
          <Who actor={page.imported_by} />: {page.rows} rows, {page.accepted} {bank ? "matched" : "placed"},{" "}
          {page.refused} refused{bank && `, ${page.unmatched} without a match`}.
        </p>
        {page.undone_at !== null && (
          <p>
            Taken back {time(page.undone_at)} by {page.undone_by !== null && <Who actor={page.undone_by} />}:{" "}
            {page.undo_reason}
          </p>
        )}
        <p className="faint hash">SHA-256 of the file {page.file_sha256}</p>
        {may && bank && page.status === "imported" && page.unmatched > 0 && <MatchForm page={page} act={act} />}
        {may && stands && <UndoForm page={page} />}
        <p role="alert" className="problem">
          {act.problem}
        </p>
      </section>
      <section className="tile across" aria-labelledby="rows">
        <h2 id="rows">Rows</h2>
        <form className="filters" aria-label="Which rows">
          <label>
            Outcome
            <select
              value={outcome ?? ""}
              onChange={(event) =>
                void navigate({
                  to: "/ops/imports/$importId",
                  params: { importId: page.import_id },
                  search: event.target.value === "" ? {} : { outcome: event.target.value },
                })
              }
            >
              <option value="">every row</option>
              {page.outcomes.map((one) => (
                <option key={one.outcome} value={one.outcome}>
                  {nameOf(one.outcome)} ({one.rows})
                </option>
              ))}
            </select>
          </label>
        </form>
        <DataTable
          caption={`What each row became, at most 500`}
          columns={[
            { header: "Line", cell: (row) => String(row.line), value: (row) => String(row.line) },
            { header: "Outcome", cell: (row) => nameOf(row.outcome), value: (row) => row.outcome },
            {
              header: "Why",
              cell: (row) => row.reason ?? (row.matched_by === null ? "–" : `by ${nameOf(row.matched_by)}`),
              value: (row) => row.reason ?? row.matched_by ?? "",
            },
            {
              header: "Way",
              cell: (row) => nameOf(saying(row, "side") || saying(row, "direction")),
              value: (row) => saying(row, "side") || saying(row, "direction"),
            },
            {
              header: "Amount",
              figure: true,
              cell: (row) => saying(row, "amount") || "–",
              value: (row) => saying(row, "amount"),
            },
            {
              header: "Currency",
              cell: (row) => saying(row, "currency") || "–",
              value: (row) => saying(row, "currency"),
            },
            { header: "Reference", cell: (row) => row.reference ?? "–", value: (row) => row.reference ?? "" },
            {
              header: "Order",
              cell: (row) => (row.flow_id === null ? "–" : <code>{row.flow_id}</code>),
              value: (row) => row.flow_id ?? "",
            },
          ]}
          rows={page.lines}
          rowKey={(row) => String(row.position)}
          empty="No row is like that."
          file={`import-${page.import_id}`}
        />
      </section>
    </div>
  );
}

function MatchForm({ page, act }: { page: Import; act: Act }) {
  const open = page.lines.filter(({ outcome }) => outcome === "unmatched");
  const [row, setRow] = useState("");
  const [order, setOrder] = useState("");
  const [said, setSaid] = useState("");
  async function match(args: object) {
    const made = await act.run("fn_match_bank_lines", { import_id: page.import_id, ...args }, Matched);
    if (made !== undefined) setSaid(`${made.matched} lines are matched now; ${made.unmatched} are not.`);
  }
  return (
    <form
      aria-label="Lines without a match"
      onSubmit={(event) => {
        event.preventDefault();
        void match({ line_position: Number(row), flow_id: order.trim() });
      }}
    >
      <h3>Lines without a match</h3>
      <p className="buttons">
        <button type="button" disabled={act.busy} onClick={() => void match({})}>
          Try all of them again
        </button>
        <span className="faint">Orders that were placed since are looked at.</span>
      </p>
      {open.length > 0 && (
        <div className="filters">
          <label>
            Or one by hand: line
            <select value={row} onChange={(event) => setRow(event.target.value)}>
              <option value="">choose</option>
              {open.map((one) => (
                <option key={one.position} value={one.position}>
                  {one.line}: {saying(one, "side")} {saying(one, "amount")} {saying(one, "currency")}
                </option>
              ))}
            </select>
          </label>
          <label>
            Id of the order it pays
            <input value={order} onChange={(event) => setOrder(event.target.value)} />
          </label>
          <button type="submit" className="quiet" disabled={act.busy || row === "" || order.trim() === ""}>
            Match it
          </button>
        </div>
      )}
      <p role="status">{said}</p>
    </form>
  );
}

function UndoForm({ page }: { page: Import }) {
  const act = useAct();
  const [reason, setReason] = useState("");
  const [partial, setPartial] = useState(false);
  const [undone, setUndone] = useState<Undone | null>(null);
  async function undo(event: FormEvent) {
    event.preventDefault();
    setUndone((await act.run("fn_undo_import", { import_id: page.import_id, reason, partial }, Undone)) ?? null);
  }
  return (
    <details>
      <summary>Take the import back</summary>
      <form onSubmit={undo} aria-label="Take the import back">
        <p>
          {page.kind === "bank"
            ? "Cash that its lines confirmed is reversed; somebody else than who took it in does that."
            : "Its orders are cancelled. What was dealt already cannot be: without the tick below that refuses the whole."}
        </p>
        <label>
          Reason (no personal data)
          <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
        <label className="choice">
          <input type="checkbox" checked={partial} onChange={(event) => setPartial(event.target.checked)} />
          <span>Take back what can be, and list what was dealt</span>
        </label>
        <p className="buttons">
          <button type="submit" className="danger" disabled={act.busy || reason.trim() === ""}>
            Take back {page.accepted + page.unmatched} rows
          </button>
        </p>
        <p role="alert" className="problem">
          {act.problem}
        </p>
        {undone !== null && (
          <p role="status">
            {undone.undone} rows are taken back
            {undone.kept.length > 0 &&
              `; kept: ${undone.kept.map((one) => `line ${one.line}, ${one.reason}`).join("; ")}`}
            .
          </p>
        )}
      </form>
    </details>
  );
}
