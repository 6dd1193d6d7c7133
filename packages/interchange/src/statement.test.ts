// Bank statements from CSV, XLSX and camt.053 in the shapes of version 02 and 08: every line to the cent, and statements that do not foot refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sumOf } from "./decimals.ts";
import { parseMapping } from "./mapping.ts";
import { readStatement } from "./read-file.ts";
import type { BankLine, StatementFile } from "./statement.ts";
import {
  balance,
  bytesOf,
  camt,
  camtDetails,
  camtEntry,
  FUND_IBAN,
  inline,
  number,
  PAYER_IBAN,
  refusal,
  setr,
  setrOrder,
  workbook,
} from "./test-files.ts";

const read = (text: string, mapping?: string) =>
  readStatement(bytesOf(text), { mapping: mapping === undefined ? undefined : parseMapping(mapping, "bank") });
const values = (file: StatementFile): BankLine[] => file.rows.flatMap((row) => (row.value ? [row.value] : []));
const problems = (file: StatementFile): string[] =>
  file.rows.flatMap((row) => row.problems.map((one) => `${one.line} ${one.column ?? "-"}: ${one.reason}`));

const LINE: BankLine = {
  account: FUND_IBAN,
  booked_on: "2026-02-03",
  value_on: "2026-02-04",
  side: "credit",
  amount: "10800.1",
  currency: "EUR",
  reference: "SVC-1",
  end_to_end: "S-1",
  remittance: "Subscription S-1",
  counterparty_account: PAYER_IBAN,
  reversal: false,
};

