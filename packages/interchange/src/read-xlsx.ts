// XLSX to a table. Numbers come as they are stored, to 15 digits; days by the style of their cell; a formula by its stored value, an error as one.
import { workbookDate } from "./dates.ts";
import { workbookDecimal } from "./decimals.ts";
import type { FileLimits } from "./limits.ts";
import { quoted, refuseFile, refuseSize } from "./refusals.ts";
import { type Cell, EMPTY, isBlank, type Table, type TableRow } from "./table.ts";
import { tableOf } from "./table-rows.ts";
import { readWorkbook, type Sheet, unescaped, type Workbook } from "./workbook.ts";
import { WorkbookParts } from "./workbook-parts.ts";
import { walkXml } from "./xml-walker.ts";

export interface XlsxOptions {
  sheet?: string | undefined;
  skipRows?: number | undefined;
}

/** Errors: EG400 damaged, several sheets and none named, no table; EG413 beyond a limit. */
export async function readXlsx(bytes: Buffer, limits: FileLimits, options: XlsxOptions = {}): Promise<Table> {
  const parts = await WorkbookParts.open(bytes, limits);
  const workbook = await readWorkbook(parts, limits);
  const chosen = await chooseSheet(parts, workbook, limits, options.sheet);
  return tableOf(chosen.rows, limits, options.skipRows ?? 0, chosen.notes);
}

interface SheetRows {
  sheet: Sheet;
  rows: TableRow[];
  notes: string[];
}

async function chooseSheet(
  parts: WorkbookParts,
  workbook: Workbook,
  limits: FileLimits,
  wanted: string | undefined,
): Promise<SheetRows> {
  const names = workbook.sheets.map((sheet) => quoted(sheet.name)).join(", ");
  if (wanted !== undefined) {
    const sheet = workbook.sheets.find((one) => one.name === wanted);
    if (!sheet) return refuseFile(`The workbook has no sheet ${quoted(wanted)}; it has ${names}.`);
    return { sheet, ...readSheet(await parts.text(sheet.part), workbook, limits) };
  }
  const filled: SheetRows[] = [];
  for (const sheet of workbook.sheets.filter((one) => one.visible)) {
    const read = readSheet(await parts.text(sheet.part), workbook, limits);
    if (read.rows.some((row) => row.cells.some((cell) => !isBlank(cell)))) filled.push({ sheet, ...read });
  }
  const [first, second] = filled;
  if (!first) return refuseFile("No visible sheet of the workbook holds anything.");
  if (second) refuseFile(`The workbook has several sheets: ${names}. Name one in the mapping file (sheet: …).`);
  return first;
}

/** "AB" → 27, counted from 0. */
const columnOf = (letters: string): number =>
  [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;

interface OpenCell {
  column: number;
  type: string;
  style: number;
  value: string;
  formula: boolean;
}

function readSheet(xml: string, workbook: Workbook, limits: FileLimits): { rows: TableRow[]; notes: string[] } {
  const rows: TableRow[] = [];
  const open: string[] = [];
  let row: TableRow | undefined;
  let line = 0;
  let hidden = 0;
  let cell: OpenCell | undefined;
  walkXml(xml, limits, {
    opened({ name, attributes }) {
      open.push(name);
      if (name === "row") {
        line = Number(attributes.get("r") ?? line + 1);
        if (!Number.isInteger(line) || line < 1 || line > 1_048_576)
          refuseFile("The workbook is damaged: a row has no number.");
        if (/^(1|true)$/.test(attributes.get("hidden") ?? "")) hidden += 1;
        row = { line, cells: [] };
      } else if (name === "c" && row) {
        const letters = /^([A-Z]{1,3})\d{1,7}$/.exec(attributes.get("r") ?? "")?.[1];
        const column = letters === undefined ? row.cells.length : columnOf(letters);
        if (column >= limits.columns) refuseSize(line, `a row has more than ${limits.columns} columns.`);
        cell = {
          column,
          type: attributes.get("t") ?? "n",
          style: Number(attributes.get("s") ?? "0"),
          value: "",
          formula: false,
        };
      } else if (name === "f" && cell) cell.formula = true;
    },
    text(piece) {
      const element = open.at(-1);
      if (cell && (element === "v" || (element === "t" && cell.type === "inlineStr" && !open.includes("rPh"))))
        cell.value += piece;
    },
    closed() {
      const name = open.pop();
      if (name === "c" && row && cell) {
        while (row.cells.length < cell.column) row.cells.push(EMPTY);
        row.cells[cell.column] = understood(cell, workbook);
        cell = undefined;
      } else if (name === "row" && row) {
        if (row.cells.some((one) => !isBlank(one))) rows.push(row);
        if (rows.length > limits.rows + 1000) refuseSize(line, `the sheet has more than ${limits.rows} rows.`);
        row = undefined;
      }
    },
  });
  return { rows, notes: hidden === 0 ? [] : [`${hidden} hidden rows of the sheet are read too.`] };
}

const broken = (text: string): Cell => ({ text, kind: "broken" });

function understood(cell: OpenCell, workbook: Workbook): Cell {
  const { value, type } = cell;
  if (type === "e") return broken(`the cell shows the error ${quoted(value, 20)}`);
  if (value === "") return cell.formula ? broken("the formula has no stored value; open and save the workbook") : EMPTY;
  if (type === "s") {
    const text = workbook.texts[Number(value)];
    return text === undefined ? broken("the text of the cell is missing in the workbook") : { text, kind: "text" };
  }
  if (type === "inlineStr" || type === "str") return { text: unescaped(value), kind: "text" };
  if (type === "b") return { text: value === "1" ? "true" : "false", kind: "text" };
  if (type === "d") {
    const day = /^(\d{4}-\d{2}-\d{2})(T|$)/.exec(value)?.[1];
    return day === undefined ? broken("the cell holds no day") : { text: day, kind: "date" };
  }
  if (workbook.dateStyles[cell.style]) {
    const day = workbookDate(value, workbook.from1904);
    return day === undefined ? broken("the cell holds no day after February 1900") : { text: day, kind: "date" };
  }
  const number = workbookDecimal(value);
  return number === undefined
    ? broken("the number has more digits than a workbook holds exactly; enter it as text")
    : { text: number, kind: "number" };
}
