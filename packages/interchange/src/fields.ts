// Reads the fields of rows by their columns: text, codes, decimals, days. Formats hold for a whole column; what is wrong is noted with line and column.
import { type ColumnOrder, orderOf, parseDate, parseKnownDate } from "./dates.ts";
import { formatOf, type NumberFormat, parseDecimal } from "./decimals.ts";
import type { MappedColumn, MappingFile } from "./mapping.ts";
import { isUnfit, quoted, type RowProblem } from "./refusals.ts";
import { type Cell, EMPTY, isBlank, type Table, type TableRow } from "./table.ts";

interface Column {
  header: string;
  column: number;
}

type Numbers = { format: NumberFormat; ambiguous: boolean } | { contradiction: string };

/** Longest text of a field that is not free text. */
const LONGEST_CODE = 200;
const LONGEST_TEXT = 1000;

export class TableFields<Field extends string> {
  readonly #columns = new Map<Field, Column>();
  readonly #mapping: MappingFile | undefined;
  readonly #numbers = new Map<Field, Numbers>();
  readonly #orders = new Map<Field, ColumnOrder>();
  readonly #table: Table;

  constructor(table: Table, columns: readonly MappedColumn<Field>[], mapping: MappingFile | undefined) {
    this.#table = table;
    this.#mapping = mapping;
    for (const { field, header, column } of columns) if (field !== null) this.#columns.set(field, { header, column });
  }

  /** Whether the table brings the field at all, as a column or as a constant. */
  has(field: Field): boolean {
    return this.#columns.has(field) || this.#constant(field) !== undefined;
  }

  row(row: TableRow): RowFields<Field> {
    return new RowFields(this, row);
  }

  header(field: Field): string {
    return this.#columns.get(field)?.header ?? field;
  }

  cell(row: TableRow, field: Field): Cell {
    const constant = this.#constant(field);
    if (constant !== undefined) return { text: constant, kind: "text" };
    const column = this.#columns.get(field);
    const cell = column === undefined ? EMPTY : (row.cells[column.column] ?? EMPTY);
    const words = this.#mapping?.values?.[field];
    const meant = words !== undefined && Object.hasOwn(words, cell.text.trim()) ? words[cell.text.trim()] : undefined;
    return meant === undefined || cell.kind === "broken" ? cell : { text: meant, kind: "text" };
  }

  numbers(field: Field): Numbers {
    const given = this.#mapping?.numbers;
    if (given) return { format: given, ambiguous: false };
    return remembered(this.#numbers, field, () => formatOf(this.#texts(field)));
  }

  order(field: Field): ColumnOrder {
    return remembered(this.#orders, field, () => orderOf(this.#texts(field)));
  }

  get dates(): string | undefined {
    return this.#mapping?.dates;
  }

  #constant(field: Field): string | undefined {
    const constants = this.#mapping?.constants;
    return constants !== undefined && Object.hasOwn(constants, field) ? constants[field] : undefined;
  }

  #texts(field: Field): string[] {
    return this.#table.rows.flatMap((row) => {
      const cell = this.cell(row, field);
      return cell.kind === "text" && !isBlank(cell) ? [cell.text] : [];
    });
  }
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

export class RowFields<Field extends string> {
  readonly line: number;
  readonly problems: RowProblem[] = [];
  readonly #fields: TableFields<Field>;
  readonly #row: TableRow;

  constructor(fields: TableFields<Field>, row: TableRow) {
    this.#fields = fields;
    this.#row = row;
    this.line = row.line;
  }

  problem(field: Field, reason: string): null {
    this.problems.push({ line: this.line, column: this.#fields.header(field), reason });
    return null;
  }

  /** A name or code, white space collapsed; null when there is none. Noted: controls and more than `longest` characters. */
  text(field: Field, longest = LONGEST_CODE): string | null {
    const cell = this.#cell(field);
    if (cell === null) return null;
    const text = cell.text.trim().replace(/\s+/g, " ");
    if (isUnfit(text)) return this.problem(field, "holds characters that cannot be seen.");
    return [...text].length > longest ? this.problem(field, `is longer than ${longest} characters.`) : text;
  }

  freeText(field: Field): string | null {
    return this.text(field, LONGEST_TEXT);
  }

  required(field: Field): string | null {
    const known = this.problems.length;
    const text = this.text(field);
    return text === null && this.problems.length === known ? this.problem(field, "is missing.") : text;
  }

  /** A plain decimal string, or null. Noted: what is no number, and what can be read in two ways. */
  decimal(field: Field): string | null {
    const cell = this.#cell(field);
    if (cell === null || cell.kind === "number") return cell?.text ?? null;
    if (cell.kind === "date") return this.problem(field, "is a day, not a number.");
    const numbers = this.#fields.numbers(field);
    if ("contradiction" in numbers)
      return this.problem(
        field,
        `mixes decimal points and decimal commas (${quoted(numbers.contradiction, 30)}); say which holds in the mapping file (numbers).`,
      );
    if (numbers.ambiguous && /[.,]/.test(cell.text))
      return this.problem(
        field,
        `${quoted(cell.text, 30)} can be read in two ways; say in the mapping file which sign is the decimal one (numbers).`,
      );
    return parseDecimal(cell.text, numbers.format) ?? this.problem(field, `${quoted(cell.text, 30)} is not a number.`);
  }

  /** YYYY-MM-DD, or null. Noted: what is no day, and what can be read in two ways. */
  date(field: Field): string | null {
    const cell = this.#cell(field);
    if (cell === null || cell.kind === "date") return cell?.text ?? null;
    const pattern = this.#fields.dates;
    if (pattern !== undefined)
      return (
        parseDate(cell.text, pattern) ?? this.problem(field, `${quoted(cell.text, 30)} is not a day as ${pattern}.`)
      );
    const order = this.#fields.order(field);
    const day = parseKnownDate(cell.text, order);
    if (day === undefined)
      return this.problem(
        field,
        `${quoted(cell.text, 30)} is not a day; say how days are written in the mapping file (dates).`,
      );
    if (/^\d{1,2}[-/]/.test(cell.text.trim()) && (order === "ambiguous" || order === "contradiction"))
      return this.problem(
        field,
        `${quoted(cell.text, 30)} can be read in two ways; say how days are written in the mapping file (dates).`,
      );
    return day;
  }

  #cell(field: Field): Cell | null {
    const cell = this.#fields.cell(this.#row, field);
    if (cell.kind === "broken") return this.problem(field, `${cell.text}.`);
    return isBlank(cell) ? null : cell;
  }
}
