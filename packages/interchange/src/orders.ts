// Orders of a table: one order per row, in money or in units. What the database decides (notice, minimums, holdings) is not decided here.
import type { RowFields } from "./fields.ts";
import { TableFields } from "./fields.ts";
import type { FieldOf } from "./header-names.ts";
import { type MappedColumn, type MappingFile, mapColumns } from "./mapping.ts";
import { quoted, type ReadRow, refuseFile } from "./refusals.ts";
import type { Table } from "./table.ts";

/** An order as a file brings it; amounts are plain decimal strings, days YYYY-MM-DD. */
export interface ImportedOrder {
  /** The sender's own name of the order: by it a duplicate and a payment are recognised. */
  reference: string | null;
  /** Code or id of the investor. */
  investor: string;
  share_class: string | null;
  direction: "subscription" | "redemption";
  amount: string | null;
  units: string | null;
  currency: string | null;
  dealing_date: string | null;
  order_kind: "plain" | "switch" | "transfer";
  to_class: string | null;
  to_investor: string | null;
}

export interface OrderFile {
  format: string;
  columns: MappedColumn[];
  rows: ReadRow<ImportedOrder>[];
  notes: string[];
}

/** Words for the direction of an order that need no mapping. */
const SUBSCRIPTIONS = new Set([
  "subscription",
  "subscribe",
  "sub",
  "s",
  "buy",
  "b",
  "purchase",
  "zeichnung",
  "kauf",
  "ausgabe",
]);
const REDEMPTIONS = new Set([
  "redemption",
  "redeem",
  "red",
  "r",
  "sell",
  "sale",
  "repurchase",
  "rucknahme",
  "ruckgabe",
  "verkauf",
]);
const KINDS = ["plain", "switch", "transfer"] as const;

type OrderField = FieldOf<"orders">;

/** Orders of a table. Errors: EG400 when no column is the investor, the direction, or the amount or units. */
export function ordersOf(table: Table, mapping: MappingFile | undefined): Omit<OrderFile, "format"> {
  const columns = mapColumns(table, "orders", mapping);
  const fields = new TableFields<OrderField>(table, columns, mapping);
  for (const field of ["investor", "direction"] as const)
    if (!fields.has(field)) refuseFile(`No column is the ${field}; name it in a mapping file (--map).`);
  if (!fields.has("amount") && !fields.has("units"))
    refuseFile("No column is the amount or the units; name one in a mapping file (--map).");
  const rows = table.rows.map((row) =>
    readOrder(
      fields.row(row),
      row.cells.length > table.headers.length
        ? row.cells.slice(table.headers.length).some((cell) => cell.text.trim() !== "")
        : false,
    ),
  );
  noteDuplicates(rows);
  return { columns, rows, notes: table.notes };
}

function readOrder(row: RowFields<OrderField>, wide: boolean): ReadRow<ImportedOrder> {
  if (wide) row.problems.push({ line: row.line, reason: "has more cells than the header row." });
  const reference = row.text("reference", 35);
  const investor = row.required("investor");
  const direction = directionOf(row);
  const amount = positive(row, "amount");
  const units = positive(row, "units");
  const currency = row.text("currency")?.toUpperCase() ?? null;
  if (currency !== null && !/^[A-Z]{3}$/.test(currency)) row.problem("currency", "is not a code of three letters.");
  const kind = row.text("order_kind")?.toLowerCase() ?? "plain";
  const order_kind = KINDS.find((one) => one === kind);
  if (order_kind === undefined) row.problem("order_kind", `${quoted(kind, 30)} is neither plain, switch nor transfer.`);
  const share_class = row.text("share_class");
  const dealing_date = row.date("dealing_date");
  const [to_class, to_investor] = [row.text("to_class"), row.text("to_investor")];
  if (row.problems.length === 0 && (amount === null) === (units === null))
    row.problem(
      amount === null ? "amount" : "units",
      amount === null
        ? "is missing, and so are the units."
        : "and an amount are both given; an order is in money or in units.",
    );
  if (row.problems.length > 0 || investor === null || direction === null || order_kind === undefined)
    return { line: row.line, problems: row.problems };
  return {
    line: row.line,
    problems: [],
    value: {
      reference,
      investor,
      share_class,
      direction,
      amount,
      units,
      currency,
      dealing_date,
      order_kind,
      to_class,
      to_investor,
    },
  };
}

function directionOf(row: RowFields<OrderField>): "subscription" | "redemption" | null {
  const word = row.required("direction");
  if (word === null) return null;
  const bare = word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  if (SUBSCRIPTIONS.has(bare)) return "subscription";
  if (REDEMPTIONS.has(bare)) return "redemption";
  return row.problem(
    "direction",
    `${quoted(word, 30)} is neither a subscription nor a redemption; say what it means in the mapping file (values).`,
  );
}

/** A positive number; an empty cell and a zero beside the other measure are none. */
function positive(row: RowFields<OrderField>, field: "amount" | "units"): string | null {
  const value = row.decimal(field);
  if (value === null || value === "0") return null;
  return value.startsWith("-") ? row.problem(field, "is negative; the direction says which way an order goes.") : value;
}

/** What the rows of one file may not share: a reference, or everything when they have none. */
export function noteDuplicates(rows: ReadRow<ImportedOrder>[]): void {
  const seen = new Map<string, number>();
  for (const row of rows) {
    if (!row.value) continue;
    const { reference } = row.value;
    const key = reference === null ? JSON.stringify(row.value) : `reference ${reference}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, row.line);
      continue;
    }
    row.problems.push(
      reference === null
        ? { line: row.line, reason: `is the same as line ${first}; if both are meant, give each a reference.` }
        : { line: row.line, column: "reference", reason: `${quoted(reference, 40)} stands on line ${first} already.` },
    );
    delete row.value;
  }
}
