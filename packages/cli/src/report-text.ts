// A report as lines of a terminal: its headings, facts and tables; a plot is left to the table beside it.
import type { Block } from "@evergreen-fund/reports";
import { facts, plain, table } from "./output.ts";

/** Longest cell of a table on a terminal. */
const MOST = 110;

function lines(block: Block): string {
  if (block.kind === "plot") return "";
  if (block.kind === "heading") return plain(block.text);
  if (block.kind === "text") return plain(block.text);
  if (block.kind === "facts") return facts(block.rows);
  return table(
    block.rows,
    block.columns.map(({ header, figure }, at) => ({
      header,
      value: (cells: readonly string[]) => cells[at] ?? "",
      most: MOST,
      ...(figure === true ? { figure } : {}),
    })),
    block.none,
  );
}

export const blocksText = (blocks: readonly Block[]): string =>
  blocks
    .map(lines)
    .filter((text) => text !== "")
    .join("\n\n");
