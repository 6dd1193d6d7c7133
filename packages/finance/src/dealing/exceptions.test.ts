// R13 and R14: side pockets and redemptions in kind. Vectors derived with Python's fractions, apart from this code.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { redemptionInKind } from "./in-kind.ts";
import { openSidePocket, pocketValue } from "./side-pocket.ts";

const coded = (code: string) => expect.objectContaining({ code });
const at = (scaled: bigint, dp: number): string => {
  const digits = String(scaled).padStart(dp + 1, "0");
  return dp === 0 ? digits : `${digits.slice(0, -dp)}.${digits.slice(-dp)}`;
};
const whole = (text: string): bigint => BigInt(text.replace(".", ""));

describe("R13 vector: 90,000 + 2,000 − 200 of 108,000 leave a class of 1,000 units", () => {
  const lots = [
    {
      id: "a",
      investorId: "x",
      units: "600",
      highWaterPerUnit: "107.25",
      equalisationCredit: "33.33",
      hurdleBase: "1234.56",
    },
    { id: "b", investorId: "y", units: "400" },
  ];
  const pocket = {
    currency: "USD",
    nav: "108000.00",
    fairValue: "90000.00",
    holdback: "2000.00",
    liabilities: "200.00",
    lots,
  };

  it("the class falls by what the pocket is worth, and marks, credit and hurdle base are split 85 to 15", () => {
    expect(openSidePocket(pocket)).toEqual({
      main: { nav: "16200.00", units: "1000.0000", navPerUnit: "16.2000" },
      pocket: { nav: "91800.00", units: "1000.0000", navPerUnit: "91.8000" },
      lots: [
        {
          id: "a",
          investorId: "x",
          pocketUnits: "600.0000",
          main: { highWaterPerUnit: "16.0875", equalisationCredit: "5.00", hurdleBase: "185.18" },
          pocket: { highWaterPerUnit: "91.1625", equalisationCredit: "28.33", hurdleBase: "1049.38" },
        },
        {
          id: "b",
          investorId: "y",
          pocketUnits: "400.0000",
          main: { highWaterPerUnit: "0.0000", equalisationCredit: "0.00", hurdleBase: "0.00" },
          pocket: { highWaterPerUnit: "0.0000", equalisationCredit: "0.00", hurdleBase: "0.00" },
        },
      ],
    });
  });

  it.each([
    ["more than the class", { fairValue: "200000.00" }],
    ["nothing", { fairValue: "0.00", holdback: "200.00" }],
    ["a class without units", { lots: [{ id: "a", investorId: "x", units: "0" }] }],
  ])("refuses a pocket of %s", (_what, change) => {
    expect(() => openSidePocket({ ...pocket, ...change })).toThrow(coded("EG400"));
  });
});

it("R13 for any class: values and every lot's figures add up to what they were, units 1:1, nothing negative", {
  timeout: LONG,
}, () => {
  const lot = fc.record({
    units: fc.bigInt(0n, 10n ** 12n),
    water: fc.bigInt(0n, 10n ** 9n),
    credit: fc.bigInt(0n, 10n ** 9n),
    base: fc.bigInt(0n, 10n ** 9n),
  });
  fc.assert(
    fc.property(
      fc.array(lot, { minLength: 1, maxLength: 5 }),
      fc.bigInt(1n, 10n ** 12n),
      fc.bigInt(1n, 10n ** 12n),
      (rows, fair, rest) => {
        fc.pre(rows.some((row) => row.units > 0n));
        const nav = fair + rest;
        const out = openSidePocket({
          currency: "USD",
          nav: at(nav, 2),
          fairValue: at(fair, 2),
          lots: rows.map((row, i) => ({
            id: `l${i}`,
            investorId: "x",
            units: at(row.units, 4),
            highWaterPerUnit: at(row.water, 4),
            equalisationCredit: at(row.credit, 2),
            hurdleBase: at(row.base, 2),
          })),
        });
        must(whole(out.main.nav) + whole(out.pocket.nav) === nav, "values add up");
        expect([out.main.units, out.pocket.units]).toEqual(
          Array(2).fill(
            at(
              rows.reduce((sum, row) => sum + row.units, 0n),
              4,
            ),
          ),
        );
        for (const [i, row] of rows.entries()) {
          const got = out.lots.find(({ id }) => id === `l${i}`);
          must(got?.pocketUnits === at(row.units, 4), "1:1");
          for (const [key, before] of [
            ["highWaterPerUnit", row.water],
            ["equalisationCredit", row.credit],
            ["hurdleBase", row.base],
          ] as const) {
            const [main, pocket] = [whole(got?.main[key] ?? ""), whole(got?.pocket[key] ?? "")];
            must(main + pocket === before, "halves add up");
            must(main >= 0n && pocket >= 0n, "no half below zero");
            const twice = 2n * (pocket * nav - before * fair);
            must(twice <= nav && twice >= -nav, "split by value, HALF_UP");
          }
        }
      },
    ),
    RUNS,
  );
});

