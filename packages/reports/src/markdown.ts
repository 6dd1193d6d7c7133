// A report as Markdown, its plots as SVG files beside it. Nothing that a row says can become markup.

import { cleanText } from "@evergreen-fund/domain";
import type { Block, ReportDocument } from "./document.ts";
import { svgOf } from "./svg.ts";

export interface SvgFile {
  name: string;
  svg: string;
}

const escaped = (text: string): string => cleanText(text).replace(/[\\`*_{}[\]<>#|!~&]/g, (mark) => `\\${mark}`);
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** File of a plot of a report. */
const fileOf = (document: ReportDocument, id: string): string => `${document.name}-${id}.svg`;

function blockText(document: ReportDocument, block: Block): string {
  if (block.kind === "heading") return `${"#".repeat(block.level)} ${escaped(block.text)}`;
  if (block.kind === "text") return escaped(block.text);
  if (block.kind === "facts")
    return block.rows.map(([label, value]) => `- ${escaped(label)}: ${escaped(value)}`).join("\n");
  if (block.kind === "plot") return `![${escaped(block.plot.title)}](${fileOf(document, block.plot.id)})`;
  if (block.rows.length === 0) return escaped(block.none);
  return [
    row(block.columns.map(({ header }) => escaped(header))),
    row(block.columns.map(({ figure }) => (figure === true ? "---:" : "---"))),
    ...block.rows.map((cells) => row(cells.map(escaped))),
  ].join("\n");
}

export function markdownOf(document: ReportDocument): { markdown: string; svgs: SvgFile[] } {
  return {
    markdown: `${document.blocks.map((block) => blockText(document, block)).join("\n\n")}\n`,
    svgs: document.blocks.flatMap((block) =>
      block.kind === "plot" ? [{ name: fileOf(document, block.plot.id), svg: svgOf(block.plot) }] : [],
    ),
  };
}
