// The vectors of R41 to R46, re-derived with rationals and with 50-digit arithmetic outside this code base; more digits than the rules print.
import { describe, expect, it } from "vitest";
import { staleShare } from "./labels.ts";
import { directAlpha, ksPme, pmePlus } from "./market-equivalent.ts";
import { modifiedDietz } from "./modified-dietz.ts";
import { fundMultiples } from "./multiples.ts";
import { performance } from "./performance.ts";
import { timeWeightedReturn, unitPriceReturn } from "./time-weighted.ts";
import { xirr } from "./xirr.ts";

const basis = { fees: "net", subscriptionLine: "without", staleShare: "0.125" } as const;
const flows = [
  { date: "2022-01-15", kind: "contribution" as const, amount: "100" },
  { date: "2022-09-30", kind: "contribution" as const, amount: "50" },
  { date: "2023-12-31", kind: "distribution" as const, amount: "30" },
];
const nav = { date: "2024-12-31", value: "160" };
const index = [
  { date: "2022-01-15", level: "100" },
  { date: "2022-09-30", level: "85" },
  { date: "2023-12-31", level: "110" },
  { date: "2024-12-31", level: "130" },
];
const against = { flows, nav, index, indexName: "Synthetic index", basis };
const signed = [
  { date: "2022-01-15", amount: "-100" },
  { date: "2022-09-30", amount: "-50" },
  { date: "2023-12-31", amount: "30" },
];

describe("R42 XIRR", () => {
  it.each([
    [
      "three yearly flows",
      [
        ["2020-01-01", "-1000"],
        ["2021-01-01", "750"],
        ["2022-01-01", "500"],
      ],
      "0.175009264615",
    ],
    [
      "a fund with a value",
      [
        ["2022-01-15", "-100"],
        ["2022-09-30", "-50"],
        ["2023-12-31", "30"],
        ["2024-12-31", "160"],
      ],
      "0.096480962792",
    ],
    // 182 days: 4 % of the window are reported, not 8.18 % a year
    [
      "half a year",
      [
        ["2024-01-01", "-100"],
        ["2024-07-01", "104"],
      ],
      "0.04",
    ],
    [
      "a day short of a year",
      [
        ["2023-01-02", "-100"],
        ["2024-01-01", "110"],
      ],
      "0.1",
    ],
    [
      "a year",
      [
        ["2023-01-01", "-100"],
        ["2024-01-01", "110"],
      ],
      "0.1",
    ],
    [
      "a leap year is 366 days of 365",
      [
        ["2024-01-01", "-100"],
        ["2025-01-01", "110"],
      ],
      "0.099713585934",
    ],
  ] as [string, [string, string][], string][])("%s", (_what, rows, rate) => {
    const result = xirr({ flows: rows.map(([date, amount]) => ({ date, amount })), basis });
    expect(result).toMatchObject({ rate, verdict: "unique", ambiguous: false, signChanges: 1, reason: null });
  });

  it("says the yearly rate beside that of a window below a year", () => {
    const half = [
      { date: "2024-01-01", amount: "-100" },
      { date: "2024-07-01", amount: "104" },
    ];
    const result = xirr({ flows: half, basis });
    expect(result).toMatchObject({ rate: "0.04", yearlyRate: "0.081833108212" });
    expect(result.label).toMatchObject({ annualisation: "period", days: 182, from: "2024-01-01", to: "2024-07-01" });
  });

  it("takes a closing value as received", () => {
    expect(xirr({ flows: signed, closing: nav, basis }).rate).toBe("0.096480962792");
  });
});

