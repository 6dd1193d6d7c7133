// The books of a holding of units: units and prices on any day, and what went in and out between two days, over all its classes. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import type { z } from "zod";
import { byId, currencyExponent, decimal, type Exact, fixed, ZERO } from "../money.ts";
import type { FundFlow } from "./flows.ts";
import type { Basis } from "./labels.ts";
import { type UnitPriceTwrOutput, unitPriceReturn } from "./time-weighted.ts";
import type { UnitPerformanceFacts } from "./unit-performance.ts";

type ClassFacts = UnitPerformanceFacts["classes"][number];
type UnitFlow = ClassFacts["flows"][number];

interface ClassBooks {
  readonly id: string;
  /** In the order of their days; a day on which units were taken over and nothing was struck has the price they were taken over at. */
  readonly prices: readonly { date: string; price: string; distributed: string }[];
  readonly flows: readonly UnitFlow[];
}

type Priced = { date: string; price: string };

/**
 * The same holding before fees (R46): what a class was charged per unit since the price before counts as handed out on the day of the price that is
 * without it, to the units held before that day; what was given back counts as paid in. Null when a price of the window does not say what was charged.
 */
export function beforeFees(facts: UnitPerformanceFacts, from: string, to: string): UnitPerformanceFacts | null {
  const classes: UnitPerformanceFacts["classes"] = [];
  for (const of of facts.classes) {
    const flows = [...of.flows];
    const prices: typeof of.prices = [];
    for (const row of of.prices) {
      const units = total(of.flows.filter(({ date }) => date < row.date).map((flow) => decimal(flow.units)));
      const counts = row.date > from && row.date <= to && !units.isZero();
      if (counts && typeof row.fees !== "string") return null;
      const fees = counts ? decimal(row.fees ?? "0") : ZERO;
      prices.push({ ...row, distributed: decimal(row.distributed).plus(fees).toFixed() });
      if (fees.isZero()) continue;
      const amount = fixed(units.times(fees.abs()), INSIDE);
      const [paidIn, paidOut] = fees.gt(0) ? ["0", amount] : [amount, "0"];
      flows.push({ date: row.date, via: "cash", units: "0", paidIn, paidOut });
    }
    classes.push({ ...of, prices, flows });
  }
  return { ...facts, classes, basis: { ...facts.basis, fees: "gross" } };
}

/** Decimals that values keep inside: what the shapes of the measures take. */
const INSIDE = 18;

export class HoldingBooks {
  readonly classes: readonly ClassBooks[];
  readonly #facts: UnitPerformanceFacts;

  constructor(facts: UnitPerformanceFacts) {
    this.#facts = facts;
    this.classes = facts.classes.map(booksOf);
  }

  /** First and last day of the window as valued; `inception` when it begins with the first flow. Errors: EG404 without a price or a flow in it. */
  window(): { from: string; to: string; inception: boolean } {
    const { from, to } = this.#facts;
    const priced = this.classes.flatMap(({ prices }) => prices.map(({ date }) => date));
    const last = latest(priced.filter((date) => date <= to));
    if (last === undefined) throw new EvergreenError("EG404", `There is no price on or before ${to}.`);
    const first = earliest(this.classes.flatMap(({ flows }) => flows.map(({ date }) => date)));
    if (first === undefined || first > last) throw new EvergreenError("EG404", "Nothing was held in that window.");
    const start = from === undefined ? undefined : latest(priced.filter((date) => date <= from));
    if (start === undefined || start < first) return { from: first, to: last, inception: true };
    if (start >= last) throw new EvergreenError("EG400", "from: expected a day before the last price of the window.");
    return { from: start, to: last, inception: false };
  }

