// A file against the book: outcomes by position, exact totals of what would be taken.
import { expect, it } from "vitest";
import { diffOf, sumOf, totals } from "./diff.ts";
import { Imported, Upload } from "./file-shapes.ts";

it.each([
  [["0.1", "0.2"], "0.3"],
  [["9007199254740993", "0.0001"], "9007199254740993.0001"],
  [["10.50", "-20"], "-9.50"],
  [["-0.05", "0.01"], "-0.04"],
  [["", "many"], "0"],
])("%j come to %s", (amounts, sum) => {
  expect(sumOf(amounts)).toBe(sum);
});

it("rows that would be taken are summed, the others carry their reason", () => {
  const upload = Upload.parse({
    kind: "orders",
    format: "csv",
    sha256: "0",
    bytes: 1,
    fields: [],
    columns: [],
    notes: [],
    problem: null,
    rows: [
      { line: 2, direction: "subscription", currency: "USD", amount: "100.10" },
      { line: 3, direction: "subscription", currency: "USD", amount: "7" },
      { line: 4, direction: "subscription", currency: "USD", amount: "0.90" },
    ],
  });
  const answer = Imported.parse({
    import_id: null,
    status: "dry_run",
    repeated: false,
    rows: 3,
    accepted: 2,
    refused: 1,
    unmatched: 0,
    refusals: [{ position: 2, line: 3, outcome: "refused", code: "EG404", reason: "No investor with that code." }],
  });
  const rows = diffOf(upload, answer);
  expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ["new", ""],
    ["refused", "No investor with that code."],
    ["new", ""],
  ]);
  expect(totals(rows)).toEqual([{ way: "subscription", currency: "USD", rows: 2, amount: "101.00" }]);
});
