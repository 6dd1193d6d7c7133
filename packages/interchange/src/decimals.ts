// Numbers as people and programs write them, to plain decimal strings. Nothing is ever a floating-point number; what is ambiguous is refused.

export interface NumberFormat {
  decimal: "." | ",";
  /** What separates thousands, where they are separated; "" none. */
  group: "" | "." | "," | " " | "'";
}

const SPACES = /[\u00a0\u2007\u2009\u202f ]/g;
const PLAIN = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;
/** Digits before and after the point that the ledger can hold. */
const WHOLE_DIGITS = 30;
const FRACTION_DIGITS = 18;

/** Sign and digits of a number as typed: "(1 234,50)" → ["-", "1 234,50"]; every kind of space becomes one, every apostrophe "'". */
function stripped(text: string): { negative: boolean; digits: string } | undefined {
  const trimmed = text.trim().replace(SPACES, " ").replaceAll("\u2019", "'").replaceAll("\u2212", "-");
  const [, inside] = /^\((.*)\)$/.exec(trimmed) ?? [];
  if (inside !== undefined) return /^[-+]/.test(inside) ? undefined : { negative: true, digits: inside.trim() };
  const [, before = "", digits = "", after = ""] = /^([-+]?) ?(.*?) ?([-+]?)$/.exec(trimmed) ?? [];
  if (before !== "" && after !== "") return undefined;
  return { negative: before === "-" || after === "-", digits };
}

/** A plain decimal without needless zeros, no "-0"; undefined when it has more digits than the ledger. */
function canonical(negative: boolean, whole: string, fraction: string): string | undefined {
  const kept = whole.replace(/^0+(?=\d)/, "");
  const rest = fraction.replace(/0+$/, "");
  if (kept.length > WHOLE_DIGITS || rest.length > FRACTION_DIGITS) return undefined;
  const digits = rest === "" ? kept : `${kept}.${rest}`;
  return negative && digits !== "0" ? `-${digits}` : digits;
}

/** The number by a format that is known: digits in threes or not separated at all. Undefined: not such a number. */
export function parseDecimal(text: string, format: NumberFormat): string | undefined {
  const found = stripped(text);
  if (!found) return undefined;
  const parts = found.digits.split(format.decimal);
  const [head = "", fraction = ""] = parts;
  if (parts.length > 2 || !/^\d*$/.test(fraction) || (parts.length === 2 && fraction === "")) return undefined;
  const groups = format.group === "" ? [head] : head.split(format.group);
  if (
    groups.length > 1 &&
    !(/^\d{1,3}$/.test(groups[0] ?? "") && groups.slice(1).every((group) => /^\d{3}$/.test(group)))
  )
    return undefined;
  const whole = groups.join("");
  return /^\d+$/.test(whole) ? canonical(found.negative, whole, fraction) : undefined;
}

/** What a value proves of its column: which sign is the decimal one. `either`: 1,234 may be both. */
function proof(digits: string): "." | "," | "either" | "none" | "contradiction" {
  const bare = digits.replace(/[ ']/g, "");
  const dots = bare.split(".").length - 1;
  const commas = bare.split(",").length - 1;
  if (dots > 0 && commas > 0) {
    if (dots > 1 && commas > 1) return "contradiction";
    return bare.lastIndexOf(".") > bare.lastIndexOf(",") ? "." : ",";
  }
  if (dots + commas === 0) return "none";
  const sign = dots > 0 ? "." : ",";
  const other = sign === "." ? "," : ".";
  if (dots + commas > 1) return other; // twice: it separates thousands
  const [head = "", tail = ""] = bare.split(sign);
  return tail.length === 3 && /^[1-9]\d{0,2}$/.test(head) && bare === digits ? "either" : sign;
}

export type ColumnFormat = { format: NumberFormat; ambiguous: boolean } | { contradiction: string };

/**
 * The format of a column by all its values together. `ambiguous`: no value proves it and one can be read in two ways;
 * a contradiction names a value that proves the opposite of another.
 */
export function formatOf(values: readonly string[]): ColumnFormat {
  let decimal: "." | "," | undefined;
  let group: NumberFormat["group"] = "";
  let ambiguous = false;
  for (const value of values) {
    const digits = stripped(value)?.digits ?? "";
    const says = proof(digits);
    if (says === "contradiction") return { contradiction: value };
    if (says === "either") ambiguous = true;
    if (says === "." || says === ",") {
      if (decimal !== undefined && decimal !== says) return { contradiction: value };
      decimal = says;
    }
    if (digits.includes("'")) group = "'";
    else if (digits.includes(" ")) group = " ";
  }
  const known = decimal ?? ".";
  if (group === "" && values.some((value) => value.includes(known === "." ? "," : ".")))
    group = known === "." ? "," : ".";
  return { format: { decimal: known, group }, ambiguous: ambiguous && decimal === undefined };
}

/**
 * A number cell of a workbook: what is stored is a binary double, of which 15 digits were ever meant (as Excel shows them).
 * Undefined when it is none, or has so many digits that cents were lost when it was typed.
 */
export function workbookDecimal(stored: string): string | undefined {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(stored.trim()) ?? [];
  if (whole === "") return undefined;
  const digits = (whole + fraction).replace(/^0+/, "");
  let point = whole.length + Number(exponent) - ((whole + fraction).length - digits.length);
  let kept = digits;
  if (digits.length > 15) {
    const up = (digits[15] ?? "0") >= "5" ? 1n : 0n;
    const rounded = (BigInt(digits.slice(0, 15)) + up).toString();
    point += rounded.length - 15;
    kept = rounded;
    if (point > 13) return undefined;
  }
  if (kept === "") return "0";
  const text =
    point <= 0
      ? `0.${"0".repeat(Math.min(-point, 40))}${kept}`
      : point >= kept.length
        ? kept.padEnd(Math.min(point, 40), "0")
        : `${kept.slice(0, point)}.${kept.slice(point)}`;
  const [head = "0", tail = ""] = text.split(".");
  return canonical(sign === "-", head, tail);
}

/** A decimal of an XML message: digits and a point, as XML Schema has them. Undefined: none. */
export function xmlDecimal(text: string): string | undefined {
  const [, sign = "", whole = "", fraction = ""] = /^([-+]?)(\d*)\.?(\d*)$/.exec(text) ?? [];
  if (whole + fraction === "" || text.endsWith(".")) return undefined;
  return canonical(sign === "-", whole === "" ? "0" : whole, fraction);
}

/** Σ of plain decimals, exact. Errors: throws on what is no plain decimal (callers hold canonical ones). */
export function sumOf(values: readonly string[]): string {
  const scale = values.reduce((most, value) => Math.max(most, value.split(".")[1]?.length ?? 0), 0);
  const total = values.reduce((sum, value) => {
    const negative = value.startsWith("-");
    const [whole = "", fraction = ""] = value.replace("-", "").split(".");
    const units = BigInt(whole + fraction.padEnd(scale, "0"));
    return negative ? sum - units : sum + units;
  }, 0n);
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, "0");
  return canonical(total < 0n, digits.slice(0, digits.length - scale), scale === 0 ? "" : digits.slice(-scale)) ?? "0";
}

/** "12.5" with two places: "12.50"; a decimal with more places than asked stays as it is. */
export const withPlaces = (value: string, places: number): string => {
  const [whole = "0", fraction = ""] = value.split(".");
  const padded = fraction.padEnd(places, "0");
  return padded === "" ? whole : `${whole}.${padded}`;
};

export const isPlainDecimal = (value: string): boolean => PLAIN.test(value.replace(/^-/, ""));
