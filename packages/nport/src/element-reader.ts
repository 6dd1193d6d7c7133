// Reads the fields of one XML element by the form's types. Whatever is read is taken out; `done()` lists the rest as unknown.
// A field is a child element ("valUSD") or an attribute ("@sales"). `undefined` is absent, `null` is the filer's "N/A".
import { isFormDecimal, isNegativeZero } from "./decimals.ts";
import { type ReadingNotes, refuse } from "./reading-notes.ts";
import type { XmlElement } from "./xml-sections.ts";

/** What a filer said: a value, `null` for "N/A", `undefined` for nothing. */
export type Reported<T> = T | null | undefined;

/** Controls of C0 and C1 and the marks that reorder text: none belongs in a name, all deceive the eye. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const UNFIT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

/** Longest text of a field; the form's own limit is 5,000 (explanatory notes). */
const MAX_TEXT = 10_000;

export class ElementReader {
  readonly #element: XmlElement;
  readonly #notes: ReadingNotes;
  readonly path: string;

  constructor(element: XmlElement, path: string, notes: ReadingNotes) {
    this.#element = element;
    this.#notes = notes;
    this.path = path;
  }

  get line(): number {
    return this.#element.line;
  }

  get name(): string {
    return this.#element.name;
  }

  /** Children that were counted and not held. */
  get omitted(): number {
    return this.#element.omitted;
  }

  /** All children of a name, in the order of the file. */
  children(name: string): ElementReader[] {
    const found = this.#element.children.get(name) ?? [];
    this.#element.children.delete(name);
    return found.map((child) => new ElementReader(child, `${this.path}/${name}`, this.#notes));
  }

  /** The one child of a name; a second refuses the file. */
  child(name: string): ElementReader | undefined {
    const [first, second] = this.children(name);
    if (second && first) refuse(second.line, `a second <${name}> in ${this.path}; the first is on line ${first.line}.`);
    return first;
  }

  /** Parts of the form that are known and not kept (addresses, contacts, credentials; the list is in the README). */
  leaveOut(...names: string[]): void {
    for (const name of names) {
      if (name.startsWith("@")) this.#element.attributes.delete(name.slice(1));
      else this.#element.children.delete(name);
    }
  }

  /** Text of a field, white space collapsed as the form's tokens are; empty counts as absent. */
  text(field: string): Reported<string> {
    const raw = this.#raw(field);
    if (raw === undefined) return undefined;
    const text = raw.value.trim().replace(/\s+/g, " ");
    if (text === "") return undefined;
    if (UNFIT.test(text)) refuse(raw.line, `${this.#where(field)} holds control characters.`);
    if (text.length > MAX_TEXT) refuse(raw.line, `${this.#where(field)} is longer than ${MAX_TEXT} characters.`);
    return text === "N/A" ? null : text;
  }

  /** Text that the form requires and that cannot be "N/A". */
  requiredText(field: string): string {
    const line = this.lineOf(field);
    const text = this.text(field);
    return text ?? refuse(line, `${this.#where(field)} is ${text === null ? "N/A" : "missing"}.`);
  }

  /** A short code of the form ("DBT", "USD", "N-1A"). Codes the form does not know are kept and reported. */
  code(field: string, known?: ReadonlySet<string>): Reported<string> {
    const line = this.lineOf(field);
    const code = this.text(field);
    if (typeof code !== "string") return code;
    if (code.length > 40) refuse(line, `${this.#where(field)} is not a code.`);
    if (known && !known.has(code))
      this.#notes.warn("unknown_code", `${this.#where(field)} has a code the form does not list.`, line);
    return code;
  }

  /** A number as the filer wrote it. Exponents, NaN, separators and more than 24 digits on a side refuse the file. */
  decimal(field: string): Reported<string> {
    const line = this.lineOf(field);
    const raw = this.text(field);
    if (typeof raw !== "string") return raw;
    if (!isFormDecimal(raw))
      refuse(
        line,
        `${this.#where(field)} is not a plain decimal number of at most 24 digits before and after the point.`,
      );
    if (isNegativeZero(raw))
      this.#notes.warn("negative_zero", `${this.#where(field)} is minus zero; read as zero.`, line);
    return raw;
  }

  requiredDecimal(field: string): string {
    const line = this.lineOf(field);
    const value = this.decimal(field);
    return value ?? refuse(line, `${this.#where(field)} is ${value === null ? "N/A" : "missing"}.`);
  }

  /** A number or, where the form allows it, a mark of at most five characters such as "XXXX" for a figure withheld from the public. */
  decimalOrWithheld(field: string): Reported<string> {
    const line = this.lineOf(field);
    const raw = this.text(field);
    if (typeof raw !== "string" || isFormDecimal(raw)) return raw;
    if (raw.length > 5)
      refuse(line, `${this.#where(field)} is neither a plain decimal number nor a mark of at most five characters.`);
    return "withheld";
  }

  /** A day of the calendar as YYYY-MM-DD. A time zone is dropped; one-digit months and days are filled up. */
  day(field: string): Reported<string> {
    const line = this.lineOf(field);
    const raw = this.text(field);
    if (typeof raw !== "string") return raw;
    const [, year = "", month = "", day = ""] = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:Z|[+-]\d{2}:\d{2})?$/.exec(raw) ?? [];
    const iso = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
    const parsed = new Date(`${iso}T00:00:00Z`);
    if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== iso || year < "1000") {
      refuse(line, `${this.#where(field)} is not a day of the calendar (YYYY-MM-DD).`);
    }
    return iso;
  }

