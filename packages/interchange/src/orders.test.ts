// Orders from CSV and XLSX: what is read by known names or by a mapping file, and what is refused with line and column.
import { describe, expect, it } from "vitest";
import { parseMapping } from "./mapping.ts";
import type { ImportedOrder, OrderFile } from "./orders.ts";
import { readOrders } from "./read-file.ts";
import { bytesOf, inline, number, refusal, setr, workbook } from "./test-files.ts";

const read = (text: string, mapping?: string) =>
  readOrders(bytesOf(text), { mapping: mapping === undefined ? undefined : parseMapping(mapping, "orders") });
const values = (file: OrderFile): ImportedOrder[] => file.rows.flatMap((row) => (row.value ? [row.value] : []));
const problems = (file: OrderFile): string[] =>
  file.rows.flatMap((row) => row.problems.map((one) => `${one.line} ${one.column ?? "-"}: ${one.reason}`));

const ORDER: ImportedOrder = {
  reference: "S-1",
  investor: "LP-1",
  share_class: "A",
  direction: "subscription",
  amount: "1234.5",
  units: null,
  currency: "USD",
  dealing_date: "2026-01-30",
  order_kind: "plain",
  to_class: null,
  to_investor: null,
};
const HEADER = "Order No,Investor,Class,Side,Amount,Units,Currency,Dealing date";
const ROW = "S-1,LP-1,A,subscription,1234.50,,USD,2026-01-30";

describe("CSV by known names", () => {
  it.each([
    ["Windows line ends", `${HEADER}\r\n${ROW}\r\n`],
    ["Unix line ends", `${HEADER}\n${ROW}`],
    ["old line ends", `${HEADER}\r${ROW}\r`],
    ["a byte order mark", `\ufeff${HEADER}\r\n${ROW}\r\n`],
    ["empty rows and rows of separators", `\n,,,,,,,\n${HEADER}\n\n${ROW}\n,,,,,,,\n`],
    ["a hint for the separator", `sep=;\r\n${HEADER.replaceAll(",", ";")}\r\n${ROW.replaceAll(",", ";")}`],
    ["semicolons", `${HEADER.replaceAll(",", ";")}\n${ROW.replaceAll(",", ";")}`],
    ["tabs", `${HEADER.replaceAll(",", "\t")}\n${ROW.replaceAll(",", "\t")}`],
    [
      "quotes around everything",
      `${HEADER}\n${ROW.split(",")
        .map((cell) => `"${cell}"`)
        .join(",")}`,
    ],
    ["spaces around cells", `${HEADER}\n${ROW.replaceAll(",", " , ")}`],
    [
      "other names, other order",
      "Handelstag;Betrag;Währung;Art;ANLEGER;Anteilklasse;Auftragsnummer\n30.01.2026;1.234,50;usd;Zeichnung;LP-1;A;S-1",
    ],
  ])("%s", async (_what, text) => {
    const file = await read(text);
    expect(problems(file)).toEqual([]);
    expect(values(file)).toEqual([ORDER]);
  });

  it("UTF-16 with its mark, and Windows-1252 when the mapping says so", async () => {
    const wide = Buffer.from(`\ufeff${HEADER}\n${ROW}`, "utf16le");
    expect(values(await readOrders(wide))).toEqual([ORDER]);
    const old = Buffer.from(
      `Betrag;W\u00e4hrung;Art;Anleger;Klasse;Referenz;Handelstag\n1234,50;USD;Kauf;LP-1;A;S-1;30.01.2026`,
      "latin1",
    );
    expect(await refusal(readOrders(old))).toEqual({
      code: "EG400",
      message:
        'The file is not valid UTF-8; if it comes from an older program, say "encoding: windows-1252" in the mapping file.',
    });
    expect(values(await readOrders(old, { mapping: parseMapping("encoding: windows-1252", "orders") }))).toEqual([
      ORDER,
    ]);
  });

  it("says which column became which field, and which is not used", async () => {
    const file = await read(`${HEADER},Adviser\n${ROW},X`);
    expect(file.columns.map(({ header, field }) => [header, field])).toEqual([
      ["Order No", "reference"],
      ["Investor", "investor"],
      ["Class", "share_class"],
      ["Side", "direction"],
      ["Amount", "amount"],
      ["Units", "units"],
      ["Currency", "currency"],
      ["Dealing date", "dealing_date"],
      ["Adviser", null],
    ]);
    expect({ format: file.format, sha256: file.sha256.length, bytes: file.bytes }).toEqual({
      format: "csv",
      sha256: 64,
      bytes: HEADER.length + ROW.length + 11,
    });
  });

  it("lines are those of the file, also below a cell of several lines", async () => {
    const file = await read(`Note,Investor,Side,Amount\r\n"two\r\nlines",LP-1,buy,1\r\n\r\nx,LP-2,hold,2\r\n`);
    expect(problems(file)).toEqual([
      '5 Side: "hold" is neither a subscription nor a redemption; say what it means in the mapping file (values).',
    ]);
  });
});

