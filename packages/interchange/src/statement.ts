// Lines of a bank statement from a table: what came in, what went out, and how to know whose it is. Names of people are not read.
import { accountNumber } from "./accounts.ts";
import { type RowFields, TableFields } from "./fields.ts";
import type { FieldOf } from "./header-names.ts";
import { type MappedColumn, type MappingFile, mapColumns } from "./mapping.ts";
import { quoted, type ReadRow, refuseFile } from "./refusals.ts";
import type { Table } from "./table.ts";

/** One movement on the account; the amount is positive, `side` says which way. */
export interface BankLine {
  /** The fund's own account, where the file names it. */
  account: string | null;
  booked_on: string;
  value_on: string | null;
  side: "credit" | "debit";
  amount: string;
  currency: string | null;
  /** The bank's own name of the movement. */
  reference: string | null;
  end_to_end: string | null;
  remittance: string | null;
  counterparty_account: string | null;
  /** Takes back an earlier movement, or returns it. */
  reversal: boolean;
}

export interface StatementFile {
  format: string;
  columns: MappedColumn[];
  rows: ReadRow<BankLine>[];
  notes: string[];
}

type BankField = FieldOf<"bank">;
const CREDITS = new Set(["credit", "crdt", "cr", "c", "h", "haben", "gutschrift", "in", "+"]);
const DEBITS = new Set(["debit", "dbit", "dr", "d", "s", "soll", "lastschrift", "out", "-"]);

/** Lines of a table. Errors: EG400 when no column is the day of booking or says how much. */
export function linesOf(table: Table, mapping: MappingFile | undefined): Omit<StatementFile, "format"> {
  const columns = mapColumns(table, "bank", mapping);
  const fields = new TableFields<BankField>(table, columns, mapping);
  if (!fields.has("booked_on")) refuseFile("No column is the booked_on; name it in a mapping file (--map).");
  const split = fields.has("credit") || fields.has("debit");
  if (split === fields.has("amount"))
    refuseFile(
      split
        ? "There are columns for the amount and for credit and debit; map one or the others (--map)."
        : "No column is the amount; name it, or credit and debit, in a mapping file (--map).",
    );
  return {
    columns,
    rows: table.rows.map((row) => readLine(fields.row(row), split, fields.has("side"))),
    notes: table.notes,
  };
}

function readLine(row: RowFields<BankField>, split: boolean, hasSide: boolean): ReadRow<BankLine> {
  const booked_on =
    row.date("booked_on") ?? (row.problems.length === 0 ? row.problem("booked_on", "is missing.") : null);
  const moved = split ? splitAmount(row) : signedAmount(row, hasSide);
  const currency = row.text("currency")?.toUpperCase() ?? null;
  if (currency !== null && !/^[A-Z]{3}$/.test(currency)) row.problem("currency", "is not a code of three letters.");
  const ownText = row.text("account");
  const account = ownText === null ? null : (accountNumber(ownText) ?? row.problem("account", "is no account number."));
  const otherText = row.text("counterparty_account");
  const value: Omit<BankLine, "booked_on" | "side" | "amount"> = {
    account,
    value_on: row.date("value_on"),
    currency,
    reference: row.text("reference"),
    end_to_end: row.text("end_to_end"),
    remittance: row.freeText("remittance"),
    // the account of somebody else is a help to match and no reason to refuse
    counterparty_account: otherText === null ? null : (accountNumber(otherText) ?? null),
    reversal: false,
  };
  if (row.problems.length > 0 || booked_on === null || moved === null)
    return { line: row.line, problems: row.problems };
  return { line: row.line, problems: [], value: { ...value, booked_on, ...moved } };
}

type Moved = { side: "credit" | "debit"; amount: string };

function signedAmount(row: RowFields<BankField>, hasSide: boolean): Moved | null {
  const known = row.problems.length;
  const amount = row.decimal("amount");
  if (amount === null) return row.problems.length === known ? row.problem("amount", "is missing.") : null;
  if (amount === "0") return row.problem("amount", "is zero.");
  const negative = amount.startsWith("-");
  const bare = amount.replace("-", "");
  if (!hasSide) return { side: negative ? "debit" : "credit", amount: bare };
  const word = row.required("side")?.toLowerCase();
  if (word === undefined) return null;
  const side = CREDITS.has(word) ? "credit" : DEBITS.has(word) ? "debit" : undefined;
  if (side === undefined)
    return row.problem(
      "side",
      `${quoted(word, 30)} is neither credit nor debit; say what it means in the mapping file (values).`,
    );
  return negative && side === "credit"
    ? row.problem("amount", "is negative and yet a credit.")
    : { side, amount: bare };
}

function splitAmount(row: RowFields<BankField>): Moved | null {
  const known = row.problems.length;
  const [credit, debit] = [row.decimal("credit"), row.decimal("debit")];
  if (row.problems.length > known) return null;
  const [into, out] = [credit === "0" ? null : credit, debit === "0" ? null : debit];
  if (into !== null && out !== null) return row.problem("credit", "and debit are both given.");
  if (into === null && out === null) return row.problem("credit", "and debit are both missing.");
  if (into !== null)
    return into.startsWith("-") ? row.problem("credit", "is negative.") : { side: "credit", amount: into };
  return { side: "debit", amount: (out ?? "").replace("-", "") };
}
