// A report as PDF with vector plots: standard fonts, no compression, and no instant but the run's own, so that the same run gives the same bytes.
import PDFDocument from "pdfkit";
import type { Block, ReportDocument } from "./document.ts";
import { cleanText } from "./figures.ts";
import { type Plot, TONES } from "./plot.ts";

const MARGIN = 40;
const FONT = { body: "Helvetica", bold: "Helvetica-Bold" } as const;
const SIZES = { 1: 17, 2: 13, 3: 10.5 } as const;
const CELL = 7.5;
/** Characters beyond Latin-1 that the standard fonts have (Windows-1252), and words for those that they have not. */
const KNOWN = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
const WORDS: Readonly<Record<string, string>> = { "≥": ">=", "≤": "<=", "−": "-", "→": "->", "✓": "yes", "✗": "no" };

/** Text that the standard fonts can show; a character that they have not is "?". */
export const shown = (text: string): string =>
  [...cleanText(text)]
    .map((character) => WORDS[character] ?? (character <= "\u00ff" || KNOWN.includes(character) ? character : "?"))
    .join("");

type Pdf = InstanceType<typeof PDFDocument>;
const innerWidth = (pdf: Pdf): number => pdf.page.width - 2 * MARGIN;
const bottomOf = (pdf: Pdf): number => pdf.page.height - MARGIN;

/** A new page when less than `height` is left. */
function room(pdf: Pdf, height: number): void {
  if (pdf.y + height > bottomOf(pdf)) pdf.addPage();
}

/** The text cut to a width, with "…" where something is missing. */
function fitted(pdf: Pdf, text: string, width: number): string {
  if (pdf.widthOfString(text) <= width) return text;
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (pdf.widthOfString(`${text.slice(0, middle)}…`) <= width) least = middle;
    else most = middle - 1;
  }
  return `${text.slice(0, least)}…`;
}

function drawPlot(pdf: Pdf, plot: Plot): void {
  const scale = innerWidth(pdf) / plot.width;
  // a plot longer than a page is made to fit one
  const fit = Math.min(scale, (bottomOf(pdf) - MARGIN) / plot.height);
  room(pdf, plot.height * fit);
  const [left, top] = [MARGIN, pdf.y];
  for (const stroke of plot.strokes) {
    const tone = TONES[stroke.tone];
    if (stroke.kind === "rect") {
      if (stroke.width > 0)
        pdf.rect(left + stroke.x * fit, top + stroke.y * fit, stroke.width * fit, stroke.height * fit).fill(tone);
    } else if (stroke.kind === "line") {
      const [first, ...rest] = stroke.points;
      if (first === undefined) continue;
      pdf.moveTo(left + first[0] * fit, top + first[1] * fit);
      for (const [x, y] of rest) pdf.lineTo(left + x * fit, top + y * fit);
      if (stroke.dashed === true) pdf.dash(4 * fit, { space: 3 * fit });
      else pdf.undash();
      pdf
        .lineWidth(stroke.width * fit)
        .stroke(tone)
        .undash();
    } else {
      pdf
        .font(FONT.body)
        .fontSize(stroke.size * fit)
        .fillColor(tone);
      const text = shown(stroke.text);
      const width = pdf.widthOfString(text);
      const shift = stroke.anchor === "end" ? width : stroke.anchor === "middle" ? width / 2 : 0;
      pdf.text(text, left + stroke.x * fit - shift, top + (stroke.y - stroke.size * 0.8) * fit, { lineBreak: false });
    }
  }
  pdf.x = MARGIN;
  pdf.y = top + plot.height * fit + 6;
}

