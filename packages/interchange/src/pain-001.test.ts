// pain.001.001.09 as it is written: the order and the limits of its elements (from the message definition), exact sums, and the same bytes again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountNumber, isIban } from "./accounts.ts";
import { sumOf } from "./decimals.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { NAMESPACE, type PaymentOrder, writePain001 } from "./pain-001.ts";
import { FUND_IBAN, PAYER_IBAN, refusal } from "./test-files.ts";
import { readRecords, type XmlRecord } from "./xml-records.ts";

const transfer = (at: number, amount: string, more: Partial<PaymentOrder["transfers"][number]> = {}) => ({
  endToEndId: `E2E${at}`,
  amount,
  holder: "Somebody (synthetic)",
  account: PAYER_IBAN,
  bic: null,
  remittance: "Redemption",
  ...more,
});
const ORDER: PaymentOrder = {
  messageId: "EVG-0123456789abcdef",
  createdAt: "2026-02-04T06:00:00.123+00:00",
  executionDate: "2026-02-06",
  currency: "EUR",
  places: 2,
  debtor: { holder: "Synthetic Evergreen Fund", account: FUND_IBAN, bic: "BILLLULL" },
  transfers: [transfer(1, "5400"), transfer(2, "0.01", { bic: "COBADEFFXXX" })],
};

/**
 * The elements this writer uses, in the order and the number in which pain.001.001.09 has them. Types: a pattern, or the children.
 * [name, least, most, type]
 */
