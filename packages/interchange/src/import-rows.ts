// Rows of a file as the functions of the database take them: values without what is null, or the first problem of a row that has some.
import type { ReadRow } from "./refusals.ts";

const LONGEST = { reason: 500, column: 200 } as const;

export const importRows = (rows: readonly ReadRow<object>[]): Record<string, unknown>[] =>
  rows.map(({ line, value, problems }) => {
    const [first, ...more] = problems;
    if (!first) return { line, ...Object.fromEntries(Object.entries(value ?? {}).filter(([, one]) => one !== null)) };
    const also = more.length === 0 ? "" : ` (and ${more.length} more)`;
    return {
      line,
      problem: `${first.reason}${also}`.slice(0, LONGEST.reason),
      ...(first.column === undefined ? {} : { column: first.column.slice(0, LONGEST.column) }),
    };
  });
