// What a dry run found: how many rows would be taken, what they come to, and each row that would not, with its reason.
import { useState } from "react";
import { DataTable } from "../ui/data-table.tsx";
import { number } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { type DiffRow, diffOf, saying, totals } from "./diff.ts";
import type { Imported, Upload } from "./file-shapes.ts";

/** More rows than this nobody reads on a page; the others are in the file itself. */
const SHOWN = 200;

const WORDS: Readonly<Record<string, string>> = {
  new: "would be taken in",
  refused: "refused",
  unmatched: "no order matches",
  duplicate: "in the book already",
};
const outcomeName = (outcome: string): string => WORDS[outcome] ?? nameOf(outcome);

export function ImportDiff({ upload, answer }: { upload: Upload; answer: Imported }) {
  const [only, setOnly] = useState("");
  const rows = diffOf(upload, answer);
  const outcomes = [...new Set(rows.map(({ outcome }) => outcome))];
  const wanted = rows.filter(({ outcome }) => only === "" || outcome === only);
  const bank = upload.kind === "bank";
  const text = (header: string, name: string) => ({
    header,
    cell: (row: DiffRow) => saying(row, name) || "–",
    value: (row: DiffRow) => saying(row, name),
  });
  return (
    <>
      <p data-figure="dry-run" role="status">
        {answer.rows} rows: {answer.accepted} would be {bank ? "matched to orders" : "placed as orders"},{" "}
        {answer.refused} refused{bank && `, ${answer.unmatched} kept without a match`}. Nothing was changed.
      </p>
      <DataTable
        caption="What the rows that would be taken come to"
        columns={[
          { header: "Way", cell: (row) => nameOf(row.way), value: (row) => row.way },
          { header: "Rows", figure: true, cell: (row) => String(row.rows), value: (row) => String(row.rows) },
          { header: "Amount", figure: true, cell: (row) => number(row.amount), value: (row) => row.amount },
          {
            header: "Currency",
            cell: (row) => row.currency || "of the class",
            value: (row) => row.currency,
          },
        ]}
        rows={totals(rows)}
        rowKey={(row) => `${row.way}/${row.currency}`}
        empty="No row would be taken in."
        file="import-totals"
      />
      <label>
        Show
        <select value={only} onChange={(event) => setOnly(event.target.value)}>
          <option value="">every row</option>
          {outcomes.map((outcome) => (
            <option key={outcome} value={outcome}>
              {outcomeName(outcome)}
            </option>
          ))}
        </select>
      </label>
      {wanted.length > SHOWN && (
        <p className="hint">
          The first {SHOWN} of {wanted.length} rows are shown.
        </p>
      )}
      <DataTable
        caption="The file against the book, row by row"
        columns={[
          { header: "Line", cell: (row) => String(row.line), value: (row) => String(row.line) },
          {
            header: "Outcome",
            cell: (row) => <strong>{outcomeName(row.outcome)}</strong>,
            value: (row) => row.outcome,
          },
          { header: "Why", cell: (row) => row.reason || "–", value: (row) => row.reason },
          ...(bank
            ? [text("Booked", "booked_on"), text("Way", "side")]
            : [text("Investor", "investor"), text("Way", "direction"), text("Class", "share_class")]),
          {
            header: "Amount",
            figure: true,
            cell: (row) => saying(row, "amount") || "–",
            value: (row) => saying(row, "amount"),
          },
          text("Currency", "currency"),
          ...(bank ? [] : [text("Units", "units"), text("Dealing date", "dealing_date")]),
          text("Reference", "reference"),
        ]}
        rows={wanted.slice(0, SHOWN)}
        rowKey={(row) => String(row.position)}
        empty="No row is like that."
        file="import-rows"
      />
    </>
  );
}