describe("rows that are refused, each with line, column and reason; the others stand", () => {
  const bad = (cells: string): string => `${HEADER}\n${cells}\nS-2,LP-2,A,sell,,10.5,,`;
  it.each([
    ["no investor", "S-1,,A,buy,1,,,", "2 Investor: is missing."],
    ["no direction", "S-1,LP-1,A,,1,,,", "2 Side: is missing."],
    ["no measure", "S-1,LP-1,A,buy,,,,", "2 Amount: is missing, and so are the units."],
    [
      "both measures",
      "S-1,LP-1,A,buy,1,2,,",
      "2 Units: and an amount are both given; an order is in money or in units.",
    ],
    ["a zero", "S-1,LP-1,A,buy,0.00,,,", "2 Amount: is missing, and so are the units."],
    [
      "a negative amount",
      "S-1,LP-1,A,sell,-5,,,",
      "2 Amount: is negative; the direction says which way an order goes.",
    ],
    ["words for a number", "S-1,LP-1,A,buy,many,,,", '2 Amount: "many" is not a number.'],
    ["a number that a spreadsheet has ruined", "S-1,LP-1,A,buy,1E+06,,,", '2 Amount: "1E+06" is not a number.'],
    [
      "two readings",
      'S-1,LP-1,A,buy,"1,234",,,',
      '2 Amount: "1,234" can be read in two ways; say in the mapping file which sign is the decimal one (numbers).',
    ],
    [
      "a day that is none",
      "S-1,LP-1,A,buy,1,,,2026-02-30",
      '2 Dealing date: "2026-02-30" is not a day; say how days are written in the mapping file (dates).',
    ],
    [
      "a day of two readings",
      "S-1,LP-1,A,buy,1,,,03/04/2026",
      '2 Dealing date: "03/04/2026" can be read in two ways; say how days are written in the mapping file (dates).',
    ],
    ["a currency", "S-1,LP-1,A,buy,1,,Dollar,", "2 Currency: is not a code of three letters."],
    ["a long reference", `${"x".repeat(36)},LP-1,A,buy,1,,,`, "2 Order No: is longer than 35 characters."],
    ["hidden characters", "S\u202e1,LP-1,A,buy,1,,,", "2 Order No: holds characters that cannot be seen."],
    ["more cells than headers", "S-1,LP-1,A,buy,1,,,,extra", "2 -: has more cells than the header row."],
    ["a reference twice", "S-2,LP-1,A,buy,1,,,", '3 Order No: "S-2" stands on line 2 already.'],
  ])("%s", async (_what, cells, problem) => {
    const file = await read(bad(cells));
    expect(problems(file).map((one) => one.replace("3 reference:", "3 Order No:"))).toEqual([problem]);
    expect(values(file).length).toBe(1);
  });

  it("a row that stands twice without a reference", async () => {
    const file = await read("Investor,Side,Amount\nLP-1,buy,1\nLP-1,buy,2\nLP-1,buy,1.00");
    expect(problems(file)).toEqual(["4 -: is the same as line 2; if both are meant, give each a reference."]);
    expect(values(file)).toHaveLength(2);
  });

  it("points and commas as decimal signs in one column", async () => {
    const file = await read('Investor,Side,Amount\nLP-1,buy,"1.234,56"\nLP-2,buy,"1,234.56"');
    expect(problems(file)).toHaveLength(2);
    expect(problems(file)[0]).toMatch(/mixes decimal points and decimal commas/);
  });
});

