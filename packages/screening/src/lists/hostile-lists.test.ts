// Hostile text in every format of list: two hundred texts that want something, formulas, terminal sequences, markup, turned text, NUL and names of 10 MB.
// Each is a name like any other or refused with a code; the entry beside it is found as before.
import { INJECTIONS } from "@evergreen-fund/testing/hostile/injections.ts";
import { describe, expect, it } from "vitest";
import { LIST_FORMATS, type ListFormat } from "../party.ts";
import { openIndex } from "../screening-index.ts";
import { readList } from "./read-list.ts";

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const markup = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const MARKS = "Rosa Lindqvist";
const CSV_OFAC = Array.from({ length: 8 }, () => "-0- ").join(",");
/** A list of people of those names. */
const WRITTEN: Readonly<Record<ListFormat, (names: readonly string[]) => string>> = {
  "ofac-csv": (names) => names.map((name, at) => `${at + 1},${cell(name)},"individual","T",${CSV_OFAC}\n`).join(""),
  "eu-xml": (names) =>
    `<export>${names.map((name, at) => `<sanctionEntity logicalId="${at}"><subjectType code="person"/><nameAlias wholeName="${markup(name)}"/></sanctionEntity>`).join("")}</export>`,
  "un-xml": (names) =>
    `<CONSOLIDATED_LIST>${names.map((name, at) => `<INDIVIDUAL><DATAID>${at}</DATAID><FIRST_NAME>${markup(name)}</FIRST_NAME></INDIVIDUAL>`).join("")}</CONSOLIDATED_LIST>`,
  "uk-csv": (names) =>
    `Name 6,Group Type,Group ID\n${names.map((name, at) => `${cell(name)},Individual,${at}\n`).join("")}`,
  "uk-xml": (names) =>
    `<Designations>${names.map((name, at) => `<Designation><UniqueID>U${at}</UniqueID><Names><Name><Name6>${markup(name)}</Name6></Name></Names><IndividualEntityShip>Individual</IndividualEntityShip></Designation>`).join("")}</Designations>`,
  "own-csv": (names) => `id,name,kind\n${names.map((name, at) => `b${at},${cell(name)},person\n`).join("")}`,
  "opensanctions-csv": (names) =>
    `id,schema,name,aliases\n${names.map((name, at) => `N${at},Person,${cell(name)},\n`).join("")}`,
  "ftm-json": (names) =>
    names
      .map((name, at) => JSON.stringify({ id: `N${at}`, schema: "Person", target: true, properties: { name: [name] } }))
      .join("\n"),
};

const read = (format: ListFormat, ...names: string[]) =>
  readList([{ name: "list", bytes: new TextEncoder().encode(WRITTEN[format](names)) }], { list: "test", format });
/** The code of a refusal, or the entries. */
function outcome(format: ListFormat, ...names: string[]) {
  try {
    return { code: null, entries: read(format, ...names).entries };
  } catch (error) {
    return { code: (error as { code?: string }).code ?? String(error), entries: [] };
  }
}
const rosa = { names: [MARKS], kind: "person" as const, born: ["1980"] };
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const STEERS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;
const FORMULAS = ["=cmd|'/c calc'!A1", '=HYPERLINK("http://x.invalid")', "+1+1", "-2+3", "@SUM(A1)"];
const STEERING = [
  "\u001b[2J\u001b]0;x\u0007Ivan",
  "Iv\u202ean\u202c Petrov",
  "<script>alert(1)</script>",
  "Iv\u200ban",
  "'; drop table parties; --",
];

describe.each(LIST_FORMATS)("%s", (format) => {
  it("takes texts that want something as names, changes no other entry by them, and answers nothing that steers", () => {
    const calm = openIndex(read(format, "Walter Hollander", MARKS).entries, []).screen(rosa);
    expect(calm).toHaveLength(1);
    let taken = 0;
    for (const text of [...INJECTIONS, ...FORMULAS, ...STEERING]) {
      const { code, entries } = outcome(format, text, MARKS);
      if (code !== null) {
        expect(code, text).toMatch(/^EG4(00|13)$/);
        continue;
      }
      taken += 1;
      for (const { names } of entries) for (const { name } of names) expect(name).not.toMatch(STEERS);
      const found = openIndex(entries, []).screen(rosa);
      expect(
        found.filter(({ name }) => name === MARKS),
        text,
      ).toEqual(calm);
    }
    expect(taken).toBeGreaterThan(180);
  });
  it("refuses a name of 10 MB, and NUL unless it is escaped: then it leaves the name", () => {
    expect(outcome(format, "x".repeat(10_000_000), MARKS).code).toBe("EG413");
    const { code, entries } = outcome(format, "Iv\0an", MARKS);
    if (format === "ftm-json") expect(entries[0]?.names.map(({ name }) => name)).toEqual(["Ivan"]);
    else expect(code).toBe("EG400");
  });
  it("has no entry where nobody is listed: empty, which clears nobody, or refused", () => {
    const { code, entries } = outcome(format);
    expect({ code: code ?? "EG400", entries }).toEqual({ code: "EG400", entries: [] });
  });
});
