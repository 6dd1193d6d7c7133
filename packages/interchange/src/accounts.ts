// Account numbers: IBANs with their check digits, others as they are written; BICs; and a table of accounts to pay to and from.
import { TableFields } from "./fields.ts";
import { type MappedColumn, type MappingFile, mapColumns } from "./mapping.ts";
import { type ReadRow, refuseFile } from "./refusals.ts";
import type { Table } from "./table.ts";

/** Length of an IBAN by country would go stale; ISO 13616 bounds it at 34 and the check digits do the rest. */
const IBAN = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;
export const BIC = /^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/;
const OTHER = /^[A-Za-z0-9][A-Za-z0-9./-]{2,33}$/;

/** Whether the check digits of ISO 13616 (mod 97 = 1) are right. */
export function isIban(text: string): boolean {
  if (!IBAN.test(text)) return false;
  const moved = text.slice(4) + text.slice(0, 4);
  let rest = 0;
  for (const character of moved)
    for (const digit of Number.parseInt(character, 36).toString()) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
}

/** An account number as it is compared: no spaces, an IBAN in capitals. Undefined: none. */
export function accountNumber(text: string): string | undefined {
  const bare = text.replace(/\s+/g, "");
  const capitals = bare.toUpperCase();
  if (/^[A-Z]{2}\d{2}[A-Z0-9]{11}/.test(capitals)) return isIban(capitals) ? capitals : undefined;
  return OTHER.test(bare) ? bare : undefined;
}

export interface BankAccount {
  /** Code or id of the investor; null: the fund's own account. */
  investor: string | null;
  account: string;
  bic: string | null;
  holder: string;
  currency: string;
}

/** Accounts of a table. Errors: EG400 when a column is missing; per row what is no account. */
export function accountsOf(
  table: Table,
  mapping: MappingFile | undefined,
): { columns: MappedColumn[]; rows: ReadRow<BankAccount>[] } {
  const columns = mapColumns(table, "accounts", mapping);
  const fields = new TableFields(table, columns, mapping);
  for (const field of ["account", "holder", "currency"] as const)
    if (!fields.has(field)) refuseFile(`No column is the ${field}; name it in a mapping file (--map).`);
  return {
    columns,
    rows: table.rows.map((line) => {
      const row = fields.row(line);
      const written = row.required("account");
      const account = written === null ? undefined : accountNumber(written);
      if (written !== null && account === undefined)
        row.problem("account", "is neither an IBAN with right check digits nor an account number.");
      const bic = row.text("bic")?.toUpperCase() ?? null;
      if (bic !== null && !BIC.test(bic)) row.problem("bic", "is not a BIC of 8 or 11 characters.");
      const holder = row.required("holder");
      if (holder !== null && [...holder].length > 140) row.problem("holder", "is longer than 140 characters.");
      const currency = row.required("currency")?.toUpperCase() ?? null;
      if (currency !== null && !/^[A-Z]{3}$/.test(currency)) row.problem("currency", "is not a code of three letters.");
      const investor = row.text("investor");
      if (row.problems.length > 0 || account === undefined || holder === null || currency === null)
        return { line: row.line, problems: row.problems };
      return { line: row.line, problems: [], value: { investor, account, bic, holder, currency } };
    }),
  };
}
