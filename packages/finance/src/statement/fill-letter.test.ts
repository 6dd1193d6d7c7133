// The letter about an own fill says what the row says, in the order of the computation, and refuses a row whose figures do not follow from each other.
import { describe, expect, it } from "vitest";
import { fillLetters } from "./fill-letter.ts";
import { SAMPLE_STATEMENT } from "./sample-statement.ts";
import type { StatementFill } from "./statement-body.ts";

const [redemption, subscription] = SAMPLE_STATEMENT.fills as [StatementFill, StatementFill];
const letterOf = (fill: StatementFill) => fillLetters({ ...SAMPLE_STATEMENT, fills: [fill] }).letters[0]!;
const figureOf = (fill: StatementFill, label: string) =>
  letterOf(fill).facts.find((fact) => fact.label === label)?.value;

describe("a gated redemption", () => {
  it("says every figure and why, as plain text", () => {
    expect(letterOf(redemption).text).toBe(
      [
        "Redemption in Sample Evergreen (synthetic), class A, dealing day 2026-01-30",
        "Order order-1",
        "",
        "Asked for:           200.0000 units",
        "Gate:                25 % of what was asked is paid, 50 units of the class in all",
        "Filled:              50.0000 units (25 % of the units asked for)",
        "Carried:             150.0000 units go on as order order-3",
        "Price:               108.1234 USD per unit",
        "Value at that price: 5,406.17 USD",
        "Anti-dilution levy:  − 27.03 USD",
        "Fee:                 − 10.81 USD",
        "Cash to you:         5,368.33 USD",
        "",
        "Why: gate",
        `The order book was committed at the cut-off under ${"ab".repeat(32)};`,
        "the proof that order order-1 is in it is yours to ask for.",
        "",
      ].join("\n"),
    );
    expect(letterOf(redemption).ownFraction).toBe("0.2500000000");
  });

  it("is a subscription in other words, without a gate and with what rounding does to units", () => {
    expect(letterOf(subscription).facts).toEqual([
      { label: "Asked for", value: "10,000.00 USD" },
      { label: "Filled", value: "92.4869 units" },
      { label: "Price", value: "108.1234 USD per unit" },
      { label: "Paid in", value: "10,000.00 USD" },
      { label: "Invested", value: "10,000.00 USD" },
    ]);
    expect(letterOf(subscription).text).toContain("Everything was dealt as asked.");
  });

  it("says what lapses, a credit, a gate that is not in use, and an order in money", () => {
    const part = { ...redemption, carriedUnits: "0", carriedTo: null };
    expect(figureOf(part, "Not dealt")).toBe("150.0000 units end here");
    expect(figureOf({ ...redemption, credit: "1.00", netAmount: "5369.33" }, "Equalisation credit")).toBe("+ 1.00 USD");
    const open = { ...SAMPLE_STATEMENT, gate: { active: false, fraction: null, capUnits: null }, fills: [redemption] };
    expect(fillLetters(open).letters[0]!.text).toContain("not in use on this day");
    expect(figureOf({ ...redemption, asked: { units: null, amount: "21625.00" } }, "Asked for")).toBe(
      "21,625.00 USD, which is 200.0000 units",
    );
  });

  it("moves no money in a transfer, and names both sides of a switch", () => {
    const transfer: StatementFill = {
      ...redemption,
      kind: "transfer",
      grossAmount: "0",
      levy: "0",
      fee: "0",
      netAmount: "0",
    };
    expect(letterOf(transfer).facts.map(({ label }) => label)).toEqual(["Asked for", "Filled", "Carried"]);
    const out: StatementFill = { ...redemption, kind: "switch" };
    expect(letterOf(out).subject).toMatch(/^Switch out in /);
    expect(figureOf(out, "Goes into the other class")).toBe("5,368.33 USD");
    const into: StatementFill = { ...subscription, kind: "switch", asked: { units: null, amount: null } };
    expect(figureOf(into, "Asked for")).toBe("what the other side of the switch pays");
  });
});

describe("refuses a row that does not foot:", () => {
  it.each<[string, StatementFill]>([
    ["a cent more than units times price", { ...redemption, grossAmount: "5406.18", netAmount: "5368.34" }],
    ["a cent less", { ...redemption, grossAmount: "5406.16", netAmount: "5368.32" }],
    ["a levy that nobody took off", { ...redemption, levy: "0" }],
    ["more filled and carried than asked", { ...redemption, carriedUnits: "150.0001" }],
    ["a unit too many bought", { ...subscription, filledUnits: "92.4870" }],
    ["a unit too few bought", { ...subscription, filledUnits: "92.4868" }],
    ["no price", { ...subscription, price: "0" }],
  ])("%s", (_, fill) => {
    expect(() => letterOf(fill)).toThrowError(expect.objectContaining({ code: "EG428" }));
    expect(() => letterOf(fill)).toThrowError(new RegExp(`order ${fill.orderId} does not foot`));
  });
  it("and what is no statement", () => {
    expect(() => fillLetters({ ...SAMPLE_STATEMENT, form: "other" } as never)).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
  });
});
