// What a list file may cost to read, and the words in which it is refused. Beyond a limit: EG413, before more is held in memory.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export interface ListLimits {
  /** Bytes of all files of a list together. */
  bytes: number;
  /** Entries, and rows of a table. */
  rows: number;
  /** Characters of one cell, text or attribute. */
  text: number;
  /** Characters of one record of a table. */
  record: number;
  /** Names of one entry. */
  names: number;
  depth: number;
  elements: number;
}

export const LIST_LIMITS: Readonly<ListLimits> = {
  bytes: 512 * 1024 * 1024,
  rows: 3_000_000,
  text: 64 * 1024,
  record: 1024 * 1024,
  names: 2_000,
  depth: 32,
  elements: 50_000_000,
};

/** Characters of one name of an entry. */
export const LONGEST_NAME = 2_000;

export const tooLarge = (what: string): never => {
  throw new EvergreenError("EG413", `The list is refused: ${what}`);
};

export const refused = (what: string, cause?: unknown): never => {
  throw new EvergreenError("EG400", `The list is refused: ${what}`, { cause });
};