describe("files that are no orders", () => {
  it.each([
    ["no header that is known", "a,b\n1,2", "No column is the investor; name it in a mapping file (--map)."],
    [
      "no measure",
      "Investor,Side\nLP-1,buy",
      "No column is the amount or the units; name one in a mapping file (--map).",
    ],
    ["a header twice", "Investor,Side,Amount,Amount\n", 'line 1: two columns are called "Amount".'],
    [
      "two names of one field",
      "Investor,Side,Amount,Betrag\n",
      'Both "Amount" and "Betrag" could be amount; say which in a mapping file (--map).',
    ],
    ["only white space", " \n \n", "The file has no rows."],
    [
      "a quote without an end",
      'Investor,Side,Amount\nLP-1,"buy,1\nLP-2,buy,2',
      "line 2: a quote is opened and never closed.",
    ],
    [
      "a quote in the middle",
      'Investor,Side,Amount\nLP"1,buy,1',
      "line 2: a quote stands in the middle of a cell; a cell with quotes is quoted whole, its quotes doubled.",
    ],
    ["something after a quote", 'Investor,Side,Amount\n"LP"1,buy,1', "line 2: something follows a closing quote."],
    [
      "two separators as often",
      "Investor;Side,Amount\n",
      'The header row separates by "," as often as by ";"; say which in the mapping file.',
    ],
    [
      "NUL characters",
      "Investor,Side,Amount\nLP\0,buy,1",
      "The file holds NUL characters: it is no text, or UTF-16 without its mark.",
    ],
    [
      "a statement",
      '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>',
      "The file is a bank statement; use `import bank`.",
    ],
    [
      "another message",
      '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:setr.012.001.04"/>',
      'line 1: the root is "Document" in "urn:iso:std:iso:20022:tech:xsd:setr.012.001.04", no order message of ISO 20022.',
    ],
    [
      "another version",
      '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:setr.010.001.03"><x/></Document>',
      "line 1: setr.010.001.03 is not read; setr.010.001.04 is.",
    ],
    ["a message without orders", setr("010", ""), "line 1: the message holds no order."],
  ])("%s", async (_what, text, message) => expect(await refusal(read(text))).toEqual({ code: "EG400", message }));
});

