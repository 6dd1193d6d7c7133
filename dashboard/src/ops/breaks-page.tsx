// The reconciliation board: what does not agree between bank, book and sources, the oldest first, with its age, its reason and the next step.
import { Breaks } from "@evergreen-fund/domain/desk-pages.ts";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { number, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { OpsMenu } from "./ops-menu.tsx";

type Break = Breaks["breaks"][number];

const KINDS: Readonly<Record<string, { name: string; next: string }>> = {
  bank_only: { name: "Bank, not in the book", next: "Match the line to its order, or have it sent back" },
  unfunded: { name: "Book, not at the bank: to come in", next: "Take in the statement that has it; ask the investor" },
  unpaid: {
    name: "Book, not at the bank: to be paid",
    next: "Send the payment file; take in the statement that has it",
  },
  day_not_closed: {
    name: "Day posted, not closed",
    next: "Read its blockers on the desk; it closes by itself when all agrees",
  },
  source_held: { name: "Source against the book", next: "A second person confirms or rejects the value" },
};
/** Older than this, somebody has to say why. */
const AGES = ["1", "5", "30"] as const;

export default function BreaksPage() {
  const search = useSearch({ from: "/ops/reconciliation" });
  const query = useRpc("fn_read_breaks", {}, Breaks);
  return (
    <>
      <h1 tabIndex={-1}>Reconciliation</h1>
      <OpsMenu />
      <ReadState query={query}>{(board) => <Board board={board} search={search} />}</ReadState>
    </>
  );
}

function Board({ board, search }: { board: Breaks; search: { kind?: string; days?: string } }) {
  const navigate = useNavigate();
  const rows = board.breaks.filter(
    (row) =>
      (search.kind === undefined || row.kind === search.kind) &&
      (search.days === undefined || (row.days ?? 0) >= Number(search.days)),
  );
  const go = (name: "kind" | "days", value: string) => {
    const { [name]: _, ...others } = search;
    void navigate({ to: "/ops/reconciliation", search: value === "" ? others : { ...others, [name]: value } });
  };
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="breaks">
        <h2 id="breaks">What does not agree</h2>
        <p data-figure="breaks">
          {board.breaks.length === 0 ? "Everything agrees." : `${board.breaks.length} breaks.`} Agreed: {board.matched}{" "}
          lines of statements, {board.settled} settled orders.
        </p>
        <form className="filters" aria-label="Which breaks">
          <label>
            Between
            <select value={search.kind ?? ""} onChange={(event) => go("kind", event.target.value)}>
              <option value="">all</option>
              {Object.entries(KINDS).map(([kind, { name }]) => (
                <option key={kind} value={kind}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Age
            <select value={search.days ?? ""} onChange={(event) => go("days", event.target.value)}>
              <option value="">any</option>
              {AGES.map((days) => (
                <option key={days} value={days}>
                  {days} days and more
                </option>
              ))}
            </select>
          </label>
        </form>
        <DataTable
          caption="Breaks, the oldest first"
          columns={[
            { header: "Between", cell: (row) => KINDS[row.kind]?.name ?? nameOf(row.kind), value: (row) => row.kind },
            {
              header: "Age in days",
              figure: true,
              cell: (row) => (row.days === null ? "–" : String(row.days)),
              value: (row) => String(row.days ?? ""),
            },
            {
              header: "Since",
              cell: (row) => (row.since === null ? "–" : time(row.since)),
              value: (row) => row.since ?? "",
            },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            {
              header: "Amount",
              figure: true,
              cell: (row) => (row.amount === null ? "–" : number(row.amount)),
              value: (row) => row.amount ?? "",
            },
            { header: "Currency", cell: (row) => row.currency ?? "–", value: (row) => row.currency ?? "" },
            { header: "Why", cell: (row) => row.reason, value: (row) => row.reason },
            { header: "Reference", cell: (row) => row.reference ?? "–", value: (row) => row.reference ?? "" },
            { header: "Next step", cell: (row) => <Next row={row} />, value: (row) => KINDS[row.kind]?.next ?? "" },
            { header: "Id", value: (row) => row.id },
          ]}
          rows={rows}
          rowKey={(row) => `${row.kind}/${row.id}`}
          empty="No break is like that."
          file="breaks"
        />
      </section>
      <section className="tile across" aria-labelledby="statements">
        <h2 id="statements">Statements of the bank</h2>
        <DataTable
          caption="The newest statements"
          columns={[
            {
              header: "File",
              cell: (row) => (
                <Link to="/ops/imports/$importId" params={{ importId: row.import_id }}>
                  {row.file_name}
                </Link>
              ),
              value: (row) => row.file_name,
            },
            { header: "Fund", cell: (row) => row.fund, value: (row) => row.fund },
            { header: "Taken in", cell: (row) => time(row.recorded_at), value: (row) => row.recorded_at },
            {
              header: "Matched",
              figure: true,
              cell: (row) => String(row.matched),
              value: (row) => String(row.matched),
            },
            {
              header: "Not matched",
              figure: true,
              cell: (row) => String(row.unmatched),
              value: (row) => String(row.unmatched),
            },
          ]}
          rows={board.statements}
          rowKey={(row) => row.import_id}
          empty="No statement has been taken in yet."
          file="statements"
        />
      </section>
    </div>
  );
}

function Next({ row }: { row: Break }) {
  const words = KINDS[row.kind]?.next ?? "See what it is";
  return row.import_id === null ? (
    words
  ) : (
    <Link to="/ops/imports/$importId" params={{ importId: row.import_id }} search={{ outcome: "unmatched" }}>
      {words}
    </Link>
  );
}
