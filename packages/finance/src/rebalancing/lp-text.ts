// Writes a model as CPLEX LP text with every digit, so that another solver can be given exactly the same problem.
import type { Model } from "./model.ts";

/** The text uses the names x0, x1, … for columns and r0, r1, … for rows; the objective has the tie-break left out. */
export function lpText(model: Model): string {
  const lines: string[] = ["minimize", ` obj: ${objective(model)}`, "subject to"];
  for (let row = 0; row < model.numRows; row += 1) {
    const terms: [number, number][] = [];
    for (let k = model.starts[row]!; k < model.starts[row + 1]!; k += 1)
      terms.push([model.indices[k]!, model.values[k]!]);
    const [lower, upper] = [model.rowLower[row]!, model.rowUpper[row]!];
    const sense = lower === upper ? `= ${lower}` : Number.isFinite(lower) ? `>= ${lower}` : `<= ${upper}`;
    lines.push(` r${row}: ${sum(terms)} ${sense}`);
  }
  lines.push("bounds");
  for (let column = 0; column < model.numCols; column += 1) {
    lines.push(` ${model.colLower[column]} <= x${column} <= ${model.colUpper[column]}`);
  }
  if (model.firstBinary < model.numCols) {
    lines.push("binary");
    for (let column = model.firstBinary; column < model.numCols; column += 1) lines.push(` x${column}`);
  }
  return `${lines.join("\n")}\nend\n`;
}

function objective(model: Model): string {
  const price = new Set([...model.curvature.keys()].map((column) => column + 1));
  const linear = Array.from(model.cost, (cost, column): [number, number] => [column, cost]).filter(
    ([column, cost]) => cost !== 0 && !price.has(column),
  );
  if (model.curvature.size === 0) return sum(linear);
  return `${sum(linear)} + [ ${[...model.curvature].map(([column, bend]) => `${bend} x${column} ^2`).join("\n  + ")} ] / 2`;
}

/** Ten terms a line: readers of LP text cut lines that are too long. */
function sum(terms: readonly (readonly [number, number])[]): string {
  if (terms.length === 0) return "0 x0";
  const lines: string[] = [];
  for (let from = 0; from < terms.length; from += 10) {
    lines.push(
      terms
        .slice(from, from + 10)
        .map(([column, value]) => `${value < 0 ? "-" : "+"} ${Math.abs(value)} x${column}`)
        .join(" "),
    );
  }
  return lines.join("\n  ");
}
