// Orders from CSV, XLSX, setr.010 and setr.004: what is read, what is refused with line and column, and that the same orders come out whatever the file.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMapping } from "./mapping.ts";
import type { ImportedOrder, OrderFile } from "./orders.ts";
import { readOrders } from "./read-file.ts";
import { bytesOf, inline, number, refusal, setr, setrOrder, workbook } from "./test-files.ts";

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

describe("setr.010 and setr.004", () => {
  const money = (name: string, amount = "1234.50") => `<AmtOrUnits><${name} Ccy="USD">${amount}</${name}></AmtOrUnits>`;
  it("subscriptions in money, gross or net, with the trade date of all", async () => {
    const file = await read(
      setr(
        "010",
        setrOrder("S-1", money("GrssAmt")) + setrOrder("S-2", money("NetAmt")),
        "<ReqdFutrTradDt>2026-01-30</ReqdFutrTradDt>",
      ),
      "values: { share_class: { LU0000000017: A }, investor: { LP-SYN1: LP-1 } }",
    );
    expect(file.format).toBe("setr.010.001.04");
    expect(values(file)).toEqual([ORDER, { ...ORDER, reference: "S-2" }]);
  });
  it("redemptions in units", async () => {
    const file = await read(
      setr(
        "004",
        setrOrder(
          "R-1",
          "<AmtOrUnitsOrPctg><UnitsNb>10.2500</UnitsNb></AmtOrUnitsOrPctg>",
          "<Id><OthrPrtryId><Id>A</Id></OthrPrtryId></Id>",
        ),
      ),
    );
    expect(values(file)).toEqual([
      {
        ...ORDER,
        reference: "R-1",
        investor: "LP-SYN1",
        direction: "redemption",
        amount: null,
        units: "10.25",
        currency: null,
        dealing_date: null,
      },
    ]);
  });
  it("a prefix on every element changes nothing", async () => {
    const plain = setr("010", setrOrder("S-1", money("GrssAmt")));
    const prefixed = plain.replace(/<(\/?)([A-Z])/g, "<$1s:$2").replace("xmlns=", "xmlns:s=");
    expect(values(await read(prefixed))).toEqual(values(await read(plain)));
  });
  it.each([
    [
      "a share of the holding",
      "004",
      "<AmtOrUnitsOrPctg><HldgsRedRate>50</HldgsRedRate></AmtOrUnitsOrPctg>",
      "4 AmtOrUnitsOrPctg/HldgsRedRate: is a share of the holding; give units or an amount.",
    ],
    [
      "a net redemption",
      "004",
      '<AmtOrUnitsOrPctg><NetAmt Ccy="USD">5</NetAmt></AmtOrUnitsOrPctg>',
      "4 AmtOrUnitsOrPctg/NetAmt: is net of charges that are known only at dealing; give a gross amount or units.",
    ],
    ["nothing", "010", "", "4 AmtOrUnits: is neither one amount nor units."],
    [
      "two measures",
      "010",
      '<AmtOrUnits><UnitsNb>1</UnitsNb><GrssAmt Ccy="USD">5</GrssAmt></AmtOrUnits>',
      "4 AmtOrUnits: is neither one amount nor units.",
    ],
    [
      "a decimal comma",
      "010",
      '<AmtOrUnits><GrssAmt Ccy="USD">5,00</GrssAmt></AmtOrUnits>',
      '4 AmtOrUnits/GrssAmt: "5,00" is not a positive number.',
    ],
    [
      "a negative amount",
      "010",
      '<AmtOrUnits><GrssAmt Ccy="USD">-5</GrssAmt></AmtOrUnits>',
      '4 AmtOrUnits/GrssAmt: "-5" is not a positive number.',
    ],
    [
      "no currency",
      "010",
      "<AmtOrUnits><GrssAmt>5</GrssAmt></AmtOrUnits>",
      "4 AmtOrUnits/GrssAmt/@Ccy: is not a code of three letters.",
    ],
  ] as const)("%s is refused", async (_what, message, quantity, problem) =>
    expect(problems(await read(setr(message, setrOrder("S-1", quantity))))).toEqual([problem]),
  );
  it("a reference twice, and a quantity twice", async () => {
    expect(
      problems(await read(setr("010", setrOrder("S-1", money("GrssAmt")) + setrOrder("S-1", money("GrssAmt"))))),
    ).toEqual(['4 reference: "S-1" stands on line 4 already.']);
    expect(await refusal(read(setr("010", setrOrder("S-1", money("GrssAmt") + money("GrssAmt")))))).toMatchObject({
      code: "EG400",
      message: expect.stringMatching(/^line 4: a second <AmtOrUnits>/),
    });
  });
});

describe("what is written as CSV, XLSX and setr comes back the same", () => {
  const order = fc.record({
    investor: fc.stringMatching(/^LP-[A-Z0-9]{1,8}$/),
    direction: fc.constantFrom("subscription" as const, "redemption" as const),
    cents: fc.integer({ min: 1, max: 10 ** 12 }),
  });
  const quotedCell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  it("CSV of every separator and line end", async () => {
    const words = fc
      .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 })
      .filter((text) => text.trim() !== "");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(order, words), { minLength: 1, maxLength: 30 }),
        fc.constantFrom(",", ";", "\t", "|"),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.boolean(),
        async (rows, separator, end, marked) => {
          const lines = rows.map(([row, note], at) =>
            [`R${at}`, row.investor, row.direction, (row.cents / 100).toFixed(2), note].map(quotedCell).join(separator),
          );
          const file = await read(
            `${marked ? "\ufeff" : ""}${["reference", "investor", "direction", "amount", "note"].join(separator)}${end}${lines.join(end)}${end}`,
          );
          expect(problems(file)).toEqual([]);
          expect(
            values(file).map((one) => [
              one.reference,
              one.investor,
              one.direction,
              Math.round(Number(one.amount) * 100),
            ]),
          ).toEqual(rows.map(([row], at) => [`R${at}`, row.investor, row.direction, row.cents]));
          expect(file.rows.map((row) => row.line)).toEqual(rows.map((_row, at) => at + 2));
        },
      ),
      { numRuns: 200 },
    );
  });
  it("a workbook and a message of the same orders", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(order, { minLength: 1, maxLength: 12 }), async (rows) => {
        const sheet = await readOrders(
          workbook([
            ["reference", "investor", "direction", "amount"].map(inline).join(""),
            ...rows.map((row, at) =>
              [inline(`R${at}`), inline("LP-SYN1"), inline("subscription"), number(String(row.cents / 100))].join(""),
            ),
          ]),
        );
        const message = await read(
          setr(
            "010",
            rows
              .map((row, at) =>
                setrOrder(
                  `R${at}`,
                  `<AmtOrUnits><GrssAmt Ccy="USD">${(row.cents / 100).toFixed(2)}</GrssAmt></AmtOrUnits>`,
                ),
              )
              .join("\n"),
          ),
        );
        expect(values(sheet).map((one) => one.amount)).toEqual(values(message).map((one) => one.amount));
        expect(values(message)).toHaveLength(rows.length);
      }),
      { numRuns: 50 },
    );
  });
});