  /** Money, HALF_UP at the minor unit, after the flows of the day. */
  value(day: string): string {
    return fixed(this.#sum(day, "after"), currencyExponent(this.#facts.currency));
  }

  /** At 18 decimals, after the flows of the day, so that what is all sold is worth exactly nothing. */
  exactValue(day: string): string {
    return fixed(this.#sum(day, "after"), INSIDE);
  }

  exactValueBefore(day: string): string {
    return fixed(this.#sum(day, "before"), INSIDE);
  }

  /** Value of the units that moved on a day, signed, at the price of the day, less what was distributed to the units before it. */
  exactMoved(day: string): string {
    return fixed(
      total(
        this.classes.map((of) => worth(of, day, flowsOn(of, day).filter(isExternal)).minus(distributedOn(of, day))),
      ),
      INSIDE,
    );
  }

  /** Return of the unit price from the first price of the window on; null without two. */
  priceReturn(
    id: string,
    from: string,
    to: string,
    basis: z.infer<typeof Basis>,
  ): z.infer<typeof UnitPriceTwrOutput> | null {
    const prices =
      this.classes.find((of) => of.id === id)?.prices.filter(({ date }) => date >= from && date <= to) ?? [];
    const [first, last] = [prices[0], prices.at(-1)];
    if (!first || !last || first === last || decimal(first.price).isZero()) return null;
    const out = prices.filter(({ date, distributed }) => date > first.date && !decimal(distributed).isZero());
    const [opening, closing] = [first, last].map(({ date, price }) => ({ date, price })) as [Priced, Priced];
    if (out.every(({ distributed }) => decimal(distributed).gt(0)))
      return unitPriceReturn({
        opening,
        distributions: out.map(({ date, price, distributed }) => ({ date, perUnit: distributed, priceAfter: price })),
        closing,
        basis,
      });
    // before fees, a fee that was given back is money that came from elsewhere: the same product, in the price
    const price = out.reduce(
      (product, row) => product.times(decimal(row.distributed).div(row.price).plus(1)),
      decimal(closing.price),
    );
    return unitPriceReturn({ opening, distributions: [], closing: { ...closing, price: fixed(price, INSIDE) }, basis });
  }

  #sum(day: string, when: "before" | "after"): Exact {
    // A fee in units, or its refund, is part of the return of the period that ends with it.
    const counts = (flow: UnitFlow): boolean =>
      flow.date < day || (flow.date === day && (when === "after" || !isExternal(flow)));
    return total(
      this.classes.map((of) => {
        const held = worth(of, latestPriced(of, day) ?? day, of.flows.filter(counts));
        return when === "after" ? held : held.plus(distributedOn(of, day));
      }),
    );
  }
}

/** Days after `from` up to `to` on which units moved, with the value just before and what moved, both at the price of the day. */
export function unitFlows(
  facts: UnitPerformanceFacts,
  books: HoldingBooks,
  from: string,
  to: string,
): { date: string; valueBefore: string; amount: string }[] {
  return daysOf(facts)
    .filter((day) => day > from && day < to)
    .map((day) => ({ date: day, valueBefore: books.exactValueBefore(day), amount: books.exactMoved(day) }));
}

/** Money that went in and out, day by day; switches between the classes at hand and transfers between the holders at hand cancel. */
export function externalFlows(
  facts: UnitPerformanceFacts,
  books: HoldingBooks,
  from: string,
  to: string,
  inception: boolean,
): FundFlow[] {
  const digits = currencyExponent(facts.currency);
  return daysOf(facts)
    .filter((day) => (inception ? day >= from : day > from) && day <= to)
    .flatMap((day) => {
      const flows = books.classes.flatMap((of) => flowsOn(of, day).map((flow) => ({ of, flow })));
      const sum = (rows: typeof flows, amount: (row: (typeof flows)[number]) => Exact): Exact =>
        total(rows.map(amount));
      const cash = flows.filter(({ flow }) => flow.via === "cash" || flow.via === "taken_over");
      const within = flows.filter(({ flow }) => flow.via === "switch" || flow.via === "transfer");
      const net = sum(within, ({ of, flow }) =>
        flow.via === "transfer" ? worth(of, day, [flow]) : decimal(flow.paidIn).minus(flow.paidOut),
      );
      const paidIn = sum(cash, ({ flow }) => decimal(flow.paidIn)).plus(net.gt(0) ? net : ZERO);
      const paidOut = sum(cash, ({ flow }) => decimal(flow.paidOut)).plus(net.lt(0) ? net.neg() : ZERO);
      return [
        { date: day, kind: "contribution" as const, amount: fixed(paidIn, digits) },
        { date: day, kind: "distribution" as const, amount: fixed(paidOut, digits) },
      ].filter(({ amount }) => !decimal(amount).isZero());
    });
}

function booksOf({ id, prices, flows }: ClassFacts): ClassBooks {
  const known = new Map(prices.map(({ date, price }) => [date, price]));
  const distributed = new Map(prices.map((row) => [row.date, row.distributed]));
  if (known.size !== prices.length) throw new EvergreenError("EG400", "classes.prices: expected one price a day.");
  for (const day of new Set(flows.map(({ date }) => date))) {
    if (known.has(day)) continue;
    const taken = flows.filter(({ date, via }) => date === day && via === "taken_over");
    const units = total(taken.map((flow) => decimal(flow.units)));
    const value = total(taken.map((flow) => decimal(flow.paidIn)));
    if (!units.gt(0)) throw new EvergreenError("EG404", `Class ${id} has no price on ${day}.`);
    known.set(day, fixed(value.div(units), INSIDE));
  }
  return {
    id,
    prices: [...known]
      .map(([date, price]) => ({ date, price, distributed: distributed.get(date) ?? "0" }))
      .sort((a, b) => byId(a.date, b.date)),
    flows,
  };
}

/** Σ units · price of the day. Errors: EG404 when units are there and a price is not. */
function worth(of: ClassBooks, day: string, flows: readonly UnitFlow[]): Exact {
  const units = total(flows.map((flow) => decimal(flow.units)));
  if (units.isZero()) return ZERO;
  const price = of.prices.find(({ date }) => date === day)?.price;
  if (price === undefined) throw new EvergreenError("EG404", `Class ${of.id} has no price on ${day}.`);
  // at a fixed scale, so that what is bought and sold again is the same to the last digit
  return decimal(fixed(units.times(price), INSIDE));
}

/** What the units held before a day were distributed, in all. */
function distributedOn(of: ClassBooks, day: string): Exact {
  const perUnit = of.prices.find(({ date }) => date === day)?.distributed ?? "0";
  const units = total(of.flows.filter(({ date }) => date < day).map((flow) => decimal(flow.units)));
  return decimal(fixed(units.times(perUnit), INSIDE));
}

const isExternal = ({ via }: UnitFlow): boolean => via !== "fee";
const flowsOn = (of: ClassBooks, day: string): UnitFlow[] => of.flows.filter(({ date }) => date === day);
/** What is held on a day on which only another class was priced has its last price. */
const latestPriced = (of: ClassBooks, day: string): string | undefined =>
  of.prices.filter(({ date }) => date <= day).at(-1)?.date;
const total = (values: readonly Exact[]): Exact => values.reduce((sum, value) => sum.plus(value), ZERO);
const daysOf = (facts: UnitPerformanceFacts): string[] =>
  [...new Set(facts.classes.flatMap(({ flows }) => flows.map(({ date }) => date)))].sort(byId);
const latest = (days: readonly string[]): string | undefined => [...days].sort(byId).at(-1);
const earliest = (days: readonly string[]): string | undefined => [...days].sort(byId)[0];
