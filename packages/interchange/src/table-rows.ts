// From rows of cells to a table: the header row found and checked, empty rows left out, rows beyond the limit refused.
import type { FileLimits } from "./limits.ts";
import { isUnfit, quoted, refuse, refuseFile, refuseSize } from "./refusals.ts";
import { isBlank, type Table, type TableRow } from "./table.ts";

/** Errors: EG400 no header row, a header twice or unfit, a row wider than the header; EG413 too many rows. */
export function tableOf(rows: readonly TableRow[], limits: FileLimits, skipRows: number, notes: string[] = []): Table {
  const filled = rows.filter((row) => row.cells.some((cell) => !isBlank(cell)));
  const [head, ...body] = filled.slice(skipRows);
  if (!head) return refuseFile(skipRows > 0 ? "No row is left after those that are skipped." : "The file has no rows.");
  const headers = head.cells.map((cell) => cell.text.trim().replace(/\s+/g, " "));
  while (headers.at(-1) === "") headers.pop();
  for (const [at, header] of headers.entries()) {
    if (isUnfit(header)) refuse(head.line, `the header ${quoted(header)} holds characters that cannot be seen.`);
    const first = headers.indexOf(header);
    if (header !== "" && first !== at) refuse(head.line, `two columns are called ${quoted(header)}.`);
  }
  if (body.length > limits.rows)
    refuseSize(body[limits.rows]?.line ?? 1, `the file has more than ${limits.rows} rows.`);
  return { line: head.line, headers, rows: body, notes };
}
