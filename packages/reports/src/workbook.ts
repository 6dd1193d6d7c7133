// A table as a workbook (XLSX): exact decimals as numbers, days as days, everything else as text that no spreadsheet runs. Pure; for browsers too.
import { cleanText } from "@evergreen-fund/domain/text.ts";
import { strToU8, type Zippable, zipSync } from "fflate";
import type { TableColumn } from "./document.ts";

export interface Sheet {
  name: string;
  columns: readonly TableColumn[];
  rows: readonly (readonly string[])[];
}

/** More digits than this are cut by a spreadsheet: such a figure stays text. */
const EXACT_DIGITS = 15;
const MOST_CHARACTERS = 32_767;
const DECIMAL = /^-?(0|[1-9]\d*)(?:\.(\d+))?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const STYLES = { plain: 0, head: 1, day: 2, firstDecimals: 3 } as const;
const MOST_DECIMALS = 10;
/** Parts carry no time of their own: the same table, the same bytes. */
const NO_TIME = new Date(1980, 0, 1);
const NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string =>
  cleanText(text)
    .replace(/[\ufffe\uffff]/g, "")
    .slice(0, MOST_CHARACTERS)
    .replace(/[&<>"]/g, (mark) => ENTITIES[mark] ?? mark);

/** 1 → A, 27 → AA. */
function columnName(index: number): string {
  const rest = Math.floor((index - 1) / 26);
  return `${rest > 0 ? columnName(rest) : ""}${String.fromCharCode(65 + ((index - 1) % 26))}`;
}

const digits = (text: string): number => text.replace(/^-?0*\.?0*|\.|-/g, "").length;

function cell(text: string, at: string, figure: boolean): string {
  if (text === "") return "";
  const decimal = DECIMAL.exec(text);
  if (figure && decimal && digits(text) <= EXACT_DIGITS) {
    const style = STYLES.firstDecimals + Math.min(decimal[2]?.length ?? 0, MOST_DECIMALS);
    return `<c r="${at}" s="${style}"><v>${text}</v></c>`;
  }
  if (DAY.test(text)) {
    const day = Date.parse(`${text}T00:00:00Z`) / 86_400_000 + 25_569;
    // before March 1900 spreadsheets count a day that never was
    if (day > 60) return `<c r="${at}" s="${STYLES.day}"><v>${day}</v></c>`;
  }
  return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
}

function sheetXml({ columns, rows }: Sheet): string {
  const widths = columns.map(({ header }, at) =>
    Math.min(60, Math.max(10, header.length + 2, ...rows.slice(0, 200).map((row) => (row[at]?.length ?? 0) + 3))),
  );
  const head = columns.map(
    ({ header }, at) =>
      `<c r="${columnName(at + 1)}1" s="${STYLES.head}" t="inlineStr"><is><t xml:space="preserve">${escaped(header)}</t></is></c>`,
  );
  const body = rows.map((row, line) => {
    const cells = columns.map(({ figure }, at) =>
      cell(row[at] ?? "", `${columnName(at + 1)}${line + 2}`, figure === true),
    );
    return `<row r="${line + 2}">${cells.join("")}</row>`;
  });
  return [
    `${HEAD}<worksheet xmlns="${NAMESPACE}">`,
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>',
    `<cols>${widths.map((width, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`).join("")}</cols>`,
    `<sheetData><row r="1">${head.join("")}</row>${body.join("")}</sheetData></worksheet>`,
  ].join("");
}

function stylesXml(): string {
  const formats = Array.from({ length: MOST_DECIMALS + 1 }, (_, places) =>
    places === 0 ? "#,##0" : `#,##0.${"0".repeat(places)}`,
  );
  const custom = ["yyyy-mm-dd", ...formats];
  return [
    `${HEAD}<styleSheet xmlns="${NAMESPACE}">`,
    `<numFmts count="${custom.length}">${custom.map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${code}"/>`).join("")}</numFmts>`,
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>',
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>',
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>',
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>',
    `<cellXfs count="${2 + custom.length}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>`,
    custom
      .map((_, at) => `<xf numFmtId="${164 + at}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`)
      .join(""),
    "</cellXfs></styleSheet>",
  ].join("");
}

/** What spreadsheets allow in the name of a sheet, at most 31 characters. */
const sheetName = (name: string): string =>
  cleanText(name)
    .replace(/[[\]/\\:*?']/g, " ")
    .trim()
    .slice(0, 31) || "Table";

/** The workbook of one table: its first row is the header. The same table gives the same bytes. */
export function workbookOf(sheet: Sheet): Uint8Array<ArrayBuffer> {
  const relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const packageRelation = "http://schemas.openxmlformats.org/package/2006/relationships";
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const parts: Record<string, string> = {
    "[Content_Types].xml": `${HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/></Types>`,
    "_rels/.rels": `${HEAD}<Relationships xmlns="${packageRelation}"><Relationship Id="rId1" Type="${relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${HEAD}<workbook xmlns="${NAMESPACE}" xmlns:r="${relation}"><sheets><sheet name="${escaped(sheetName(sheet.name))}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${HEAD}<Relationships xmlns="${packageRelation}"><Relationship Id="rId1" Type="${relation}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${relation}/styles" Target="styles.xml"/></Relationships>`,
    "xl/styles.xml": stylesXml(),
    "xl/worksheets/sheet1.xml": sheetXml(sheet),
  };
  const zipped: Zippable = Object.fromEntries(
    Object.entries(parts).map(([path, xml]) => [path, [strToU8(xml), { mtime: NO_TIME }]]),
  );
  // never in a worker: the page's policy allows none
  return zipSync(zipped) as Uint8Array<ArrayBuffer>;
}