  requiredDay(field: string): string {
    const line = this.lineOf(field);
    const day = this.day(field);
    return day ?? refuse(line, `${this.#where(field)} is ${day === null ? "N/A" : "missing"}.`);
  }

  /** Y or N (true or false in the header). */
  yesNo(field: string): Reported<boolean> {
    const line = this.lineOf(field);
    const raw = this.text(field);
    if (typeof raw !== "string") return raw;
    if (raw === "Y" || raw === "true") return true;
    if (raw === "N" || raw === "false") return false;
    return refuse(line, `${this.#where(field)} is neither Y nor N.`);
  }

  /** Own text of the element, for those that carry text and attributes at once. */
  ownText(): Reported<string> {
    return this.text("#text");
  }

  /** Call when everything known has been read: the rest is listed as unknown. */
  done(): void {
    for (const name of this.#element.attributes.keys()) this.#notes.unknown(`${this.path}/@${name}`, this.line);
    for (const [name, elements] of this.#element.children) {
      for (const element of elements) this.#notes.unknown(`${this.path}/${name}`, element.line);
    }
    if (this.#element.text !== "") this.#notes.unknown(`${this.path}/#text`, this.line);
  }

  #where(field: string): string {
    return `${this.path}/${field}`;
  }

  /** Line of a field that has not been read yet; of the element itself when the field is absent. */
  lineOf(field: string): number {
    return field.startsWith("@") ? this.line : (this.#element.children.get(field)?.[0]?.line ?? this.line);
  }

  #raw(field: string): { value: string; line: number } | undefined {
    if (field.startsWith("@")) {
      const value = this.#element.attributes.get(field.slice(1));
      this.#element.attributes.delete(field.slice(1));
      return value === undefined ? undefined : { value, line: this.line };
    }
    if (field === "#text") {
      const value = this.#element.text;
      this.#element.text = "";
      return { value, line: this.line };
    }
    const child = this.child(field);
    if (!child) return undefined;
    const value = child.#element.text;
    child.#element.text = "";
    child.done();
    return { value, line: child.line };
  }
}

/** Drops the fields a filer did not report, so that `in` and JSON tell "N/A" from absent. */
export function reported<T extends object>(fields: T): T {
  for (const key of Object.keys(fields)) {
    if (fields[key as keyof T] === undefined) delete fields[key as keyof T];
  }
  return fields;
}
