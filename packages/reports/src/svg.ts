// A plot as SVG: no script, no font of its own, numbers at two decimals, so that the same plot is the same bytes everywhere.
import { cleanText } from "@evergreen-fund/domain";
import { type Plot, type Stroke, TONES } from "./plot.ts";

const number = (value: number): string => String(Math.round(value * 100) / 100);
const escaped = (text: string): string =>
  cleanText(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function element(stroke: Stroke): string {
  const tone = TONES[stroke.tone];
  if (stroke.kind === "rect")
    return `<rect x="${number(stroke.x)}" y="${number(stroke.y)}" width="${number(stroke.width)}" height="${number(stroke.height)}" fill="${tone}"/>`;
  if (stroke.kind === "line") {
    const points = stroke.points.map(([x, y]) => `${number(x)},${number(y)}`).join(" ");
    const dashes = stroke.dashed === true ? ' stroke-dasharray="4 3"' : "";
    return `<polyline points="${points}" fill="none" stroke="${tone}" stroke-width="${number(stroke.width)}"${dashes}/>`;
  }
  return `<text x="${number(stroke.x)}" y="${number(stroke.y)}" font-size="${stroke.size}" text-anchor="${stroke.anchor}" fill="${tone}">${escaped(stroke.text)}</text>`;
}

export const svgOf = (plot: Plot): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${plot.width}" height="${number(plot.height)}" viewBox="0 0 ${plot.width} ${number(plot.height)}" font-family="Helvetica, Arial, sans-serif" role="img" aria-label="${escaped(plot.title)}">`,
    `<rect x="0" y="0" width="${plot.width}" height="${number(plot.height)}" fill="#ffffff"/>`,
    ...plot.strokes.map(element),
    "</svg>",
    "",
  ].join("\n");
