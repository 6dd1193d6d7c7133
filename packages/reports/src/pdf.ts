// A report as PDF with vector plots: standard fonts, no compression, and no instant but the run's own, so that the same run gives the same bytes.

import { setImmediate as othersTurn } from "node:timers/promises";
import { cleanText } from "@evergreen-fund/domain";
import PDFDocument from "pdfkit";
import type { Block, ReportDocument } from "./document.ts";
import { drawRows } from "./pdf-table.ts";
import { type Plot, TONES } from "./plot.ts";

const MARGIN = 40;
const FONT = { body: "Helvetica", bold: "Helvetica-Bold" } as const;
/** Room that a heading takes above what follows it. */
const ABOVE = 45;
const SIZES = { 1: 17, 2: 13, 3: 10.5 } as const;
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

/** Of a plot's points to those of the page; one longer than a page is made to fit one, with its heading. */
const fitOf = (pdf: Pdf, plot: Plot): number =>
  Math.min(innerWidth(pdf) / plot.width, (bottomOf(pdf) - MARGIN - ABOVE) / plot.height);

function drawPlot(pdf: Pdf, plot: Plot): void {
  const fit = fitOf(pdf, plot);
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

function drawTable(pdf: Pdf, { columns, rows, none }: Extract<Block, { kind: "table" }>): void {
  if (rows.length === 0) {
    drawText(pdf, none);
    return;
  }
  drawRows(
    pdf,
    { left: MARGIN, width: innerWidth(pdf), bottom: bottomOf(pdf), font: FONT },
    columns.map((column) => ({ ...column, header: shown(column.header) })),
    rows.map((cells) => cells.map(shown)),
  );
}

function drawText(pdf: Pdf, text: string, font: string = FONT.body, size = 9): void {
  pdf.font(font).fontSize(size).fillColor(TONES.ink);
  room(pdf, pdf.heightOfString(shown(text), { width: innerWidth(pdf) }));
  pdf.text(shown(text), MARGIN, pdf.y, { width: innerWidth(pdf) });
  pdf.moveDown(0.5);
}

/** `next`: a heading stands on the page of what it heads. */
function drawHeading(pdf: Pdf, { level, text }: Extract<Block, { kind: "heading" }>, next: Block | undefined): void {
  room(pdf, SIZES[level] + (next?.kind === "plot" ? ABOVE - SIZES[1] + next.plot.height * fitOf(pdf, next.plot) : 60));
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

function draw(pdf: Pdf, block: Block, next: Block | undefined): void {
  if (block.kind === "plot") drawPlot(pdf, block.plot);
  else if (block.kind === "table") drawTable(pdf, block);
  else if (block.kind === "text") drawText(pdf, block.text);
  else if (block.kind === "heading") drawHeading(pdf, block, next);
  else drawFacts(pdf, block);
}

/** Blocks and pages drawn at one go: whoever draws is asked other things meanwhile. */
const AT_ONE_GO = 10;

/** The whole document as bytes. Hundreds of pages hold up nothing else in the process for long. */
export async function pdfOf(document: ReportDocument): Promise<Uint8Array> {
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
  const whole = new Promise<Uint8Array>((resolve, reject) => {
    pdf.on("data", (part: Uint8Array) => parts.push(part));
    pdf.on("end", () => resolve(new Uint8Array(Buffer.concat(parts))));
    pdf.on("error", reject);
  });
  for (const [at, block] of document.blocks.entries()) {
    if (at % AT_ONE_GO === 0) await othersTurn();
    draw(pdf, block, document.blocks[at + 1]);
  }
  const { start, count } = pdf.bufferedPageRange();
  for (let page = start; page < start + count; page += 1) {
    if (page % AT_ONE_GO === 0) await othersTurn();
    pdf.switchToPage(page);
    // written into the margin, where text would otherwise begin a page
    pdf.page.margins.bottom = 0;
    pdf.font(FONT.body).fontSize(7).fillColor(TONES.quiet);
    pdf.text(`${shown(document.title)}  ·  ${page - start + 1} of ${count}`, MARGIN, pdf.page.height - 26, {
      lineBreak: false,
    });
  }
  pdf.end();
  return whole;
}