type Rule = readonly [name: string, least: number, most: number, type: RegExp | readonly Rule[], attribute?: RegExp];
const id35 = /^.{1,35}$/;
const nm = /^.{1,140}$/;
const count = /^\d{1,15}$/;
const sum = /^(?=.{1,19}$)\d+(\.\d{1,17})?$/;
const bic = /^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$/;
const agent: Rule[] = [
  [
    "FinInstnId",
    1,
    1,
    [
      ["BICFI", 0, 1, bic],
      ["Othr", 0, 1, [["Id", 1, 1, id35]]],
    ],
  ],
];
const account: Rule[] = [
  [
    "Id",
    1,
    1,
    [
      ["IBAN", 0, 1, /^[A-Z]{2}\d{2}[a-zA-Z0-9]{1,30}$/],
      ["Othr", 0, 1, [["Id", 1, 1, /^.{1,34}$/]]],
    ],
  ],
  ["Ccy", 0, 1, /^[A-Z]{3}$/],
];
const DEFINITION: Rule[] = [
  [
    "CstmrCdtTrfInitn",
    1,
    1,
    [
      [
        "GrpHdr",
        1,
        1,
        [
          ["MsgId", 1, 1, id35],
          ["CreDtTm", 1, 1, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
          ["NbOfTxs", 1, 1, count],
          ["CtrlSum", 0, 1, sum],
          ["InitgPty", 1, 1, [["Nm", 0, 1, nm]]],
        ],
      ],
      [
        "PmtInf",
        1,
        1000,
        [
          ["PmtInfId", 1, 1, id35],
          ["PmtMtd", 1, 1, /^(CHK|TRF|TRA)$/],
          ["BtchBookg", 0, 1, /^(true|false)$/],
          ["NbOfTxs", 0, 1, count],
          ["CtrlSum", 0, 1, sum],
          ["PmtTpInf", 0, 1, [["SvcLvl", 0, 9, [["Cd", 1, 1, /^.{1,4}$/]]]]],
          ["ReqdExctnDt", 1, 1, [["Dt", 1, 1, /^\d{4}-\d\d-\d\d$/]]],
          ["Dbtr", 1, 1, [["Nm", 0, 1, nm]]],
          ["DbtrAcct", 1, 1, account],
          ["DbtrAgt", 1, 1, agent],
          ["ChrgBr", 0, 1, /^(DEBT|CRED|SHAR|SLEV)$/],
          [
            "CdtTrfTxInf",
            1,
            100000,
            [
              [
                "PmtId",
                1,
                1,
                [
                  ["InstrId", 0, 1, id35],
                  ["EndToEndId", 1, 1, id35],
                ],
              ],
              ["Amt", 1, 1, [["InstdAmt", 1, 1, /^(?=.{1,19}$)\d+(\.\d{1,5})?$/, /^[A-Z]{3}$/]]],
              ["CdtrAgt", 0, 1, agent],
              ["Cdtr", 0, 1, [["Nm", 0, 1, nm]]],
              ["CdtrAcct", 0, 1, account],
              ["RmtInf", 0, 1, [["Ustrd", 0, 99, nm]]],
            ],
          ],
        ],
      ],
    ],
  ],
];

function check(record: XmlRecord, rules: readonly Rule[]): string[] {
  const names = record.children.map((child) => child.name);
  const known = rules.map(([name]) => name);
  const strangers = names.filter((name) => !known.includes(name)).map((name) => `${record.name}: unknown ${name}`);
  const order = names.map((name) => known.indexOf(name));
  const sorted = order.every((at, index) => index === 0 || at >= (order[index - 1] ?? 0))
    ? []
    : [`${record.name}: ${names.join(" ")} out of order`];
  return [
    ...strangers,
    ...sorted,
    ...rules.flatMap(([name, least, most, type, attribute]) => {
      const found = record.children.filter((child) => child.name === name);
      return [
        ...(found.length < least || found.length > most ? [`${record.name}: ${found.length} ${name}`] : []),
        ...found.flatMap((child) =>
          type instanceof RegExp
            ? [
                ...(type.test(child.ownText) ? [] : [`${name}: ${child.ownText}`]),
                ...(attribute && !attribute.test(child.attributes.get("Ccy") ?? "") ? [`${name}: Ccy`] : []),
              ]
            : check(child, type),
        ),
      ];
    }),
  ];
}

function parsed(xml: string): XmlRecord {
  let document: XmlRecord | undefined;
  readRecords(
    xml,
    DEFAULT_LIMITS,
    {
      root: (name, namespace) => (name === "Document" && namespace === NAMESPACE ? undefined : "another root"),
      records: new Set(["Document"]),
    },
    {
      record(_path, record) {
        document = record;
      },
    },
  );
  if (!document) throw new Error("The file has no document.");
  return document;
}

describe("a payment file", () => {
  it("is, element by element, what the message definition has", () => {
    const file = writePain001(ORDER);
    expect(check(parsed(file.xml), DEFINITION)).toEqual([]);
    expect(file).toMatchObject({ transactions: 2, controlSum: "5400.01" });
    const root = parsed(file.xml);
    expect([root.text("CstmrCdtTrfInitn/GrpHdr/CtrlSum"), root.text("CstmrCdtTrfInitn/PmtInf/CtrlSum")]).toEqual([
      "5400.01",
      "5400.01",
    ]);
    expect([root.text("CstmrCdtTrfInitn/GrpHdr/NbOfTxs"), root.text("CstmrCdtTrfInitn/PmtInf/NbOfTxs")]).toEqual([
      "2",
      "2",
    ]);
    expect(root.all("CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Amt/InstdAmt").map((one) => one.ownText)).toEqual([
      "5400.00",
      "0.01",
    ]);
  });

  it("the checker sees what is out of order, missing, unknown or too long", () => {
    const { xml } = writePain001(ORDER);
    const broken = [
      xml.replace(/(<NbOfTxs>2<\/NbOfTxs>)\n(<CtrlSum>5400.01<\/CtrlSum>)/, "$2\n$1"),
      xml.replace("<PmtMtd>TRF</PmtMtd>\n", ""),
      xml.replace("<ChrgBr>SLEV", "<ChrgBr>SOME"),
      xml.replace(">EVG-0123456789abcdef<", `>${"x".repeat(36)}<`),
      xml.replace("<RmtInf>", "<Extra/><RmtInf>"),
      xml.replace(' Ccy="EUR"', ""),
    ];
    for (const text of broken) expect(check(parsed(text), DEFINITION)).not.toEqual([]);
  });

  it("euro between IBANs is SEPA; anything else is not", () => {
    expect(writePain001(ORDER).xml).toMatch(/<SvcLvl><Cd>SEPA<\/Cd><\/SvcLvl>[\s\S]*<ChrgBr>SLEV</);
    const dollars = { ...ORDER, currency: "USD", transfers: [transfer(1, "1", { account: "000123-456" })] };
    expect(writePain001(dollars).xml).not.toContain("SEPA");
    expect(writePain001(dollars).xml).toMatch(/<ChrgBr>SHAR<[\s\S]*<Othr><Id>000123-456<\/Id><\/Othr>/);
    expect(check(parsed(writePain001(dollars).xml), DEFINITION)).toEqual([]);
  });

  it("a currency without decimals, and one with three", () => {
    expect(
      writePain001({ ...ORDER, currency: "JPY", places: 0, transfers: [transfer(1, "5400"), transfer(2, "1")] }),
    ).toMatchObject({ controlSum: "5401" });
    expect(
      writePain001({ ...ORDER, currency: "KWD", places: 3, transfers: [transfer(1, "5.4"), transfer(2, "0.001")] }),
    ).toMatchObject({ controlSum: "5.401" });
  });

  it("names are written in the characters that banks take, and never break the file", () => {
    const names: [string, string][] = [
      ["Müller & Söhne <GmbH>", "Muller + Sohne .GmbH."],
      ["Straße Ærø", "Strasse AEro"],
      ["Łódź 株式会社", ".odz ...."],
      ["\u202eevil\u0000", ".evil."],
      ["株", "."],
    ];
    for (const [holder, written] of names) {
      const { xml } = writePain001({ ...ORDER, transfers: [transfer(1, "1", { holder })] });
      expect(parsed(xml).text("CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Cdtr/Nm")).toBe(written);
    }
  });

  it("the same payments give the same bytes", () =>
    expect(writePain001(structuredClone(ORDER)).xml).toBe(writePain001(ORDER).xml));

  it("any list of amounts: number and sum are right to the last digit", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10 ** 11 }), { minLength: 1, maxLength: 60 }), (cents) => {
        const amounts = cents.map((value) =>
          sumOf([`${Math.trunc(value / 100)}.${String(value % 100).padStart(2, "0")}`]),
        );
        const file = writePain001({ ...ORDER, transfers: amounts.map((amount, at) => transfer(at, amount)) });
        const root = parsed(file.xml);
        expect(check(root, DEFINITION)).toEqual([]);
        const written = root.all("CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Amt/InstdAmt").map((one) => one.ownText);
        const total = cents
          .reduce((whole, value) => whole + BigInt(value), 0n)
          .toString()
          .padStart(3, "0");
        expect(file.controlSum).toBe(`${total.slice(0, -2)}.${total.slice(-2)}`);
        expect(written).toEqual(
          cents.map((value) => `${Math.trunc(value / 100)}.${String(value % 100).padStart(2, "0")}`),
        );
        expect(file.transactions).toBe(cents.length);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ["no transfer", { transfers: [] }, /transfers/],
    ["zero", { transfers: [transfer(1, "0")] }, /Payment 1 has no positive amount/],
    ["a negative amount", { transfers: [transfer(1, "-1")] }, /Payment 1/],
    ["more decimals than the currency", { transfers: [transfer(1, "1"), transfer(2, "1.001")] }, /Payment 2/],
    ["an exponent", { transfers: [transfer(1, "1e5")] }, /Payment 1/],
    ["nineteen digits", { transfers: [transfer(1, "12345678901234567.89")] }, /Payment 1/],
    [
      "an identifier twice",
      { transfers: [transfer(1, "1"), transfer(1, "2")] },
      /Two payments have the identifier E2E1/,
    ],
    ["an identifier with a line break", { transfers: [transfer(1, "1", { endToEndId: "a\nb" })] }, /endToEndId/],
    ["a long message id", { messageId: "x".repeat(36) }, /messageId/],
    ["a BIC that is none", { debtor: { ...ORDER.debtor, bic: "BANK" } }, /bic/],
    ["a day that is none", { executionDate: "2026-02-30" }, /executionDate/],
  ] as [string, Partial<PaymentOrder>, RegExp][])("%s is refused", async (_what, more, words) => {
    const error = await refusal((async () => writePain001({ ...ORDER, ...more }))());
    expect(error.code).toBe("EG400");
    expect(error.message).toMatch(words);
  });
});