describe("R14 vector: 123.4567 of 1,000 units at 98.7654", () => {
  const assets = [
    { id: "bond", quantity: "1000", lotSize: "1", price: "31.5" },
    { id: "share", quantity: "50", lotSize: "0.5", price: "700.01" },
    { id: "token", quantity: "300000", lotSize: "100", price: "0.11" },
    { id: "licence", quantity: "1", lotSize: "1", price: "100", transferable: false },
  ];
  const order = {
    currency: "USD",
    professional: true,
    units: "123.4567",
    unitsOutstanding: "1000",
    navPerUnit: "98.7654",
    cash: "5000.00",
    assets,
  };

  it("whole lots of every asset, the value of each rounded up, the rest in cash", () => {
    expect(redemptionInKind(order)).toEqual({
      entitlement: "12193.25",
      delivered: [
        { id: "bond", quantity: "123", value: "3874.50" },
        { id: "share", quantity: "6", value: "4200.06" },
        { id: "token", quantity: "37000", value: "4070.00" },
      ],
      deliveredValue: "12144.56",
      cash: "48.69",
    });
  });

  it.each([
    ["a retail investor", { professional: false }, "EG403"],
    ["more units than there are", { units: "1000.0001" }, "EG400"],
    ["a lot of nothing", { assets: [{ id: "x", quantity: "1", lotSize: "0", price: "1" }] }, "EG400"],
    ["assets worth more than the units", { navPerUnit: "1" }, "EG400"],
    ["a fund without the cash", { cash: "48.68" }, "EG424"],
  ])("refuses %s", (_what, change, code) => {
    expect(() => redemptionInKind({ ...order, ...change })).toThrow(coded(code));
  });
});

it("R14 for any portfolio: delivered and cash are the entitlement, nobody gets more than the slice, all in whole lots", {
  timeout: LONG,
}, () => {
  const asset = fc.record({
    quantity: fc.bigInt(0n, 10n ** 10n),
    lot: fc.bigInt(1n, 10n ** 6n),
    price: fc.bigInt(0n, 10n ** 8n),
    moves: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(asset, { minLength: 1, maxLength: 5 }),
      fc.bigInt(1n, 10n ** 9n),
      fc.bigInt(0n, 10n ** 9n),
      fc.bigInt(0n, 10n ** 12n),
      (rows, units, others, cash) => {
        const all = units + others;
        // NAV per unit from the assets and the cash, rounded up, so that the units are worth the slice
        const value = rows.reduce((sum, row) => sum + row.quantity * row.price, 0n) + cash * 100n; // 10^-4
        const navPerUnit =
          (value * 10_000n) / all + 1n + (10_000n * 100n * BigInt(rows.length) * all) / units / all + 1_000_000n;
        const facts = {
          currency: "USD",
          professional: true,
          units: at(units, 4),
          unitsOutstanding: at(all, 4),
          navPerUnit: at(navPerUnit, 4),
          cash: "99999999999999999.00",
          assets: rows.map((row, i) => ({
            id: `a${i}`,
            quantity: at(row.quantity, 2),
            lotSize: at(row.lot, 2),
            price: at(row.price, 2),
            transferable: row.moves,
          })),
        };
        const out = redemptionInKind(facts);
        must(whole(out.deliveredValue) + whole(out.cash) === whole(out.entitlement), "delivered + cash");
        must(whole(out.entitlement) === (units * navPerUnit) / 1_000_000n, "entitlement floored");
        let sum = 0n;
        for (const [i, row] of rows.entries()) {
          const got = out.delivered.find(({ id }) => id === `a${i}`);
          const [, part = ""] = (got?.quantity ?? "0").split(".");
          const hundredths = BigInt((got?.quantity ?? "0").replace(".", "")) * 10n ** BigInt(2 - part.length);
          must(row.moves || hundredths === 0n, "what cannot move stays");
          must(hundredths % row.lot === 0n, "whole lots");
          must(hundredths * all <= row.quantity * units, "no more than the slice");
          must(!row.moves || (hundredths + row.lot) * all > row.quantity * units, "no lot left out");
          const exact = hundredths * row.price; // 10^-4
          const cents = whole(got?.value ?? "0.00");
          must(cents * 100n >= exact && cents * 100n < exact + 100n, "value rounded up");
          sum += cents;
        }
        must(sum === whole(out.deliveredValue), "values add up");
      },
    ),
    RUNS,
  );
});

describe("what a side pocket is worth later (R13)", () => {
  const opened = { fairValue: "90000.00", holdback: "2000.00", liabilities: "200.00" };
  const worth = (fairValue: string, part = "91800.00") => pocketValue({ currency: "EUR", opened, part, fairValue });
  it.each([
    ["as on the day it was opened", "90000.00", "91800.00", "91800.00"],
    ["its assets down by a third", "60000.00", "91800.00", "61800.00"],
    ["its assets written off: what was held back, less what it owes", "0.00", "91800.00", "1800.00"],
    // 61,800 × 30,600.01 / 91,800 = 20,600.0067…
    ["a third of it in this class, to the cent", "60000.00", "30600.01", "20600.01"],
    ["nothing left", "-1800.00", "91800.00", "0.00"],
  ])("%s", (_what, fairValue, part, value) => expect(worth(fairValue, part)).toBe(value));
  it.each([
    ["worth less than nothing", () => worth("-1800.01")],
    [
      "opened with nothing",
      () =>
        pocketValue({ currency: "EUR", opened: { ...opened, fairValue: "-1800.00" }, part: "1.00", fairValue: "1.00" }),
    ],
  ])("refuses a pocket %s", (_what, work) => expect(work).toThrow(coded("EG400")));
});
