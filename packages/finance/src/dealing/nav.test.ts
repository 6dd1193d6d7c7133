// R4: value of the fund and of its classes, and what blocks a strike. Vectors derived with Python's fractions, apart from this code.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { classNavs, fundNav } from "./nav.ts";
import { strikeBlockers } from "./strike.ts";

const coded = (code: string) => expect.objectContaining({ code });
const text = (cents: bigint): string => {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const cents = (amount: string): bigint => BigInt(amount.replace(".", ""));

describe("R4 vectors", () => {
  it("total assets less liabilities less performance fee", () => {
    const assets = [
      { id: "a", value: "90000.00" },
      { id: "b", value: "-500.25" },
    ];
    const facts = {
      currency: "USD",
      assets,
      cash: "20000.00",
      receivables: "500.25",
      debt: "100.00",
      payables: "400.00",
    };
    const accrued = { accruedOperating: "50.00", accruedManagementFee: "450.00", accruedPerformanceFee: "1000.00" };
    expect(fundNav({ ...facts, ...accrued })).toEqual({
      totalAssets: "110000.00",
      liabilities: "1000.00",
      gnav: "109000.00",
      performanceFee: "1000.00",
      nav: "108000.00",
    });
  });

  it("a pooled loss of 10,000.01 over three classes by their value after dealing, the cent by largest remainder", () => {
    const rows = [
      { id: "a", navBefore: "1000000.00", subscriptions: "50000.00", classItems: "-100.10", units: "9876.5432" },
      { id: "b", navBefore: "333333.33", units: "3000" },
      { id: "c", navBefore: "12345.67", redemptions: "345.67", classItems: "5.00", units: "120.1" },
    ];
    expect(classNavs({ currency: "USD", pooledResult: "-10000.01", classes: rows })).toEqual({
      nav: "1385238.22",
      classes: [
        {
          id: "a",
          share: "0.752508363001692219",
          pooled: "-7525.09",
          nav: "1042374.81",
          units: "9876.5432",
          navPerUnit: "105.5404",
          navPerUnitFull: "105.540449618040449618",
        },
        {
          id: "b",
          share: "0.238891541421145584",
          pooled: "-2388.92",
          nav: "330944.41",
          units: "3000.0000",
          navPerUnit: "110.3148",
          navPerUnitFull: "110.314803333333333333",
        },
        {
          id: "c",
          share: "0.008600095577162197",
          pooled: "-86.00",
          nav: "11919.00",
          units: "120.1000",
          navPerUnit: "99.2423",
          navPerUnitFull: "99.242298084929225645",
        },
      ],
    });
  });

  it("a class without units has the issue price", () => {
    const classes = [{ id: "a", navBefore: "0", units: "0", issuePrice: "12.5" }];
    expect(classNavs({ currency: "USD", pooledResult: "0", classes }).classes[0]?.navPerUnit).toBe("12.5000");
  });

  it.each([
    ["a class redeemed below zero", { navBefore: "10", redemptions: "11", units: "1" }, {}, "EG400"],
    ["a value without units", { navBefore: "10", units: "0" }, {}, "EG400"],
    ["a result that nobody can share", { navBefore: "0", units: "1" }, { pooledResult: "1" }, "EG400"],
    ["classes that are not the fund", { navBefore: "10", units: "1" }, { fundNav: "10.01" }, "EG425"],
  ])("refuses %s", (_what, row, change, code) => {
    const facts = { currency: "USD", pooledResult: "0", classes: [{ id: "a", ...row }], ...change };
    expect(() => classNavs(facts)).toThrow(coded(code));
  });
});

const money = fc.bigInt(0n, 10n ** 12n);

it("R4 for any classes: they add up to the fund, each within a cent of its share, whatever their order", {
  timeout: LONG,
}, () => {
  const row = fc.record({
    before: money,
    subs: money,
    items: fc.bigInt(-1_000n, 1_000n),
    units: fc.bigInt(1n, 10n ** 12n),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), fc.bigInt(-(10n ** 10n), 10n ** 10n), (rows, pooled) => {
      const weights = rows.map((r) => r.before + r.subs);
      const total = weights.reduce((sum, w) => sum + w, 0n);
      fc.pre(total > 0n);
      const classes = rows.map((r, i) => ({
        id: `c${i}`,
        navBefore: text(r.before),
        subscriptions: text(r.subs),
        classItems: text(r.items),
        units: (Number(r.units) / 10_000).toFixed(4),
      }));
      const facts = { currency: "USD", pooledResult: text(pooled), classes };
      const out = classNavs(facts);
      must(
        JSON.stringify(classNavs({ ...facts, classes: [...classes].reverse() })) === JSON.stringify(out),
        "any order",
      );
      must(cents(out.nav) === total + pooled + rows.reduce((sum, r) => sum + r.items, 0n), "Σ classes = fund");
      for (const [i, r] of rows.entries()) {
        const got = out.classes.find(({ id }) => id === `c${i}`);
        const [part, nav] = [cents(got?.pooled ?? "0.00"), cents(got?.nav ?? "0.00")];
        // |part − pooled × weight / total| < 1
        const off = part * total - pooled * (weights[i] ?? 0n);
        must(off < total && -off < total, "within a cent of the share");
        must(nav === (weights[i] ?? 0n) + part + r.items, "value of a class");
        // |price × units − value| ≤ half a unit of the price's last place, times the units
        const units = BigInt((got?.units ?? "").replace(".", ""));
        const twice = 2n * (BigInt((got?.navPerUnit ?? "").replace(".", "")) * units - nav * 1_000_000n);
        must(twice <= units && -twice <= units, "price HALF_UP");
      }
    }),
    RUNS,
  );
});

