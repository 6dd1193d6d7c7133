// A crystallisation as it is posted: the vector computed by hand, and for any class the same as the step of the books (R24).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crystallisation } from "./crystallisation.ts";
import { type EqualisationState, equalisationStep, navPerUnit } from "./equalisation-step.ts";
import { Fraction } from "./fraction.ts";
import { bookRounding } from "./rounding.ts";

const of = (text: string): Fraction => Fraction.of(text);

describe("R24 as a posting", () => {
  it("109 before fee, mark 104, rate 20 %: a credit of 180 comes back, a lot bought at 95 is charged 180", () => {
    const row = (id: string, units: string, reference: string, credit: string) => ({ id, units, reference, credit });
    const lots = [row("old", "600", "104", "0"), row("credited", "300", "107", "180"), row("low", "100", "95", "0")];
    const facts = {
      currency: "USD",
      rate: "0.2",
      highWater: "104",
      nav: "108000.00",
      navPerUnit: "108",
      accrued: "1000",
    };
    expect(crystallisation({ ...facts, lots })).toEqual({
      accrued: "1000",
      fee: "1000",
      high_water: "108",
      lots: [
        { lot_id: "old", refund: "0", depreciation: "0", change: "0.0000", high_water: "108", credit: "0" },
        { lot_id: "credited", refund: "180", depreciation: "0", change: "1.6666", high_water: "108", credit: "0" },
        { lot_id: "low", refund: "0", depreciation: "180", change: "-1.6666", high_water: "108", credit: "0" },
      ],
    });
  });

  const cents = (most: number) => fc.integer({ min: 1, max: most }).map((n) => Fraction.of(BigInt(n), 100n));
  const lot = fc.record({
    units: fc.integer({ min: 1, max: 1e6 }).map((n) => Fraction.of(BigInt(n))),
    reference: cents(20_000),
    paidAbove: fc.boolean(),
    share: fc.integer({ min: 0, max: 100 }),
  });

  it("is, at the exact price, what the step of the books posts, notes and pays", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(
        fc.array(lot, { minLength: 1, maxLength: 6 }),
        cents(20_000),
        cents(20_000),
        fc.constantFrom("0", "0.1", "0.25", "1"),
        (rows, gav, mark, rateText) => {
          const rate = of(rateText);
          const units = Fraction.sum(rows.map((row) => row.units));
          const accrued = rate.times(gav.minus(mark).positive()).times(units);
          const price = navPerUnit(gav, mark, rate);
          fc.pre(price.isPositive);
          const books = bookRounding({ currency: "USD", unitsDp: 4, priceDp: 18 });
          const state: EqualisationState = {
            highWater: mark,
            assets: gav.times(units),
            lots: new Map(
              rows.map((row, i) => {
                const credit = row.paidAbove
                  ? rate
                      .times(gav)
                      .times(row.units)
                      .times(Fraction.of(BigInt(row.share), 100n))
                  : Fraction.ZERO;
                return [`lot-${i}`, { units: row.units, reference: row.reference, credit: books.note(credit) }];
              }),
            ),
          };
          const step = equalisationStep(
            state,
            { kind: "crystallise", date: "2026-01-30" },
            { rate, issuePrice: of("100"), round: books },
          );
          const posted = crystallisation({
            currency: "USD",
            priceDp: 18,
            rate: rateText,
            highWater: mark.ratioText(),
            nav: gav.times(units).minus(accrued).ratioText(),
            navPerUnit: price.ratioText(),
            accrued: accrued.ratioText(),
            lots: [...state.lots].map(([id, row]) => ({
              id,
              units: row.units.ratioText(),
              reference: row.reference.ratioText(),
              credit: row.credit.ratioText(),
            })),
          });
          expect(posted.high_water).toBe(step.state.highWater.ratioText());
          expect(posted.fee).toBe(step.fee.ratioText());
          for (const row of posted.lots) {
            const after = step.state.lots.get(row.lot_id)!;
            expect(state.lots.get(row.lot_id)!.units.plus(of(row.change)).eq(after.units)).toBe(true);
            expect([row.credit, row.high_water]).toEqual([after.credit.ratioText(), after.reference.ratioText()]);
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it("refuses a class without units or price", () => {
    const lots = [{ id: "a", units: "0", reference: "1", credit: "0" }];
    const facts = { currency: "USD", rate: "0.2", highWater: "1", nav: "1", navPerUnit: "1", accrued: "0", lots };
    expect(() => crystallisation(facts)).toThrow(expect.objectContaining({ code: "EG400" }));
  });
});
