// A file against the book: what would become of each row, and what the rows that would be taken come to. Pure; amounts stay decimal strings.
import type { Imported, Upload } from "./file-shapes.ts";

export interface DiffRow {
  position: number;
  line: number;
  /** `new` would be placed or matched; the others are named as the database names them. */
  outcome: string;
  reason: string;
  said: Readonly<Record<string, unknown>>;
}

export const diffOf = (upload: Upload, answer: Imported): DiffRow[] => {
  const found = new Map(answer.refusals.map((one) => [one.position, one]));
  return upload.rows.map((said, at) => {
    const finding = found.get(at + 1);
    const reason = finding === undefined ? "" : `${finding.reason}${finding.column ? ` (${finding.column})` : ""}`;
    return { position: at + 1, line: said.line, outcome: finding?.outcome ?? "new", reason, said };
  });
};

export const saying = ({ said }: DiffRow, name: string): string => {
  const value = said[name];
  return typeof value === "string" ? value : "";
};

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Exact sum of decimal strings; what is none counts nothing. */
export function sumOf(amounts: readonly string[]): string {
  const parts = amounts.flatMap((amount) => {
    const [, sign = "", whole = "", fraction = ""] = DECIMAL.exec(amount) ?? [];
    return whole === "" ? [] : [{ sign, whole, fraction }];
  });
  const places = Math.max(0, ...parts.map(({ fraction }) => fraction.length));
  const total = parts.reduce(
    (sum, { sign, whole, fraction }) => sum + BigInt(`${sign}${whole}${fraction.padEnd(places, "0")}`),
    0n,
  );
  const digits = String(total < 0n ? -total : total).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return `${total < 0n ? "-" : ""}${whole}${places === 0 ? "" : `.${digits.slice(digits.length - places)}`}`;
}

/** Totals of the rows that would be taken, by direction and currency. */
export function totals(rows: readonly DiffRow[]): { way: string; currency: string; rows: number; amount: string }[] {
  const groups = new Map<string, DiffRow[]>();
  for (const row of rows.filter(({ outcome }) => outcome === "new")) {
    const key = JSON.stringify([saying(row, "direction") || saying(row, "side"), saying(row, "currency")]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, group]) => {
    const [way = "", currency = ""] = JSON.parse(key) as string[];
    return { way, currency, rows: group.length, amount: sumOf(group.map((row) => saying(row, "amount"))) };
  });
}
