// A statement of changes in units as a person keys it in or copies it from a filing: CSV with class, movement, units, amount. Pure.
// Numbers may be written as filings write them: 1,234,567 · (1,234) for less · $ · — for nothing; movements by our names or by theirs.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { Exact, fixed } from "@evergreen-fund/finance/money.ts";
import type { RegisterMovementsInput } from "@evergreen-fund/finance/statement/register-movements.ts";
import type { z } from "zod";
import { plain } from "./output.ts";

type Input = z.input<typeof RegisterMovementsInput>;
type Movement = Input["rows"][number]["movement"];

/** What filings call the movements, without case, marks and plural. */
const NAMES: readonly [RegExp, Movement][] = [
  [/^(opening|beginning|balance at the beginning|outstanding at the beginning)\b/, "opening"],
  [/^(closing|ending|balance at the end|outstanding at the end)\b/, "closing"],
  [/^net( increase| decrease|$)/, "net"],
  [/(early repurchase|repurchase fee|redemption fee|\bdeduction)/, "deduction"],
  [/(reinvest|\bdrip\b)/, "reinvestment"],
  [/(transfer|conversion|exchange).*(\bin\b|\binto\b)/, "transfer_in"],
  [/(transfer|conversion|exchange).*(\bout\b|\bfrom\b)/, "transfer_out"],
  [/(transfer|conversion|exchange)/, "transfer"],
  [/(repurchase|redemption|redeemed|tendered)/, "repurchase"],
  [/(subscription|issued|issuance|sold|\bsales?\b)/, "subscription"],
];

export interface RegisterFile {
  rows: Input["rows"];
  /** Lines that are no movements: comments and empty ones. */
  skipped: number;
}

/**
 * The rows of the file; amounts times `amountsIn` (1000 for a table in thousands). Errors: EG400 with the line for a missing column, an unknown
 * movement or something that is no number.
 */
export function registerRows(source: string, name: string, amountsIn: string): RegisterFile {
  const { header, rows, skipped } = table(source, name, ["class", "movement", "units"]);
  const at = (column: string): number => header.indexOf(column);
  return {
    skipped,
    rows: rows.map(({ cells, line }) => {
      const where = `${plain(name)}, line ${line}`;
      const amount = number(cells[at("amount")] ?? "", where);
      return {
        class: cells[at("class")] ?? "",
        movement: movementOf(cells[at("movement")] ?? "", where),
        units: number(cells[at("units")] ?? "", where) ?? "0",
        ...(amount === undefined ? {} : { amount: fixed(new Exact(amount).times(amountsIn), 4).replace(/\.?0+$/, "") }),
      };
    }),
  };
}

/** The bands of a file with class, low, high. Errors: EG400 with the line. */
export function bandRows(source: string, name: string): NonNullable<Input["bands"]> {
  const { header, rows } = table(source, name, ["class", "low", "high"]);
  return rows.map(({ cells, line }) => {
    const where = `${plain(name)}, line ${line}`;
    const [low, high] = ["low", "high"].map((column) => number(cells[header.indexOf(column)] ?? "", where));
    if (low === undefined || high === undefined) throw new EvergreenError("EG400", `${where}: a band has two prices.`);
    return { id: cells[header.indexOf("class")] ?? "", low, high };
  });
}

function movementOf(text: string, where: string): Movement {
  const words = text.trim().toLowerCase().replaceAll("_", " ");
  const found = NAMES.find(([pattern]) => pattern.test(words));
  if (found) return found[1];
  throw new EvergreenError(
    "EG400",
    `${where}: ${plain(text) || "nothing"} is no movement; there are opening, subscription, reinvestment, transfer, repurchase, deduction, net and closing.`,
  );
}

/** A number as filings write it, as a plain decimal; undefined for nothing. */
function number(text: string, where: string): string | undefined {
  const bare = text.replace(/[\s$€£]/g, "");
  if (/^[-–—]?$/.test(bare)) return undefined;
  const match = /^(\()?([-−])?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(\))?$/.exec(bare);
  if (!match || (match[1] === undefined) !== (match[5] === undefined))
    throw new EvergreenError("EG400", `${where}: ${plain(text)} is no number.`);
  const digits = `${(match[3] ?? "").replaceAll(",", "").replace(/^0+(?=\d)/, "")}${match[4] ?? ""}`;
  return match[1] !== undefined || match[2] !== undefined ? `-${digits}` : digits;
}

function table(
  source: string,
  name: string,
  wanted: readonly string[],
): { header: string[]; rows: { cells: string[]; line: number }[]; skipped: number } {
  const lines = source.split(/\r?\n/).map((text, at) => ({ text, line: at + 1 }));
  const told = lines.filter(({ text }) => text.trim() !== "" && !text.trimStart().startsWith("#"));
  const [first, ...rest] = told;
  const header = cellsOf(first?.text ?? "").map((cell) => cell.toLowerCase());
  const missing = wanted.filter((column) => !header.includes(column));
  if (missing.length > 0)
    throw new EvergreenError(
      "EG400",
      `${plain(name)}: the first line names the columns; ${missing.join(", ")} is missing.`,
    );
  if (rest.length === 0) throw new EvergreenError("EG400", `${plain(name)} has no rows.`);
  return {
    header,
    rows: rest.map(({ text, line }) => ({ cells: cellsOf(text), line })),
    skipped: lines.length - told.length,
  };
}

/** One line of CSV: cells between commas, semicolons or tabs (the first that occurs), quotes doubled inside quotes. */
function cellsOf(line: string): string[] {
  const separator = /[;\t]/.exec(line.replace(/"[^"]*"/g, ""))?.[0] ?? ",";
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? "";
    if (quoted && character === '"' && line[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += character;
  }
  return [...cells, cell.trim()];
}
