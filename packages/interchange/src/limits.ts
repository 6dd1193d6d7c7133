// What a file may cost to read. A file beyond one of these is refused whole (EG413) before it is held in memory.

export interface FileLimits {
  /** Bytes of the file. */
  bytes: number;
  /** Rows of a table, lines of a statement, orders of a message. */
  rows: number;
  /** Columns of a table. */
  columns: number;
  /** Characters of one cell, text, attribute value, name or comment. */
  text: number;
  /** Characters of one CSV record. */
  record: number;
  /** XML elements inside each other. */
  depth: number;
  /** Attributes of one XML element. */
  attributes: number;
  /** XML elements of one document. */
  elements: number;
  /** XML elements of one entry of a statement or one order. */
  record_elements: number;
  /** Parts of a workbook, and bytes of them once unpacked. */
  parts: number;
  unpacked: number;
}

export const DEFAULT_LIMITS: Readonly<FileLimits> = {
  bytes: 32 * 1024 * 1024,
  rows: 50_000,
  columns: 200,
  text: 32 * 1024,
  record: 256 * 1024,
  depth: 64,
  attributes: 64,
  elements: 8_000_000,
  record_elements: 200_000,
  parts: 2_000,
  unpacked: 256 * 1024 * 1024,
};
