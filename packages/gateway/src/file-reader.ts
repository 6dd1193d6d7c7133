// Files that a person hands over in the browser, read to rows: nothing is kept and nothing is changed here. What becomes of the rows a function of
// the database decides, under the person's own role, when the page sends them there.
import { type ErrorCode, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { MappingFile } from "@evergreen-fund/interchange";
import type { Context } from "hono";

/** Who takes files in. */
export const READER_ROLES: readonly string[] = ["ops_role"];

const KINDS = ["orders", "bank"] as const;
type Kind = (typeof KINDS)[number];
const STATUS: Partial<Record<ErrorCode, 400 | 413>> = { EG400: 400, EG413: 413 };

/** Reads one file of a form (`file`, `kind`, `mapping` as JSON). A table that cannot be mapped yet answers its columns and says why. */
export async function answerUpload(context: Context): Promise<Response> {
  try {
    const form = await context.req.parseBody();
    const { file, mapping } = form;
    const kind = KINDS.find((one) => one === form.kind);
    if (!(file instanceof File) || kind === undefined)
      throw new EvergreenError("EG400", `Send a file and its kind: ${KINDS.join(", ")}.`);
    return context.json(await readUpload(new Uint8Array(await file.arrayBuffer()), kind, mapping));
  } catch (error) {
    const status = error instanceof EvergreenError ? STATUS[error.code] : undefined;
    if (!(error instanceof EvergreenError) || status === undefined) throw error;
    return context.json({ code: error.code, message: error.message, details: null, hint: null }, status);
  }
}

async function readUpload(bytes: Uint8Array, kind: Kind, given: unknown): Promise<object> {
  const { FIELDS, importRows, parseMapping, readColumns, readOrders, readStatement } = await import(
    "@evergreen-fund/interchange"
  );
  const mapping: MappingFile | undefined =
    typeof given === "string" && given !== "" ? parseMapping(given, kind) : undefined;
  const peeked = await readColumns(bytes, { mapping });
  const read = { orders: readOrders, bank: readStatement }[kind];
  const base = { kind, sha256: peeked.sha256, bytes: peeked.bytes, fields: Object.keys(FIELDS[kind]) };
  try {
    const file = await read(bytes, { mapping });
    const fieldOf = new Map(file.columns.map(({ header, field }) => [header, field]));
    return {
      ...base,
      format: file.format,
      columns: peeked.columns.map((column) => ({ ...column, field: fieldOf.get(column.header) ?? null })),
      rows: importRows(file.rows),
      notes: file.notes,
      problem: null,
    };
  } catch (error) {
    // a table whose columns are not understood is shown, so that a person can say what they are
    if (!(error instanceof EvergreenError) || peeked.columns.length === 0) throw error;
    const columns = peeked.columns.map((column) => ({ ...column, field: mapped(mapping, column.header) }));
    return { ...base, format: peeked.kind, columns, rows: [], notes: [], problem: error.message };
  }
}

const mapped = (mapping: MappingFile | undefined, header: string): string | null =>
  Object.entries(mapping?.columns ?? {}).find(([, named]) => named === header)?.[0] ?? null;
