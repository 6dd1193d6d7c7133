// What an investor is told of compensation: the figures of R30's vector in words, and nothing that does not follow from them.
import { describe, expect, it } from "vitest";
import { compensationLetters } from "./compensation-letter.ts";
import { SAMPLE_STATEMENT } from "./sample-statement.ts";
import type { StatementCompensation } from "./statement-body.ts";

const bought: StatementCompensation = {
  orderId: "order-2",
  version: 2,
  kind: "subscriber_overpaid",
  published: "101.5",
  correct: "100.2",
  unitsDealt: "98.5221",
  unitsDue: "99.8003",
  cashDue: null,
  difference: "128.08",
};
const sold: StatementCompensation = {
  ...bought,
  orderId: "order-1",
  kind: "redeemer_underpaid",
  published: "98.8",
  unitsDealt: "250.1234",
  unitsDue: null,
  cashDue: "25062.36",
  difference: "350.18",
};
const lettersOf = (...compensation: StatementCompensation[]) =>
  compensationLetters({ ...SAMPLE_STATEMENT, compensation });

describe("letters about compensation", () => {
  it("are none where nothing is owed", () => {
    expect(compensationLetters(SAMPLE_STATEMENT)).toEqual([]);
  });
  it("tell who bought too dear what the price should have been, and what is paid", () => {
    const [letter] = lettersOf(bought);
    expect(letter?.text).toBe(`Compensation in Sample Evergreen (synthetic), class A, dealing day 2026-01-30
Order order-2

Price you dealt at:         101.5000 USD per unit
Correct price:              100.2000 USD per unit (version 2)
Units you bought:           98.5221 units
Units at the correct price: 99.8003 units
Owed to you:                128.08 USD

The net asset value of that day was too high, and you paid too much for each unit.
The fund owes you the difference for every unit you dealt in, rounded up. It is paid to your account with the fund;
your units stay as they are, and you have nothing to do.
`);
  });
  it("tell who was paid too little", () => {
    const [letter] = lettersOf(sold);
    expect(letter?.facts).toContainEqual({ label: "Cash at the correct price", value: "25,062.36 USD" });
    expect(letter?.text).toContain("too low, and you were paid too little");
  });
  it.each([
    ["a cent too much", { ...bought, difference: "128.09" }],
    ["a cent too little", { ...bought, difference: "128.07" }],
    ["somebody who gained", { ...bought, kind: "redeemer_underpaid" as const }],
  ])("refuse %s", (_what, row) => {
    expect(() => lettersOf(row)).toThrow(expect.objectContaining({ code: "EG428" }));
  });
});
