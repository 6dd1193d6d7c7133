// A table with a caption and files (CSV, XLSX) of exactly the rows and columns that it shows.
import type { ReactNode } from "react";
import { FilesOfTable } from "./files-of-table.tsx";

export interface Column<R> {
  header: string;
  /** Right-aligned with tabular figures. */
  figure?: boolean;
  /** Left out, what the column holds stands in another cell already, and by itself only in the file. */
  cell?: (row: R) => ReactNode;
  /** What the file holds: the exact value; left out, the column is for people only. */
  value?: (row: R) => string;
}

interface Props<R> {
  caption: string;
  /** A heading above says the same: the caption is for those who do not see it, and for the files. */
  captioned?: boolean;
  columns: readonly Column<R>[];
  rows: readonly R[];
  rowKey: (row: R) => string;
  empty: string;
  /** Name of the files without their endings; left out, there is none. */
  file?: string;
}

export function DataTable<R>({ caption, captioned = false, columns, rows, rowKey, empty, file }: Props<R>) {
  if (rows.length === 0) return <p className="empty">{empty}</p>;
  const visible = columns.flatMap(({ cell, ...column }) => (cell === undefined ? [] : [{ ...column, cell }]));
  const exported = columns.filter((column) => column.value !== undefined);
  return (
    <div className="table">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard too */}
      <section className="scroll" tabIndex={0} aria-label={caption}>
        <table>
          <caption>{captioned ? <span className="unseen">{caption}</span> : caption}</caption>
          <thead>
            <tr>
              {visible.map((column) => (
                <th key={column.header} scope="col" className={column.figure ? "figure" : undefined}>
                  {column.header}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={rowKey(row)}>
                {visible.map((column, at) =>
                  at === 0 ? (
                    <th key={column.header} scope="row">
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.header} className={column.figure ? "figure" : undefined}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {file !== undefined && (
        <FilesOfTable
          caption={caption}
          file={file}
          columns={exported}
          rows={() => rows.map((row) => exported.map((column) => column.value?.(row) ?? ""))}
        />
      )}
    </div>
  );
}
