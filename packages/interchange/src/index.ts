// Files in and out: orders, bank statements and accounts from CSV, XLSX and ISO 20022; credit transfers to ISO 20022. No database, no network.
export { accountNumber, type BankAccount, isIban } from "./accounts.ts";
export { sumOf } from "./decimals.ts";
export { ENCODINGS, type FileSource } from "./file-bytes.ts";
export { FIELDS, type ImportKind } from "./header-names.ts";
export { importRows } from "./import-rows.ts";
export { DEFAULT_LIMITS, type FileLimits } from "./limits.ts";
export { type MappedColumn, MappingFile, parseMapping } from "./mapping.ts";
export { ESG_METRICS, type EsgRow, type MarketRow } from "./market.ts";
export type { ImportedOrder, OrderFile } from "./orders.ts";
export { type PaymentFile, PaymentOrder, writePain001 } from "./pain-001.ts";
export { parsePlainDocument } from "./plain-document.ts";
export {
  type AccountFile,
  type ColumnsOfFile,
  type FileIdentity,
  type ReadFileOptions,
  readAccounts,
  readColumns,
  readEsg,
  readMarket,
  readOrders,
  readStatement,
} from "./read-file.ts";
export { quoted, type ReadRow, type RowProblem } from "./refusals.ts";
export type { BankLine, StatementFile } from "./statement.ts";
