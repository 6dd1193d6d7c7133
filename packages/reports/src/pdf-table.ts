// Tables on paper: a figure is never cut and never broken while there is a size at which it fits; words go on in the next line of their cell.
import type PDFDocument from "pdfkit";
import type { TableColumn } from "./document.ts";
import { TONES } from "./plot.ts";

type Pdf = InstanceType<typeof PDFDocument>;

export interface Page {
  left: number;
  width: number;
  bottom: number;
  font: { body: string; bold: string };
}

/** Sizes of letters in points, the largest first at which a table fits. */
const SIZES = [7.5, 7, 6.5, 6, 5.5, 5] as const;
/** Between two columns. */
const GAP = 7;
/** A column of words is not narrower than this many letters' heights, if it has so much to say. */
const WORDS = 9;
/** Lines of one cell; the rest is "…". */
const MOST_LINES = 12;

/** Width of a text in points. */
export type Measure = (text: string) => number;

/** The text in lines of at most `width`; a word that is longer goes on in the next line. Of more than twelve lines the rest is "…". */
export function wrapped(text: string, width: number, measure: Measure): string[] {
  const lines: string[] = [];
  let line = "";
  const fits = (one: string): boolean => measure(one) <= width;
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    let rest = word;
    while (rest.length > 1 && !fits(rest)) {
      let [least, most] = [1, rest.length - 1];
      while (least < most) {
        const middle = Math.ceil((least + most) / 2);
        if (fits(rest.slice(0, middle))) least = middle;
        else most = middle - 1;
      }
      // names of methods and series have joints at which they are read more easily
      const joint = /^.*[_:/.]/.exec(rest.slice(0, least))?.[0].length ?? 0;
      const place = joint > least / 2 ? joint : least;
      lines.push(rest.slice(0, place));
      rest = rest.slice(place);
    }
    line = rest;
    if (lines.length > MOST_LINES) break;
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), "…"];
}

/**
 * Size of letters and width of each column. `full`: the widest cell of a column, `word`: the widest word of its header, both at size 1.
 * Figures have their full width, words at least a few letters; what is left goes to whoever wants more, by how much.
 */
export function layout(
  columns: readonly { figure: boolean; full: number; word: number }[],
  width: number,
): { size: number; widths: number[] } {
  const leastAt = (size: number): number[] =>
    columns.map(({ figure, full, word }) => GAP + size * Math.max(word, figure ? full : Math.min(full, WORDS)));
  const sum = (amounts: readonly number[]): number => amounts.reduce((all, one) => all + one, 0);
  const size = SIZES.find((one) => sum(leastAt(one)) <= width) ?? SIZES[SIZES.length - 1]!;
  const least = leastAt(size);
  const free = width - sum(least);
  // not even the smallest letters: everything is narrower, and goes on in the next line
  if (free < 0) return { size, widths: least.map((one) => (one * width) / sum(least)) };
  const wants = columns.map(({ full }, at) => Math.max(0, GAP + full * size - least[at]!));
  const share = Math.min(1, free / Math.max(1e-9, sum(wants)));
  return { size, widths: least.map((one, at) => one + wants[at]! * share) };
}

/** Draws at `pdf.y`; on a new page the header stands again. `rows`: texts that the fonts can show. */
export function drawRows(
  pdf: Pdf,
  { left, width, bottom, font }: Page,
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): void {
  const at1 = (name: string, text: string): number => pdf.font(name).fontSize(1).widthOfString(text);
  const widest = (texts: readonly number[]): number => texts.reduce((most, one) => Math.max(most, one), 0);
  const { size, widths } = layout(
    columns.map(({ header, figure = false }, at) => ({
      figure,
      full: Math.max(widest(rows.map((cells) => at1(font.body, cells[at] ?? ""))), figure ? 0 : at1(font.bold, header)),
      word: widest(header.split(" ").map((word) => at1(font.bold, word))),
    })),
    width,
  );
  const line = size * 1.25;
  const cellsOf = (cells: readonly string[], name: string): string[][] => {
    pdf.font(name).fontSize(size);
    // a hair more than measured: sums of widths are doubles
    return columns.map((_, at) =>
      wrapped(cells[at] ?? "", widths[at]! - GAP + 0.01, (text) => pdf.widthOfString(text)),
    );
  };
  const heightOf = (cells: readonly string[][]): number => Math.max(...cells.map((lines) => lines.length)) * line + 2;
  const write = (cells: readonly string[][], name: string): void => {
    const y = pdf.y;
    pdf.font(name).fontSize(size).fillColor(TONES.ink);
    cells.reduce((x, lines, at) => {
      for (const [index, text] of lines.entries()) {
        const shift = columns[at]?.figure === true ? widths[at]! - GAP - pdf.widthOfString(text) : 0;
        pdf.text(text, x + shift, y + index * line, { lineBreak: false });
      }
      return x + widths[at]!;
    }, left);
    pdf.x = left;
    pdf.y = y + heightOf(cells);
  };
  const headers = cellsOf(
    columns.map(({ header }) => header),
    font.bold,
  );
  const right = left + widths.reduce((all, one) => all + one, 0);
  const head = (): void => {
    write(headers, font.bold);
    pdf
      .moveTo(left, pdf.y - 1)
      .lineTo(right, pdf.y - 1)
      .lineWidth(0.5)
      .stroke(TONES.grid);
    pdf.y += 2;
  };
  const first = cellsOf(rows[0] ?? [], font.body);
  if (pdf.y + heightOf(headers) + heightOf(first) + line > bottom) pdf.addPage();
  head();
  for (const row of rows) {
    const cells = cellsOf(row, font.body);
    if (pdf.y + heightOf(cells) > bottom) {
      pdf.addPage();
      head();
    }
    write(cells, font.body);
  }
  pdf.y += 6;
}
