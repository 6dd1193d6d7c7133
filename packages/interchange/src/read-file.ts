// The door of this package: a file of any kind that is known, to orders, statement lines or accounts, with what became of its columns.
import { accountsOf, type BankAccount } from "./accounts.ts";
import { decoded, type FileBytes, type FileSource, readBytes } from "./file-bytes.ts";
import { DEFAULT_LIMITS, type FileLimits } from "./limits.ts";
import type { MappedColumn, MappingFile } from "./mapping.ts";
import { type EsgRow, esgRowsOf, type MarketRow, marketRowsOf } from "./market.ts";
import { type OrderFile, ordersOf } from "./orders.ts";
import { isSetr, readSetr } from "./orders-setr.ts";
import { readCsv } from "./read-csv.ts";
import { readXlsx } from "./read-xlsx.ts";
import { type ReadRow, refuseFile } from "./refusals.ts";
import { linesOf, type StatementFile } from "./statement.ts";
import { isCamt053, readCamt } from "./statement-camt.ts";
import type { Table } from "./table.ts";
import { refuseOtherEncoding } from "./xml-records.ts";

export interface ReadFileOptions {
  mapping?: MappingFile | undefined;
  limits?: Partial<FileLimits> | undefined;
}

/** Of which bytes a reading was made. */
export interface FileIdentity {
  sha256: string;
  bytes: number;
}

interface Opened extends FileIdentity {
  limits: FileLimits;
  kind: FileBytes["kind"];
  content: Buffer;
}

async function opened(source: FileSource, options: ReadFileOptions): Promise<Opened> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { bytes, sha256, kind } = await readBytes(source, limits.bytes);
  return { limits, kind, content: bytes, sha256, bytes: bytes.length };
}

function table({ kind, content, limits }: Opened, mapping: MappingFile | undefined): Promise<Table> {
  if (kind === "xlsx") return readXlsx(content, limits, { sheet: mapping?.sheet, skipRows: mapping?.skip_rows });
  return Promise.resolve(
    readCsv(decoded(content, mapping?.encoding), limits, {
      delimiter: mapping?.delimiter,
      skipRows: mapping?.skip_rows,
    }),
  );
}

/** Namespace of the root, looked at before a reader is chosen. */
const namespaceOf = (text: string): string =>
  /<(?:[\w.-]+:)?Document\b[^>]*?\sxmlns(?::[\w.-]+)?\s*=\s*["']([^"']{1,200})["']/.exec(text.slice(0, 8192))?.[1] ??
  "";

function xmlText(file: Opened): string {
  const text = decoded(file.content, undefined);
  refuseOtherEncoding(text);
  return text;
}

/** Orders of CSV, XLSX, setr.010 or setr.004. Errors: EG404 no file, EG400 not one of them, EG413 beyond a limit. */
export async function readOrders(source: FileSource, options: ReadFileOptions = {}): Promise<OrderFile & FileIdentity> {
  const file = await opened(source, options);
  const identity = { sha256: file.sha256, bytes: file.bytes };
  if (file.kind !== "xml")
    return { format: file.kind, ...ordersOf(await table(file, options.mapping), options.mapping), ...identity };
  const text = xmlText(file);
  if (isCamt053(namespaceOf(text))) refuseFile("The file is a bank statement; use `import bank`.");
  return { ...readSetr(text, file.limits, options.mapping), ...identity };
}

/** Lines of a bank statement of CSV, XLSX or camt.053. Errors as of `readOrders`. */
export async function readStatement(
  source: FileSource,
  options: ReadFileOptions = {},
): Promise<StatementFile & FileIdentity> {
  const file = await opened(source, options);
  const identity = { sha256: file.sha256, bytes: file.bytes };
  if (file.kind !== "xml")
    return { format: file.kind, ...linesOf(await table(file, options.mapping), options.mapping), ...identity };
  const text = xmlText(file);
  if (isSetr(namespaceOf(text))) refuseFile("The file holds orders; use `import orders`.");
  return { ...readCamt(text, file.limits), ...identity };
}

export interface AccountFile extends FileIdentity {
  format: string;
  columns: MappedColumn[];
  rows: ReadRow<BankAccount>[];
}

/** Accounts to pay to and from, of CSV or XLSX. Errors as of `readOrders`. */
export async function readAccounts(source: FileSource, options: ReadFileOptions = {}): Promise<AccountFile> {
  const file = await opened(source, options);
  if (file.kind === "xml") refuseFile("Accounts come as CSV or XLSX.");
  return {
    format: file.kind,
    ...accountsOf(await table(file, options.mapping), options.mapping),
    sha256: file.sha256,
    bytes: file.bytes,
  };
}

/** Observations of CSV or XLSX. Errors as of `readOrders`; the first row that is none refuses the file. */
export async function readMarket(
  source: FileSource,
  options: ReadFileOptions = {},
): Promise<{ rows: MarketRow[] } & FileIdentity> {
  const file = await opened(source, options);
  if (file.kind === "xml") refuseFile("Market data come as CSV, XLSX or Parquet.");
  return {
    rows: marketRowsOf(await table(file, options.mapping), options.mapping),
    sha256: file.sha256,
    bytes: file.bytes,
  };
}

/** ESG scores of CSV or XLSX. Errors as of `readMarket`. */
export async function readEsg(
  source: FileSource,
  options: ReadFileOptions = {},
): Promise<{ rows: EsgRow[] } & FileIdentity> {
  const file = await opened(source, options);
  if (file.kind === "xml") refuseFile("ESG ratings come as CSV or XLSX.");
  return {
    rows: esgRowsOf(await table(file, options.mapping), options.mapping),
    sha256: file.sha256,
    bytes: file.bytes,
  };
}

export interface ColumnsOfFile extends FileIdentity {
  kind: FileBytes["kind"];
  /** None for a message in XML. */
  columns: { header: string; samples: string[] }[];
}

const SAMPLES = 3;

/** The columns of a CSV or XLSX file with their first values, before anybody says what they are. Errors as of `readOrders`. */
export async function readColumns(source: FileSource, options: ReadFileOptions = {}): Promise<ColumnsOfFile> {
  const file = await opened(source, options);
  const identity = { sha256: file.sha256, bytes: file.bytes, kind: file.kind };
  if (file.kind === "xml") return { ...identity, columns: [] };
  const { headers, rows } = await table(file, options.mapping);
  const samples = (at: number): string[] => rows.slice(0, SAMPLES).map(({ cells }) => cells[at]?.text ?? "");
  return { ...identity, columns: headers.map((header, at) => ({ header, samples: samples(at) })) };
}
