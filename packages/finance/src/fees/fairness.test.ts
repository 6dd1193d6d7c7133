// Equalisation and series are the same economics: R24 ≡ unrolled R25 ≡ rolled-up R25, exactly in fractions; with rounding within the stated tolerance.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EqualisationState,
  type EqualisationTerms,
  equalisationStep,
  gavPerUnit,
  lotValue,
  type Step,
} from "./equalisation-step.ts";
import { Fraction } from "./fraction.ts";
import type { ExactEvent } from "./lot-events.ts";
import { EXACT } from "./rounding.ts";
import { type SeriesState, type SeriesTerms, seriesPrice, seriesStep } from "./series-step.ts";

const whole = (value: number, of = 1): Fraction => Fraction.of(BigInt(value), BigInt(of));
const terms: EqualisationTerms = { rate: whole(1, 5), issuePrice: whole(100), round: EXACT };
const unrolled: SeriesTerms = {
  performance: { kind: "none", rate: "0.2" },
  hurdle: null,
  cumulativeHurdle: true,
  issuePrice: whole(100),
  rollUp: false,
  round: EXACT,
};

/** What happens next, independent of the books: percentages of assets, shares of lots. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("result" as const), percent: fc.integer({ min: -30, max: 40 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("subscribe" as const), amount: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("redeem" as const),
      lot: fc.nat(9),
      quarters: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("distribute" as const), percent: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("crystallise" as const) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function eventOf(what: Happening, position: number, state: EqualisationState): ExactEvent | null {
  const date = `2030-01-${String(position + 1).padStart(2, "0")}`;
  const lots = [...state.lots.keys()];
  switch (what.kind) {
    case "result":
      return lots.length ? { kind: "result", date, amount: state.assets.times(whole(what.percent, 100)) } : null;
    case "subscribe":
      return { kind: "subscribe", date, lot: `lot-${position}`, amount: whole(what.amount * 1000) };
    case "redeem":
      return lots.length
        ? { kind: "redeem", date, lot: lots[what.lot % lots.length]!, share: whole(what.quarters, 4) }
        : null;
    case "distribute":
      return lots.length ? { kind: "distribute", date, amount: state.assets.times(whole(what.percent, 100)) } : null;
    default:
      return { kind: "crystallise", date };
  }
}

type StepOf = typeof equalisationStep;

/** Runs a history through equalisation and both forms of series; throws at the first difference in any lot's value, cash or fee. */
function sameForEveryLot(history: readonly Happening[], step: StepOf = equalisationStep): void {
  let one: EqualisationState = { highWater: whole(100), assets: Fraction.ZERO, lots: new Map() };
  const many: { state: SeriesState; terms: SeriesTerms }[] = [
    { state: [], terms: unrolled },
    { state: [], terms: { ...unrolled, rollUp: true } },
  ];
  const first: Happening = { kind: "subscribe", amount: 7 };
  [first, ...history].forEach((what, position) => {
    const event = eventOf(what, position, one);
    if (!event) return;
    let moved: Step;
    try {
      moved = step(one, event, terms);
    } catch (refusal) {
      for (const books of many) expect(() => seriesStep(books.state, event, books.terms)).toThrow();
      if ((refusal as { code?: string }).code !== "EG428") throw refusal;
      return;
    }
    one = moved.state;
    const gav = gavPerUnit(one, terms);
    const cash = cashByLot(moved.postings);
    for (const books of many) {
      const other = seriesStep(books.state, event, books.terms);
      books.state = other.state;
      if (!other.fee.eq(moved.fee)) throw new Error(`event ${position} ${event.kind}: other fee`);
      const otherCash = cashByLot(other.postings);
      for (const [lot, paid] of cash) {
        if (!paid.eq(otherCash.get(lot) ?? Fraction.ZERO)) throw new Error(`event ${position}: other cash of ${lot}`);
      }
      const values = valuesOf(books.state, books.terms, event.date);
      if (values.size !== one.lots.size) throw new Error(`event ${position}: other lots`);
      for (const [id, lot] of one.lots) {
        const value = lotValue(lot, gav, one.highWater, terms.rate);
        if (!value.eq(values.get(id)!)) throw new Error(`event ${position} ${event.kind}: other value of ${id}`);
      }
    }
  });
}

function cashByLot(postings: readonly { kind: string; lot: string; cash: Fraction }[]): Map<string, Fraction> {
  return new Map(postings.filter(({ kind }) => kind !== "roll_up").map(({ lot, cash }) => [lot, cash]));
}

