// What a person or a script sees: aligned tables, money and percentages as text, one JSON document. Pure, no IO.
// Whatever comes out of a database or a file may try to steer the terminal: every cell passes `plain`.

/** Terminal sequences: CSI, OSC and the other string sequences with their ends, and two-character escapes. */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
/** Controls, and the marks that turn the direction of text or hide it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;

/** The text without anything that could steer a terminal; line breaks and tabs become spaces. */
export function plain(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, " ")
    .replace(SEQUENCES, "")
    .replace(CONTROLS, "");
}

/** One JSON document that is safe to print: JSON itself escapes the C0 controls, the rest is escaped here without loss. */
export function jsonDocument(value: unknown): string {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return text.replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}

/** A decimal string without needless zeros, at least two decimals, no "-0": "1.0000" → "1.00", "5" → "5.00". */
export function trimmedMoney(amount: string): string {
  const [whole = "0", fraction = ""] = amount.split(".");
  const text = `${whole}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

/** "1234567.8" → "1,234,567.80"; an absent amount is "–". */
export function money(amount: string | null | undefined): string {
  if (amount === null || amount === undefined || amount === "") return "–";
  const [whole = "0", fraction = ""] = trimmedMoney(amount).split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${fraction}`;
}

/** A ratio in percent, half up at two decimals, computed in whole numbers: "0.123456" → "12.35 %". */
export function percent(ratio: string | null | undefined): string {
  return ratio === null || ratio === undefined || ratio === "" ? "–" : `${rounded(ratio, 4, 2)} %`;
}

/** A ratio as a multiple, half up at two decimals: "1.5432" → "1.54 ×". */
export function multiple(ratio: string | null | undefined): string {
  return ratio === null || ratio === undefined || ratio === "" ? "–" : `${rounded(ratio, 2, 0)} ×`;
}

/** Rounds a plain decimal half up (away from zero) to `scale` places, then moves the point `shift` places to the right. */
function rounded(decimal: string, scale: number, shift: number): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal);
  if (!match) return plain(decimal);
  const [, sign, whole = "0", fraction = ""] = match;
  const digits = `${whole}${fraction.padEnd(scale + 1, "0")}`;
  const kept = digits.slice(0, whole.length + scale);
  const next = digits[whole.length + scale] ?? "0";
  const value = BigInt(kept) + (next >= "5" ? 1n : 0n);
  const places = scale - shift;
  const text = value.toString().padStart(places + 1, "0");
  const shown = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
  return value === 0n ? shown : `${sign}${shown}`;
}

/** An amount that nobody pays, such as an estimate: half up at `places`, thousands apart. */
export const estimate = (amount: string, places: number): string => figure(rounded(amount, places, 0), places);

export interface Column<Row> {
  header: string;
  value: (row: Row) => string | null | undefined;
  /** Figures are right-aligned. */
  figure?: boolean;
  /** Longest text shown, in characters; longer ends with "…". */
  most?: number;
}

const width = (text: string): number => [...text].length;
const shortened = (text: string, most: number): string =>
  width(text) <= most ? text : `${[...text].slice(0, most - 1).join("")}…`;

/** Aligned rows under a header line; figures to the right. No rows: `none`. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], none = "Nothing to show."): string {
  if (rows.length === 0) return none;
  const cells = rows.map((row) =>
    columns.map((column) => shortened(plain(column.value(row) ?? "–"), column.most ?? 60)),
  );
  const widths = columns.map((column, at) =>
    cells.reduce((most, line) => Math.max(most, width(line[at] ?? "")), width(column.header)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => {
        const space = " ".repeat(Math.max(0, (widths[at] ?? 0) - width(text)));
        return columns[at]?.figure ? `${space}${text}` : `${text}${space}`;
      })
      .join("  ")
      .trimEnd();
  return [
    line(columns.map((column) => column.header)),
    line(widths.map((size) => "─".repeat(size))),
    ...cells.map(line),
  ].join("\n");
}

/** "Label:  value" lines with the values under each other. */
export function facts(rows: readonly (readonly [string, string | null | undefined])[]): string {
  const widest = rows.reduce((most, [label]) => Math.max(most, width(label) + 1), 0);
  return rows.map(([label, value]) => `${`${label}:`.padEnd(widest)} ${plain(value ?? "–")}`).join("\n");
}

/** Small numbers in words, as a sentence wants them: "one", "two", "12". */
export const inWords = (count: number): string => ["no", "one", "two", "three", "four", "five"][count] ?? String(count);

/** "two people who did not propose it approve", with a capital. */
export function peopleNeeded(count: number, verb: "approve" | "decide"): string {
  const people = count === 1 ? "One person" : `${inWords(count).replace(/^./, (first) => first.toUpperCase())} people`;
  return `${people} who did not propose it ${count === 1 ? `${verb}s` : verb}`;
}

/** A timestamp of the database in UTC to the second, for people: "2026-11-21 09:30:00Z". */
export function when(timestamp: string | null | undefined): string {
  if (!timestamp) return "–";
  const iso = isoTime(timestamp);
  return iso === null ? plain(timestamp) : `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}

/** A timestamp of the database ("2026-11-21 09:30:00.123456+00" or ISO 8601) as ISO 8601 in UTC with milliseconds. */
export function isoTime(timestamp: string | null | undefined): string | null {
  if (!timestamp) return null;
  const value = Date.parse(timestamp.replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00"));
  return Number.isNaN(value) ? null : new Date(value).toISOString();
}

/** A decimal with exactly `places` decimals, and more only where digits would be lost: "50.000000" at 4 → "50.0000". */
export function fixed(decimal: string, places: number): string {
  const [whole = "0", fraction = ""] = decimal.split(".");
  const kept = fraction.replace(/0+$/, "").padEnd(places, "0");
  return kept === "" ? whole : `${whole}.${kept}`;
}

/** The same with separators in the whole part, for people; an absent figure is "–". */
export function figure(decimal: string | null | undefined, places: number): string {
  if (decimal === null || decimal === undefined || decimal === "") return "–";
  const [whole = "0", fraction] = fixed(decimal, places).split(".");
  const parted = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? parted : `${parted}.${fraction}`;
}
