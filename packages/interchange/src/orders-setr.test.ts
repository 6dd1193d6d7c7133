// Orders of setr.010 and setr.004, and that the same orders come out of a CSV file, a workbook and a message.
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