describe("a mapping file", () => {
  const text = "Auszug vom 1.1.2026\nNr;Wer;Was;Wieviel;Wann\n7;4711;Kauf?;1.000,10;30-01-2026\n";
  const yaml = `kind: orders
columns: { reference: nr, investor: Wer, direction: Was, amount: Wieviel, dealing_date: Wann }
constants: { share_class: A, currency: USD }
values: { direction: { "Kauf?": subscription }, investor: { "4711": LP-1 } }
dates: DD-MM-YYYY
numbers: { decimal: ",", group: "." }
delimiter: ";"
skip_rows: 1
`;
  const expected = { ...ORDER, reference: "7", amount: "1000.1" };

  it("in YAML, and the same in JSON", async () => {
    expect(values(await read(text, yaml))).toEqual([expected]);
    const json = JSON.stringify(parseMapping(yaml, "orders"));
    expect(values(await read(text, json))).toEqual([expected]);
  });

  it.each([
    ["not YAML", "a: [1", /neither YAML nor JSON/],
    ["a key twice", "sheet: a\nsheet: b", /neither YAML nor JSON/],
    ["aliases", "constants: &a { currency: USD }\nvalues: { currency: *a }", /uses aliases/],
    ["an unknown part", "colums: {}", /Unrecognized key.*colums/],
    ["an unknown field", "columns: { amont: Betrag }", /names "amont" in columns; the fields are reference, investor/],
    ["a date pattern", "dates: soon", /"dates"/],
    ["one sign for two", 'numbers: { decimal: ",", group: "," }', /two signs/],
    ["another kind", "kind: bank", /is for bank, not for orders/],
    ["a column and a constant", "columns: { currency: a }\nconstants: { currency: USD }", /a column and a constant/],
    ["a list", "- a", /not one/],
    ["a tag", "sheet: !!js/function 'x'", /neither YAML nor JSON|not one/],
  ])("%s is refused", async (_what, mapping, words) => {
    const error = await refusal((async () => parseMapping(mapping, "orders"))());
    expect(error.code).toBe("EG400");
    expect(error.message).toMatch(words);
  });

  it("names of the language itself do no harm", () => {
    const mapping = parseMapping(
      'values: { __proto__: { polluted: "yes" }, direction: { constructor: sell } }',
      "orders",
    );
    expect({ ...mapping.values }).toEqual({ direction: { constructor: "sell" } });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("one of a megabyte is too large, and a column that is not there is named", async () => {
    expect(await refusal((async () => parseMapping(" ".repeat(70_000), "orders"))())).toMatchObject({ code: "EG413" });
    expect(await refusal(read(`${HEADER}\n${ROW}`, "columns: { investor: Kunde }"))).toEqual({
      code: "EG400",
      message: `The file has no column "Kunde" (investor); it has ${HEADER.split(",")
        .map((one) => `"${one}"`)
        .join(", ")}.`,
    });
    expect(await refusal(read(`${HEADER}\n${ROW}`, "columns: { investor: Investor, amount: Investor }"))).toMatchObject(
      { message: expect.stringContaining("for investor and for amount") },
    );
  });
});

describe("XLSX", () => {
  const head = ["Order No", "Investor", "Class", "Side", "Amount", "Units", "Currency", "Dealing date"]
    .map(inline)
    .join("");
  it("the same order with numbers and days as a workbook stores them", async () => {
    const row = [
      inline("S-1"),
      inline("LP-1"),
      inline("A"),
      inline("buy"),
      number("1234.5"),
      "<c/>",
      inline("USD"),
      number("46052", 2),
    ].join("");
    const file = await readOrders(workbook([head, row]));
    expect(problems(file)).toEqual([]);
    expect(values(file)).toEqual([ORDER]);
    expect(file.format).toBe("xlsx");
  });
  it("a number is a day by the style of its cell, and not because its format has a letter in quotes", async () => {
    const row = (day: string, amount: string) =>
      [inline("S"), inline("LP-1"), inline("A"), inline("buy"), amount, "<c/>", inline("USD"), day].join("");
    const file = await readOrders(
      workbook([head, row(number("46052", 1), number("5", 3)), row(number("46052.5", 2), number("6", 0))]),
      {
        mapping: parseMapping(
          "columns: { investor: Investor, direction: Side, amount: Amount, dealing_date: Dealing date }",
          "orders",
        ),
      },
    );
    expect(problems(file)).toEqual([]);
    expect(values(file).map((one) => [one.amount, one.dealing_date])).toEqual([
      ["5", "2026-01-30"],
      ["6", "2026-01-30"],
    ]);
    const wrong = await readOrders(workbook([head, row(number("46052", 0), number("46052", 1))]));
    expect(problems(wrong)).toEqual([
      "2 Amount: is a day, not a number.",
      '2 Dealing date: "46052" is not a day; say how days are written in the mapping file (dates).',
    ]);
  });
  it("a cell that shows an error, a formula that was never computed, a number that lost its cents", async () => {
    const row = (amount: string) =>
      [inline(`S-${amount.length}`), inline("LP-1"), inline("A"), inline("buy"), amount].join("");
    const file = await readOrders(
      workbook([head, row('<c t="e"><v>#REF!</v></c>'), row("<c><f>1+1</f></c>"), row(number("99999999999999.99"))]),
    );
    expect(problems(file)).toEqual([
      '2 Amount: the cell shows the error "#REF!".',
      "3 Amount: the formula has no stored value; open and save the workbook.",
      "4 Amount: the number has more digits than a workbook holds exactly; enter it as text.",
    ]);
  });
});