describe("account numbers", () => {
  it.each([
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "LU280019400644750000",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
  ])("%s is an IBAN", (iban) => {
    expect(isIban(iban)).toBe(true);
    expect(accountNumber(iban.toLowerCase().replace(/(.{4})/g, "$1 "))).toBe(iban);
  });
  it("any digit changed, and any two neighbours exchanged, is none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 21 }), fc.integer({ min: 1, max: 9 }), (at, by) => {
        const digits = [...PAYER_IBAN];
        const wrong = [...digits];
        wrong[at] = String((Number(digits[at]) + by) % 10);
        expect(isIban(wrong.join(""))).toBe(false);
        const next = digits[at + 1];
        if (next === undefined || next === digits[at]) return;
        const exchanged = [...digits];
        [exchanged[at], exchanged[at + 1]] = [next, digits[at] ?? ""];
        expect(isIban(exchanged.join(""))).toBe(false);
      }),
    );
  });
  it("others are kept as they are written; what is neither is none", () => {
    expect(accountNumber("000123-456 7")).toBe("000123-4567");
    expect([
      accountNumber(""),
      accountNumber("a b"),
      accountNumber("DE88370400440532013000"),
      accountNumber("<x>"),
    ]).toEqual([undefined, undefined, undefined, undefined]);
  });
});
