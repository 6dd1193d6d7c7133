// How a file or a row of it is refused: the file whole as a coded error with its line, a row as a problem with line, column and reason.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/** What is wrong with one row; the other rows may still be read. */
export interface RowProblem {
  /** Line of the file, row of the sheet. */
  line: number;
  /** Header of the column, or the field where there is no column. */
  column?: string;
  reason: string;
}

/** A row as it was read: its value, or what is wrong with it. */
export interface ReadRow<Value> {
  line: number;
  value?: Value;
  problems: RowProblem[];
}

/** Refuses the file: EG400 with the line and the reason. */
export function refuse(line: number, reason: string, cause?: unknown): never {
  throw new EvergreenError("EG400", `line ${line}: ${reason}`, cause === undefined ? undefined : { cause });
}

/** Refuses a file in which no line can be named. */
export function refuseFile(reason: string, cause?: unknown): never {
  throw new EvergreenError("EG400", reason, cause === undefined ? undefined : { cause });
}

/** Refuses the file as too large: EG413 with the line and the limit. */
export function refuseSize(line: number, reason: string): never {
  throw new EvergreenError("EG413", `line ${line}: ${reason}`);
}

/** A piece of the file fit for a message: printable, at most `length` characters. */
export function quoted(text: string, length = 60): string {
  const printable = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, "?");
  const characters = [...printable];
  return characters.length > length ? `"${characters.slice(0, length).join("")}…"` : `"${printable}"`;
}

/** Controls and the marks that reorder or hide text: none belongs in a reference, all deceive the eye. */
const UNFIT = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

export const isUnfit = (text: string): boolean => UNFIT.test(text);