describe("R41 multiples", () => {
  it("of the vector", () => {
    expect(fundMultiples({ flows, nav, committed: "200", basis })).toMatchObject({
      paidIn: "150",
      distributed: "30",
      dpi: "0.2",
      rvpi: "1.066666666666666667",
      tvpi: "1.266666666666666667",
      picMultiple: "0.75",
    });
  });

  it("count a recalled distribution as paid in, and leave it distributed", () => {
    const recalled = [...flows, { date: "2024-03-01", kind: "recalled_distribution" as const, amount: "10" }];
    expect(fundMultiples({ flows: recalled, nav, committed: "200", basis })).toMatchObject({
      paidIn: "160",
      distributed: "30",
      recalled: "10",
      dpi: "0.1875",
      rvpi: "1",
      tvpi: "1.1875",
      picMultiple: "0.8",
    });
  });

  it("are missing where nothing was paid in, and refuse a flow after the valuation", () => {
    expect(fundMultiples({ flows: [], nav, basis })).toMatchObject({
      dpi: null,
      rvpi: null,
      tvpi: null,
      picMultiple: null,
    });
    const late = [...flows, { date: "2025-01-01", kind: "distribution" as const, amount: "1" }];
    expect(() => fundMultiples({ flows: late, nav, basis })).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

describe("R43 time-weighted return", () => {
  const rows = [
    { date: "2023-05-01", valueBefore: "104", amount: "10" },
    { date: "2023-11-01", valueBefore: "112", amount: "-20" },
  ];
  const vector = {
    opening: { date: "2023-01-01", value: "100" },
    flows: rows,
    closing: { date: "2024-12-31", value: "97" },
    basis,
  };
  it("of the vector: 2533/32775", () => {
    const result = timeWeightedReturn(vector);
    // 730 days
    expect(result).toMatchObject({ cumulative: "0.077284515636918383", yearly: "0.037923174246", empty: 0 });
    expect(result.periods.map((period) => period.return)).toEqual([
      "0.04",
      "-0.017543859649122807",
      "0.054347826086956522",
    ]);
    expect(timeWeightedReturn({ ...vector, flows: [...rows].reverse() })).toEqual(result);
  });

  it("leaves out a pause without value and keeps a total loss", () => {
    const pause = {
      ...vector,
      flows: [
        { date: "2023-05-01", valueBefore: "104", amount: "-104" },
        { date: "2023-11-01", valueBefore: "0", amount: "50" },
      ],
      closing: { date: "2024-12-31", value: "55" },
    };
    expect(timeWeightedReturn(pause)).toMatchObject({ cumulative: "0.144", empty: 1 });
    const loss = { ...vector, flows: [{ date: "2023-05-01", valueBefore: "0", amount: "50" }] };
    expect(timeWeightedReturn(loss)).toMatchObject({ cumulative: "-1", yearly: null });
  });

  it.each([
    ["value out of nothing", [{ date: "2023-05-01", valueBefore: "104", amount: "-104" }]],
    ["more out than there was", [{ date: "2023-05-01", valueBefore: "104", amount: "-105" }]],
    ["two entries on a day", [rows[0]!, rows[0]!]],
    ["a flow before the opening", [{ date: "2022-12-31", valueBefore: "1", amount: "1" }]],
    ["a flow after the closing", [{ date: "2025-01-01", valueBefore: "1", amount: "1" }]],
  ])("refuses %s", (_what, wrong) => {
    expect(() => timeWeightedReturn({ ...vector, flows: wrong })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
  });

  it("of a unit price reinvests distributions at the price after them", () => {
    const result = unitPriceReturn({
      opening: { date: "2023-01-01", price: "100" },
      distributions: [
        { date: "2023-07-01", perUnit: "2", priceAfter: "104" },
        { date: "2024-07-01", perUnit: "3", priceAfter: "110" },
      ],
      closing: { date: "2024-12-31", price: "112.5" },
      basis,
    });
    // 112.5/100 · 106/104 · 113/110 − 1
    expect(result.cumulative).toBe("0.177906468531468531");
  });
});

describe("R44 modified Dietz", () => {
  const vector = {
    opening: { date: "2024-04-01", value: "100" },
    flows: [
      { date: "2024-04-11", amount: "10" },
      { date: "2024-04-21", amount: "-20" },
    ],
    closing: { date: "2024-05-01", value: "97" },
    basis,
  };
  it("of the vector: weights 2/3 and 1/3, exactly 7 %", () => {
    expect(modifiedDietz(vector)).toMatchObject({ return: "0.07", averageCapital: "100", reason: null });
  });
  it("with flows at the start of their day: 7 / (100 + 10·21/30 − 20·11/30)", () => {
    expect(modifiedDietz({ ...vector, flowsAt: "start_of_day" }).return).toBe("0.070234113712374582");
  });
  it("is not given when the average capital is not positive", () => {
    const out = { ...vector, flows: [{ date: "2024-04-01", amount: "-100" }] };
    expect(modifiedDietz(out)).toMatchObject({
      return: null,
      averageCapital: "0",
      reason: "average_capital_not_positive",
    });
  });
  it.each([
    ["no day", { closing: { date: "2024-04-01", value: "97" } }],
    ["a flow after the end", { flows: [{ date: "2024-05-02", amount: "1" }] }],
    ["a flow before the start", { flows: [{ date: "2024-03-31", amount: "1" }] }],
  ])("refuses %s", (_what, change) => {
    expect(() => modifiedDietz({ ...vector, ...change })).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

describe("R45 market equivalents", () => {
  it("KS-PME of the vector: 3655/3861", () => {
    expect(ksPme(against).ksPme).toBe("0.946645946645946646");
  });
  it("PME+ of the vector: λ = 869/663", () => {
    expect(pmePlus(against)).toMatchObject({
      lambda: "1.310708898944193062",
      index: { rate: "0.119157983422", verdict: "unique" },
      fund: { rate: "0.096480962792" },
    });
  });
  it("Direct Alpha of the vector at its dates", () => {
    expect(directAlpha(against)).toMatchObject({ rate: "-0.021537332364", verdict: "unique" });
  });
  it("Direct Alpha of the same amounts a year apart is the −2.21555 % that the rule prints", () => {
    const yearly = ["2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01"];
    const result = directAlpha({
      ...against,
      flows: flows.map((flow, i) => ({ ...flow, date: yearly[i]! })),
      nav: { ...nav, date: yearly[3]! },
      index: index.map((row, i) => ({ ...row, date: yearly[i]! })),
    });
    expect(result.rate).toBe("-0.022155466249");
  });
  it("an investment in the index itself has KS-PME 1, λ 1 and no alpha", () => {
    // 100/100 + 50/85 − 30/110 units at 130
    const same = { ...against, nav: { date: nav.date, value: "171.016042780748663102" } };
    expect(Number(ksPme(same).ksPme)).toBeCloseTo(1, 15);
    expect(Number(pmePlus(same).lambda)).toBeCloseTo(1, 15);
    expect(Number(directAlpha(same).rate)).toBeCloseTo(0, 12);
  });
  it("takes the last level before a day within the age allowed, and refuses an older one", () => {
    const weekend = index.map((row) => (row.date === "2023-12-31" ? { ...row, date: "2023-12-29" } : row));
    expect(ksPme({ ...against, index: weekend }).ksPme).toBe("0.946645946645946646");
    expect(() => ksPme({ ...against, index: weekend, maxIndexAgeDays: 1 })).toThrowError(/2023-12-31/);
    expect(() => ksPme({ ...against, index: index.slice(1) })).toThrowError(/2022-01-15/);
    expect(() => ksPme({ ...against, index: [...index, index[0]!] })).toThrowError(/two levels/);
  });
  it("counts a recalled distribution as paid in, and gives no λ without distributions", () => {
    const calls = flows.map((flow) => ({ ...flow, kind: "recalled_distribution" as const }));
    expect(pmePlus({ ...against, flows: calls })).toMatchObject({ lambda: null, index: null, distributedAtIndex: "0" });
    expect(ksPme({ ...against, flows: calls }).paidInAtIndex).toBe("241.925133689839572193");
  });
});

describe("R46 labels", () => {
  it("say method, window, fees, subscription line and stale share", () => {
    expect(xirr({ flows: signed, closing: nav, basis }).label).toEqual({
      method: "XIRR, ACT/365F, daily flows",
      from: "2022-01-15",
      to: "2024-12-31",
      days: 1081,
      annualisation: "yearly",
      ...basis,
      text: "XIRR, ACT/365F, daily flows, 2022-01-15 to 2024-12-31 (1081 days), per year, net, without subscription line, 12.5 % of NAV stale",
    });
  });

  it("stale share counts marks older than 90 days", () => {
    const positions = [
      { value: "60", markedOn: "2024-10-02" }, // 90 days
      { value: "40", markedOn: "2024-10-01" }, // 91 days
    ];
    expect(staleShare({ asOf: "2024-12-31", nav: "160", positions })).toEqual({
      staleShare: "0.25",
      staleValue: "40",
      stalePositions: 1,
    });
    expect(staleShare({ asOf: "2024-12-31", nav: "0", positions }).staleShare).toBeNull();
  });

  it("the table has every way of counting and names what is missing", () => {
    const variant = (fees: "gross" | "net", subscriptionLine: "with" | "without" | "none") => ({
      fees,
      subscriptionLine,
      flows,
      nav,
    });
    const result = performance({ staleShare: null, variants: [variant("net", "without"), variant("gross", "with")] });
    expect(result.rows.map(({ xirr: { label } }) => [label.fees, label.subscriptionLine])).toEqual([
      ["gross", "with"],
      ["net", "without"],
    ]);
    expect(result.missing).toEqual([
      { fees: "gross", subscriptionLine: "without" },
      { fees: "net", subscriptionLine: "with" },
    ]);
    expect(result.rows[0]!.xirr.label.text).toContain("stale share not known");
    expect(result.rows[0]!.ksPme).toBeNull();
    const none = performance({
      staleShare: "0.1",
      variants: [variant("net", "none")],
      index: { index, indexName: "S" },
    });
    expect(none.missing).toEqual([{ fees: "gross", subscriptionLine: "none" }]);
    expect(none.rows[0]).toMatchObject({ ksPme: { ksPme: "0.946645946645946646" }, xirr: { rate: "0.096480962792" } });
    for (const wrong of [
      [variant("net", "none"), variant("net", "with")],
      [variant("net", "with"), variant("net", "with")],
    ])
      expect(() => performance({ staleShare: null, variants: wrong })).toThrowError(
        expect.objectContaining({ code: "EG400" }),
      );
  });
});