const CLEAR = {
  navDate: "2026-03-31",
  inputs: [
    { id: "asset-1", kind: "asset" as const, value: "90000.00", ageDays: 90, maxAgeDays: 90 },
    { id: "bank", kind: "cash" as const, value: "20000.00", ageDays: 0, maxAgeDays: 1 },
  ],
  accruedThrough: { operating: "2026-03-31", management: "2026-03-31", performance: "2026-04-01" },
  reconciliationBreaks: 0,
  proposedBy: "commander",
  approvers: ["anna", "bert"],
  classes: [{ id: "A", navPerUnit: "110", lastNavPerUnit: "100", maxMoveBps: 1_000 }],
};
type Facts = typeof CLEAR;
const MOVED = { id: "B", navPerUnit: "110.01", lastNavPerUnit: "100", maxMoveBps: 1_000 };
const asset = (change: object) => (f: Facts) => ({
  ...f,
  inputs: f.inputs.map((row, i) => (i === 0 ? { ...row, ...change } : row)),
});
const accrual = (fee: string, through: string | null) => (f: Facts) => ({
  ...f,
  accruedThrough: { ...f.accruedThrough, [fee]: through },
});
const price = (change: object) => (f: Facts) => ({
  ...f,
  classes: f.classes.map((row) => (row.id === "A" ? { ...row, ...change } : row)),
});
const DEFECTS: [what: string, code: string, subject: string, change: (f: Facts) => Facts][] = [
  ["nothing to value", "no_inputs", "inputs", (f) => ({ ...f, inputs: [] })],
  ["an asset without a value", "missing_input", "asset-1", asset({ value: null }) as (f: Facts) => Facts],
  ["an asset a day too old", "stale_input", "asset-1", asset({ ageDays: 91 }) as (f: Facts) => Facts],
  [
    "a value that the breaker holds back",
    "quarantined_input",
    "asset-1",
    asset({ quarantined: true }) as (f: Facts) => Facts,
  ],
  [
    "operating expenses accrued to the day before",
    "accrual_not_run",
    "operating",
    accrual("operating", "2026-03-30") as (f: Facts) => Facts,
  ],
  [
    "a management fee never accrued",
    "accrual_not_run",
    "management",
    accrual("management", null) as (f: Facts) => Facts,
  ],
  [
    "a performance fee accrued too short",
    "accrual_not_run",
    "performance",
    accrual("performance", "2026-03-01") as (f: Facts) => Facts,
  ],
  ["a reconciliation break", "reconciliation_breaks", "reconciliation", (f) => ({ ...f, reconciliationBreaks: 1 })],
  ["a price of zero", "price_not_positive", "A", price({ navPerUnit: "0" }) as (f: Facts) => Facts],
  [
    "a price a basis point too far from the last",
    "move_against_last_strike",
    "B",
    (f) => ({ ...f, classes: [...f.classes.slice(0, 1), { ...MOVED }] }),
  ],
  ["one approver", "approvers", "approvers", (f) => ({ ...f, approvers: ["anna"] })],
  ["an approver who proposed", "approvers", "approvers", (f) => ({ ...f, approvers: ["anna", "commander"] })],
  ["an approver twice", "approvers", "approvers", (f) => ({ ...f, approvers: ["anna", "anna"] })],
];
const codesOf = (facts: Facts): string[] =>
  strikeBlockers(facts).blockers.map(({ code, subject }) => `${code} ${subject}`);

describe("what blocks a strike (R4)", () => {
  it("nothing, when all is there", () => expect(strikeBlockers(CLEAR)).toEqual({ clear: true, blockers: [] }));
  it.each(DEFECTS)("%s, by name", (_what, code, subject, change) => {
    const found = codesOf(change(CLEAR));
    expect(found).toContain(`${code} ${subject}`);
    expect(strikeBlockers(change(CLEAR)).clear).toBe(false);
  });

  it("any of these together are all named, and nothing else", { timeout: LONG }, () => {
    fc.assert(
      fc.property(fc.subarray(DEFECTS), (chosen) => {
        const facts = chosen.reduce<Facts>((f, [, , , change]) => change(f), CLEAR);
        const found = new Set(codesOf(facts));
        const noInputs = facts.inputs.length === 0;
        for (const [what, code, subject] of chosen) {
          // what another defect hides: an asset that is not there is not old, one without a value has no age
          const hidden =
            (subject === "asset-1" && noInputs) || (code === "stale_input" && facts.inputs[0]?.value === null);
          must(hidden || found.has(`${code} ${subject}`), what);
        }
        const wanted = new Set(chosen.flatMap(([, code, subject]) => [`${code} ${subject}`]));
        // a price of zero has moved all the way
        if (facts.classes[0]?.navPerUnit === "0") wanted.add("move_against_last_strike A");
        for (const name of found) must(wanted.has(name), name);
        must(strikeBlockers(facts).clear === (chosen.length === 0), "clear means none");
      }),
      RUNS,
    );
  });
});