function valuesOf(state: SeriesState, rules: SeriesTerms, on: string): Map<string, Fraction> {
  return new Map(
    state.flatMap((series) => {
      const price = seriesPrice(series, rules, on);
      return [...series.lots].map(([id, units]) => [id, units.times(price)] as const);
    }),
  );
}

describe("R24 ≡ R25", () => {
  it("gives every lot the same value, cash and fee after every event, exactly", () => {
    let events = 0;
    fc.assert(
      fc.property(fc.array(happening, { minLength: 1, maxLength: 9 }), (history) => {
        events += history.length;
        sameForEveryLot(history);
      }),
      { numRuns: 10_000 },
    );
    expect(events).toBeGreaterThan(10_000);
  }, 60_000);

  it("meets every kind of posting on the way, so that the agreement is not an empty one", () => {
    const seen = new Map<string, number>();
    const count = (what: string): Map<string, number> => seen.set(what, (seen.get(what) ?? 0) + 1);
    const watched: StepOf = (state, event, rules) => {
      const moved = equalisationStep(state, event, rules);
      for (const posting of moved.postings) {
        const left = moved.state.lots.get(posting.lot)?.credit ?? Fraction.ZERO;
        count(posting.kind === "refund" && left.isPositive ? "refund in part" : posting.kind);
        if (posting.kind === "redemption" && moved.state.lots.has(posting.lot)) count("redemption in part");
      }
      return moved;
    };
    const histories = fc.sample(fc.array(happening, { minLength: 9, maxLength: 9 }), { numRuns: 400, seed: 20261121 });
    for (const history of histories) sameForEveryLot(history, watched);
    const wanted = ["redemption", "redemption in part", "distribution", "refund", "refund in part", "depreciation"];
    expect(wanted.filter((kind) => (seen.get(kind) ?? 0) < 5)).toEqual([]);
  });

  describe("notices a rule that is broken on purpose:", () => {
    const afterFees = (change: (before: EqualisationState, after: EqualisationState) => EqualisationState): StepOf => {
      return (state, event, rules) => {
        const moved = equalisationStep(state, event, rules);
        return event.kind === "crystallise" ? { ...moved, state: change(state, moved.state) } : moved;
      };
    };
    const lotsOf = (
      state: EqualisationState,
      change: (lot: NonNullable<ReturnType<EqualisationState["lots"]["get"]>>) => typeof lot,
    ): EqualisationState => ({ ...state, lots: new Map([...state.lots].map(([id, lot]) => [id, change(lot)])) });

    const mutants: Record<string, StepOf> = {
      "the fund's mark falls to the price": afterFees((_, after) => ({
        ...after,
        highWater: after.lots.size ? gavPerUnit(after, terms) : after.highWater,
      })),
      "a lot's reference falls to the price below the mark": afterFees((before, after) => {
        const gav = gavPerUnit(before, terms);
        return gav.lt(before.highWater) ? lotsOf(after, (lot) => ({ ...lot, reference: gav })) : after;
      }),
      "what was not refunded of a credit is lost": afterFees((_, after) =>
        lotsOf(after, (lot) => ({ ...lot, credit: Fraction.ZERO })),
      ),
      "a credit is refunded again": afterFees((before, after) => ({
        ...after,
        lots: new Map([...after.lots].map(([id, lot]) => [id, { ...lot, credit: before.lots.get(id)!.credit }])),
      })),
      "a redemption leaves the whole credit on the rest": (state, event, rules) => {
        const moved = equalisationStep(state, event, rules);
        const rest = event.kind === "redeem" ? moved.state.lots.get(event.lot) : undefined;
        if (!rest || event.kind !== "redeem") return moved;
        const credit = state.lots.get(event.lot)!.credit;
        return {
          ...moved,
          state: { ...moved.state, lots: new Map(moved.state.lots).set(event.lot, { ...rest, credit }) },
        };
      },
      "a distribution leaves the mark": (state, event, rules) => {
        const moved = equalisationStep(state, event, rules);
        return event.kind === "distribute"
          ? { ...moved, state: { ...moved.state, highWater: state.highWater } }
          : moved;
      },
      "a subscription above the mark gets no credit": (state, event, rules) => {
        const moved = equalisationStep(state, event, rules);
        const lots = lotsOf(moved.state, (lot) => ({ ...lot, credit: Fraction.ZERO }));
        return event.kind === "subscribe" ? { ...moved, state: { ...moved.state, lots: lots.lots } } : moved;
      },
    };
    it.each(Object.entries(mutants))("%s", (_, mutant) => {
      const property = fc.property(fc.array(happening, { minLength: 1, maxLength: 9 }), (history) => {
        sameForEveryLot(history, mutant);
      });
      expect(fc.check(property, { numRuns: 2000 }).failed).toBe(true);
    });
  });
});
