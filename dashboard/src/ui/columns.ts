// Columns that many tables have: a figure that may be missing, and a moment.
import { number, time } from "../words/format.ts";
import type { Column } from "./data-table.tsx";

/** A decimal of the row as people read it, "–" where there is none; the file holds it as it came. */
export const figureColumn = <R>(header: string, of: (row: R) => string | null): Column<R> => ({
  header,
  figure: true,
  cell: (row) => {
    const figure = of(row);
    return figure === null ? "–" : number(figure);
  },
  value: (row) => of(row) ?? "",
});

/** ISO 8601 in the file. */
export const timeColumn = <R>(header: string, of: (row: R) => string): Column<R> => ({
  header,
  cell: (row) => time(of(row)),
  value: of,
});