describe.each(["02", "08"] as const)("camt.053.001.%s", (version) => {
  const details = (facts: Parameters<typeof camtDetails>[1] = {}) =>
    camtDetails(version, { endToEnd: "S-1", text: "Subscription S-1", ...facts });
  const entry = (facts: Partial<Parameters<typeof camtEntry>[1]> = {}) =>
    camtEntry(version, { amount: "10800.10", details: details(), ...facts });

  it("a credit and a debit, between balances that foot", async () => {
    const file = await read(
      camt(
        version,
        [
          balance("OPBD", "100.00"),
          balance("CLBD", "10900.00"),
          entry(),
          entry({ amount: "0.10", side: "DBIT", details: details({ side: "DBIT", endToEnd: "NOTPROVIDED" }) }),
        ].join("\n"),
      ),
    );
    expect(file).toMatchObject({ format: `camt.053.001.${version}`, notes: [] });
    expect(problems(file)).toEqual([]);
    expect(values(file)).toEqual([LINE, { ...LINE, side: "debit", amount: "0.1", end_to_end: null }]);
  });

  it("several transactions booked as one sum become lines of their own", async () => {
    const parts = details({ amount: "10000.05" }) + details({ amount: "800.05", endToEnd: "S-2" });
    const file = await read(camt(version, entry({ details: parts })));
    expect(values(file).map((line) => [line.amount, line.end_to_end])).toEqual([
      ["10000.05", "S-1"],
      ["800.05", "S-2"],
    ]);
  });

  it("transactions that do not give the sum stay one line without a name of their own", async () => {
    const parts = details({ amount: "10000.00" }) + details({ amount: "800.00", endToEnd: "S-2" });
    const [line, ...more] = values(await read(camt(version, entry({ details: parts }))));
    expect(more).toEqual([]);
    expect(line).toMatchObject({ amount: "10800.1", end_to_end: null, counterparty_account: null });
  });

  it("what is pending is left out and said; what is reversed or returned is marked", async () => {
    const file = await read(
      camt(
        version,
        entry({ status: "PDNG" }) +
          entry({ extra: "<RvslInd>true</RvslInd>" }) +
          entry({ details: details({ more: "<RtrInf><AddtlInf>closed</AddtlInf></RtrInf>" }) }),
      ),
    );
    expect(file.notes).toEqual(["1 entries are not booked yet and are left out."]);
    expect(values(file).map((line) => line.reversal)).toEqual([true, true]);
  });

  it.each([
    [
      "balances that do not foot",
      () => balance("OPBD", "100.00") + balance("CLBD", "10900.11") + entry(),
      /^line \d+: the statement does not foot/,
    ],
    [
      "an overdraft that does not foot",
      () => balance("OPBD", "100.00", "DBIT") + balance("CLBD", "10900.10") + entry(),
      /does not foot/,
    ],
    [
      "a count that is wrong",
      () => `<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>${entry()}`,
      /says that it has 2 entries and has 1/,
    ],
    [
      "an amount without a currency",
      () => entry().replace('<Amt Ccy="EUR">10800.10', "<Amt>10800.10"),
      /<Amt> is not an amount with its currency/,
    ],
    ["an amount below zero", () => entry({ amount: "-5.00" }), /is not an amount/],
    ["an amount with an exponent", () => entry({ amount: "1e5" }), /is not an amount/],
    ["no side", () => entry().replace(/<CdtDbtInd>CRDT/, "<CdtDbtInd>BOTH"), /neither CRDT nor DBIT/],
    ["two amounts", () => entry().replace(/(<Amt Ccy="EUR">10800.10<\/Amt>)/, "$1$1"), /a second <Amt>/],
    ["a day that is none", () => entry({ booked: "2026-02-30" }), /<BookgDt> is not a day/],
  ])("%s is refused", async (_what, body, words) => {
    const error = await refusal(read(camt(version, body())));
    expect(error.code).toBe("EG400");
    expect(error.message).toMatch(words);
  });

  it("balances foot or are refused, whatever the entries", async () => {
    const cents = fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).filter((value) => value !== 0);
    const money = (value: number): string =>
      `${Math.trunc(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, "0")}`;
    const side = (value: number): "CRDT" | "DBIT" => (value < 0 ? "DBIT" : "CRDT");
    await fc.assert(
      fc.asyncProperty(
        cents,
        fc.array(cents, { maxLength: 15 }),
        fc.integer({ min: -1, max: 1 }),
        async (opening, moves, wrong) => {
          const closing = moves.reduce((sum, value) => sum + value, opening) + wrong;
          const text = camt(
            version,
            [
              balance("OPBD", money(opening), side(opening)),
              balance("CLBD", money(closing), side(closing)),
              ...moves.map((value) => camtEntry(version, { amount: money(value), side: side(value) })),
            ].join("\n"),
          );
          if (wrong !== 0) {
            expect((await refusal(read(text))).message).toMatch(/does not foot/);
            return;
          }
          const lines = values(await read(text));
          expect(sumOf(lines.map((line) => (line.side === "debit" ? `-${line.amount}` : line.amount)))).toBe(
            sumOf(moves.map((value) => (value < 0 ? "-" : "") + money(value))),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("camt.053 of other shapes", () => {
  it("an account that is no IBAN, a status of the bank's own, a structured reference", async () => {
    const entry = camtEntry("08", {
      amount: "5.00",
      details: camtDetails("08", {
        more: "<RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf>",
      }),
    });
    const [line] = values(await read(camt("08", entry, "<Othr><Id>ACC-77</Id></Othr>")));
    expect(line).toMatchObject({ account: "ACC-77", remittance: "RF18539007547034" });
  });
  it("two statements in one file, each with its account and its balances", async () => {
    const one = camt("08", balance("OPBD", "0.00") + balance("CLBD", "1.00") + camtEntry("08", { amount: "1.00" }));
    const second = /<Stmt>[\s\S]*<\/Stmt>/.exec(one)?.[0].replaceAll(FUND_IBAN, PAYER_IBAN) ?? "";
    const lines = values(await read(one.replace("</Stmt>", `</Stmt>${second}`)));
    expect(lines.map((line) => line.account)).toEqual([FUND_IBAN, PAYER_IBAN]);
  });
  it.each([
    ["version 01", camt("01", ""), /camt.053.001.01 is not read; 02 to 13 are/],
    ["another message", camt("08", "").replaceAll("camt.053.001", "camt.054.001"), /no camt.053 statement/],
    ["no statement", camt("08", "").replace(/<Stmt>[\s\S]*<\/Stmt>/, ""), /holds no statement/],
    ["no account", camt("08", "").replace(/<Acct>[\s\S]*?<\/Acct>/, ""), /names no account/],
    [
      "orders",
      setr("010", setrOrder("S-1", "<AmtOrUnits><UnitsNb>1</UnitsNb></AmtOrUnits>")),
      /holds orders; use `import orders`/,
    ],
  ])("%s is refused", async (_what, text, words) => expect((await refusal(read(text))).message).toMatch(words));
  it("elements of another namespace are never taken for ours", async () => {
    const entry = camtEntry("08", { amount: "5.00" }).replace(
      "<Amt",
      '<x:Amt xmlns:x="urn:other" Ccy="EUR">9.00</x:Amt><Amt',
    );
    expect(values(await read(camt("08", entry)))[0]?.amount).toBe("5");
  });
});

describe("statements as tables", () => {
  const expected = { ...LINE, account: null };
  const cells = "10800.10;EUR;SVC-1;S-1;Subscription S-1";
  it.each([
    [
      "a signed amount",
      "Booking date;Value date;Amount;Currency;Reference;End-to-end ID;Description;IBAN",
      `2026-02-03;2026-02-04;${cells};${PAYER_IBAN}`,
      expected,
    ],
    [
      "a side beside it",
      "Date;Valuta;Amount;Ccy;Reference;EndToEndId;Text;IBAN;Credit/Debit",
      `2026-02-03;2026-02-04;${cells};${PAYER_IBAN};DBIT`,
      { ...expected, side: "debit" },
    ],
    [
      "two columns",
      "Date;Value date;Debit;Credit;Ccy;Reference;EndToEndId;Text;IBAN",
      `2026-02-03;2026-02-04;;${cells};${PAYER_IBAN}`,
      expected,
    ],
    [
      "a debit of two columns, with a minus",
      "Date;Value date;Debit;Credit;Ccy;Reference;EndToEndId;Text;IBAN",
      `2026-02-03;2026-02-04;-10800.10;;EUR;SVC-1;S-1;Subscription S-1;${PAYER_IBAN}`,
      { ...expected, side: "debit" },
    ],
    [
      "German words",
      "Buchungstag;Wertstellung;Betrag;Währung;Bankreferenz;Kundenreferenz;Verwendungszweck;Kontonummer/IBAN",
      `03.02.2026;04.02.2026;10.800,10;EUR;SVC-1;S-1;Subscription S-1;DE89 3704 0044 0532 0130 00`,
      expected,
    ],
  ])("%s", async (_what, header, row, line) => {
    const file = await read(`${header}\r\n${row}\r\n`);
    expect(problems(file)).toEqual([]);
    expect(values(file)).toEqual([line]);
  });

  it("a workbook", async () => {
    const head = ["Date", "Value date", "Amount", "Currency", "Reference", "EndToEndId", "Text", "IBAN"]
      .map(inline)
      .join("");
    const row = [
      number("46056", 1),
      number("46057", 1),
      number("10800.1"),
      inline("EUR"),
      inline("SVC-1"),
      inline("S-1"),
      inline("Subscription S-1"),
      inline(PAYER_IBAN),
    ].join("");
    expect(values(await readStatement(workbook([head, row])))).toEqual([expected]);
  });

  it.each([
    ["no day", "Date,Amount\n,5.00", "2 Date: is missing."],
    ["no amount", "Date,Amount\n2026-02-03,", "2 Amount: is missing."],
    ["zero", "Date,Amount\n2026-02-03,0.00", "2 Amount: is zero."],
    ["both columns", "Date,Credit,Debit\n2026-02-03,1,2", "2 Credit: and debit are both given."],
    ["neither column", "Date,Credit,Debit\n2026-02-03,,0.00", "2 Credit: and debit are both missing."],
    [
      "an unknown side",
      "Date,Amount,Side\n2026-02-03,1,left",
      '2 Side: "left" is neither credit nor debit; say what it means in the mapping file (values).',
    ],
    ["a credit below zero", "Date,Amount,Side\n2026-02-03,-1,credit", "2 Amount: is negative and yet a credit."],
    [
      "an IBAN with wrong check digits",
      "Date,Amount,Account\n2026-02-03,1,DE88370400440532013000",
      "2 Account: is no account number.",
    ],
  ])("%s", async (_what, text, problem) => expect(problems(await read(text))).toEqual([problem]));

  it.each([
    ["no day of booking", "Amount\n1", /No column is the booked_on/],
    ["nothing that moved", "Date\n2026-02-03", /No column is the amount/],
    ["amounts in two ways", "Date,Amount,Credit,Debit\n2026-02-03,1,1,", /map one or the others/],
  ])("%s: the file is refused", async (_what, text, words) =>
    expect((await refusal(read(text))).message).toMatch(words),
  );
});