function drawTable(pdf: Pdf, block: Extract<Block, { kind: "table" }>): void {
  const { columns, rows } = block;
  if (rows.length === 0) {
    drawText(pdf, block.none);
    return;
  }
  const line = CELL + 4;
  pdf.font(FONT.body).fontSize(CELL);
  // columns share the width by what they need, none more than two fifths of it
  const need = columns.map(({ header }, at) =>
    Math.min(
      innerWidth(pdf) * 0.4,
      8 +
        rows.reduce(
          (most, cells) => Math.max(most, pdf.widthOfString(shown(cells[at] ?? ""))),
          pdf.widthOfString(header) * 1.1,
        ),
    ),
  );
  const all = need.reduce((sum, one) => sum + one, 0);
  const widths = need.map((one) => (all > innerWidth(pdf) ? (one / all) * innerWidth(pdf) : one));
  const write = (cells: readonly string[], font: string): void => {
    const y = pdf.y;
    pdf.font(font).fontSize(CELL).fillColor(TONES.ink);
    cells.reduce((x, cell, at) => {
      const width = widths[at] ?? 0;
      const text = fitted(pdf, shown(cell), width - 6);
      const shift = columns[at]?.figure === true ? width - 6 - pdf.widthOfString(text) : 0;
      pdf.text(text, x + shift, y, { lineBreak: false });
      return x + width;
    }, MARGIN);
    pdf.x = MARGIN;
    pdf.y = y + line;
  };
  const head = (): void => {
    write(
      columns.map(({ header }) => header),
      FONT.bold,
    );
    const right = MARGIN + widths.reduce((sum, one) => sum + one, 0);
    pdf
      .moveTo(MARGIN, pdf.y - 2.5)
      .lineTo(right, pdf.y - 2.5)
      .lineWidth(0.5)
      .stroke(TONES.grid);
  };
  room(pdf, 3 * line);
  head();
  for (const cells of rows) {
    if (pdf.y + line > bottomOf(pdf)) {
      pdf.addPage();
      head();
    }
    write(cells, FONT.body);
  }
  pdf.y += 6;
}

function drawText(pdf: Pdf, text: string, font: string = FONT.body, size = 9): void {
  pdf.font(font).fontSize(size).fillColor(TONES.ink);
  room(pdf, pdf.heightOfString(shown(text), { width: innerWidth(pdf) }));
  pdf.text(shown(text), MARGIN, pdf.y, { width: innerWidth(pdf) });
  pdf.moveDown(0.5);
}

function drawHeading(pdf: Pdf, { level, text }: Extract<Block, { kind: "heading" }>): void {
  // a heading does not stand alone at the foot of a page
  room(pdf, SIZES[level] + 50);
  if (level < 3) pdf.moveDown(0.4);
  drawText(pdf, text, FONT.bold, SIZES[level]);
}

function drawFacts(pdf: Pdf, { rows }: Extract<Block, { kind: "facts" }>): void {
  for (const [label, value] of rows) {
    pdf.font(FONT.body).fontSize(9).fillColor(TONES.ink);
    const text = shown(value);
    const height = pdf.heightOfString(text, { width: innerWidth(pdf) - 130 });
    room(pdf, height);
    const y = pdf.y;
    pdf.fillColor(TONES.quiet).text(shown(label), MARGIN, y, { lineBreak: false });
    pdf.fillColor(TONES.ink).text(text, MARGIN + 130, y, { width: innerWidth(pdf) - 130 });
    pdf.x = MARGIN;
    pdf.y = y + height + 2;
  }
  pdf.moveDown(0.5);
}

function draw(pdf: Pdf, block: Block): void {
  if (block.kind === "plot") drawPlot(pdf, block.plot);
  else if (block.kind === "table") drawTable(pdf, block);
  else if (block.kind === "text") drawText(pdf, block.text);
  else if (block.kind === "heading") drawHeading(pdf, block);
  else drawFacts(pdf, block);
}

/** The whole document as bytes. */
export function pdfOf(document: ReportDocument): Promise<Uint8Array> {
  const at = new Date(document.at);
  const pdf = new PDFDocument({
    size: "A4",
    margin: MARGIN,
    compress: false,
    bufferPages: true,
    lang: "en",
    displayTitle: true,
    // the file's own id is made of these
    info: {
      Title: shown(document.title),
      Author: "Evergreen",
      Creator: "Evergreen",
      Producer: "Evergreen",
      CreationDate: at,
      ModDate: at,
    },
  });
  const parts: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    pdf.on("data", (part: Uint8Array) => parts.push(part));
    pdf.on("end", () => resolve(new Uint8Array(Buffer.concat(parts))));
    pdf.on("error", reject);
    for (const block of document.blocks) draw(pdf, block);
    const { start, count } = pdf.bufferedPageRange();
    for (let page = start; page < start + count; page += 1) {
      pdf.switchToPage(page);
      // written into the margin, where text would otherwise begin a page
      pdf.page.margins.bottom = 0;
      pdf.font(FONT.body).fontSize(7).fillColor(TONES.quiet);
      pdf.text(`${shown(document.title)}  ·  ${page - start + 1} of ${count}`, MARGIN, pdf.page.height - 26, {
        lineBreak: false,
      });
    }
    pdf.end();
  });
}
