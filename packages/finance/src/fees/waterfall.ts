// Whole-fund waterfall (R26): capital back, preferred return, catch-up, split; and the clawback test at each close. Pure.
import { CurrencyCode, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { currencyExponent } from "../money.ts";
import { NonNegative, parseInput, Share } from "../parse.ts";
import { Day } from "./days.ts";
import { Fraction } from "./fraction.ts";
import { HurdleRate, hurdleAmount } from "./hurdle.ts";
import { refuseFallingDays } from "./lot-events.ts";
import { bookRounding } from "./rounding.ts";

export const WaterfallTerms = z.strictObject({
  /** Preferred return; `annual` runs on capital not returned and preferred return not paid, `simple` on the capital alone. */
  preferred: HurdleRate,
  carry: Share,
  /** Share of the manager while catching up, above the carry; left out, there is none. */
  catchUp: Share.optional(),
  /** Share of the carry paid that can be claimed back (1 less the tax on it, where the agreement says so). */
  reclaimable: Share.default("1"),
});

export const WaterfallInput = z.strictObject({
  currency: CurrencyCode,
  terms: WaterfallTerms,
  /** In the order of their days; within a day in the order given. A close states the net assets left and tests the clawback. */
  flows: z
    .array(z.strictObject({ date: Day, kind: z.enum(["call", "distribution", "close"]), amount: NonNegative }))
    .max(100_000),
});
const Tiers = z.strictObject({
  date: z.string(),
  amount: z.string(),
  capital: z.string(),
  preferred: z.string(),
  catchUp: z.strictObject({ investors: z.string(), manager: z.string() }),
  split: z.strictObject({ investors: z.string(), manager: z.string() }),
  investors: z.string(),
  manager: z.string(),
});
export const WaterfallOutput = z.strictObject({
  distributions: z.array(Tiers),
  closes: z.array(
    z.strictObject({
      date: z.string(),
      /** Distributions and net assets less calls. */
      profit: z.string(),
      carryPaid: z.string(),
      /** Carry paid and that which the net assets would bring, over the carry on the profit. */
      excessCarry: z.string(),
      /** Capital and preferred return that the net assets would not cover. */
      shortfall: z.string(),
      clawback: z.string(),
    }),
  ),
  unreturnedCapital: z.string(),
  unpaidPreferred: z.string(),
  carryPaid: z.string(),
});

type Books = {
  readonly on: string | null;
  readonly capital: Fraction;
  readonly preferred: Fraction;
  /** Totals so far: preferred return paid, what went through the catch-up and through the split, carry and everything paid, everything called. */
  readonly preferredPaid: Fraction;
  readonly caughtUp: Fraction;
  readonly split: Fraction;
  readonly carryPaid: Fraction;
  readonly paid: Fraction;
  readonly called: Fraction;
};
type Terms = z.output<typeof WaterfallTerms>;
type Money = (value: Fraction) => Fraction;
type Paid = {
  capital: Fraction;
  preferred: Fraction;
  catchUp: Fraction;
  catchUpManager: Fraction;
  split: Fraction;
  splitManager: Fraction;
};

const zero = Fraction.ZERO;
const START: Books = {
  on: null,
  capital: zero,
  preferred: zero,
  preferredPaid: zero,
  caughtUp: zero,
  split: zero,
  carryPaid: zero,
  paid: zero,
  called: zero,
};

/**
 * R26, over the whole fund: a distribution returns capital, then pays the preferred return to its day, then the manager catches up at the share
 * `catchUp` until they have the carry on all profit paid, then it is split. Clawback at a close, with the net assets paid out as if on that day:
 * the larger of carry over the agreed share of all profit and of what investors lack of capital and preferred return, at most the reclaimable part
 * of the carry paid. Amounts in the major unit, HALF_UP to the minor unit; investors get what the manager does not, so nothing is lost.
 * Source: R26. Errors: EG400 for malformed input, days out of order, amounts finer than the minor unit or a catch-up not above the carry.
 */
export function waterfall(input: z.input<typeof WaterfallInput>): z.infer<typeof WaterfallOutput> {
  const { currency, terms, flows } = parseInput(WaterfallInput, input);
  if (terms.catchUp !== undefined && Fraction.of(terms.catchUp).lte(Fraction.of(terms.carry))) {
    throw new EvergreenError("EG400", "terms.catchUp: expected more than the carry, or nothing.");
  }
  refuseFallingDays(flows);
  const money = bookRounding({ currency, unitsDp: 0, priceDp: 0 }).fee;
  const text = (value: Fraction): string => value.text(currencyExponent(currency));
  const distributions: z.infer<typeof Tiers>[] = [];
  const closes: z.infer<typeof WaterfallOutput>["closes"] = [];
  let books = START;
  for (const [position, flow] of flows.entries()) {
    const amount = Fraction.of(flow.amount);
    if (!money(amount).eq(amount)) throw new EvergreenError("EG400", `flows.${position}: finer than the minor unit.`);
    books = accrued(books, flow.date, terms);
    if (flow.kind === "call") {
      books = { ...books, capital: books.capital.plus(amount), called: books.called.plus(amount) };
    } else if (flow.kind === "distribution") {
      const next = distribute(books, amount, terms, money);
      distributions.push(printed(flow.date, amount, next.tiers, text));
      books = next.books;
    } else closes.push(closeTest(books, flow.date, amount, terms, money, text));
  }
  return {
    distributions,
    closes,
    unreturnedCapital: text(books.capital),
    unpaidPreferred: text(books.preferred),
    carryPaid: text(books.carryPaid),
  };
}

function accrued(books: Books, on: string, { preferred }: Terms): Books {
  if (books.on === null) return { ...books, on };
  const base = preferred.compounding === "annual" ? books.capital.plus(books.preferred) : books.capital;
  return { ...books, on, preferred: books.preferred.plus(hurdleAmount(preferred, base, books.on, on)) };
}

function distribute(
  books: Books,
  amount: Fraction,
  { carry, catchUp }: Terms,
  money: Money,
): { books: Books; tiers: Paid } {
  const rate = Fraction.of(carry);
  let left = amount;
  const take = (due: Fraction): Fraction => {
    const part = Fraction.min(left, money(due));
    left = left.minus(part);
    return part;
  };
  const capital = take(books.capital);
  const preferred = take(books.preferred);
  // What is owed below half a minor unit is paid when the rounded amount is.
  const unpaid = preferred.eq(money(books.preferred)) ? zero : books.preferred.minus(preferred);
  const preferredPaid = books.preferredPaid.plus(preferred);
  const share = catchUp === undefined ? null : Fraction.of(catchUp);
  const owed = share === null ? zero : preferredPaid.times(rate).over(share.minus(rate)).minus(books.caughtUp);
  const catchUpPart = take(owed.positive());
  const caughtUp = books.caughtUp.plus(catchUpPart);
  const split = books.split.plus(left);
  const tiers = {
    capital,
    preferred,
    catchUp: catchUpPart,
    catchUpManager: share === null ? zero : money(share.times(caughtUp)).minus(money(share.times(books.caughtUp))),
    split: left,
    splitManager: money(rate.times(split)).minus(money(rate.times(books.split))),
  };
  const carryPaid = books.carryPaid.plus(tiers.catchUpManager).plus(tiers.splitManager);
  return {
    tiers,
    books: {
      ...books,
      capital: books.capital.minus(capital),
      preferred: unpaid,
      preferredPaid,
      caughtUp,
      split,
      carryPaid,
      paid: books.paid.plus(amount),
    },
  };
}

function closeTest(
  books: Books,
  date: string,
  nav: Fraction,
  terms: Terms,
  money: Money,
  text: (value: Fraction) => string,
): z.infer<typeof WaterfallOutput>["closes"][number] {
  const after = distribute(books, nav, terms, money).books;
  const profit = after.paid.minus(after.called);
  const agreed = money(Fraction.of(terms.carry).times(profit.positive()));
  const excess = after.carryPaid.minus(agreed).positive();
  const shortfall = money(after.capital.plus(after.preferred));
  const most = money(books.carryPaid.times(Fraction.of(terms.reclaimable)));
  return {
    date,
    profit: text(profit),
    carryPaid: text(books.carryPaid),
    excessCarry: text(excess),
    shortfall: text(shortfall),
    clawback: text(Fraction.min(most, Fraction.max(excess, shortfall))),
  };
}

function printed(
  date: string,
  amount: Fraction,
  tiers: Paid,
  text: (value: Fraction) => string,
): z.infer<typeof Tiers> {
  const manager = tiers.catchUpManager.plus(tiers.splitManager);
  return {
    date,
    amount: text(amount),
    capital: text(tiers.capital),
    preferred: text(tiers.preferred),
    catchUp: { investors: text(tiers.catchUp.minus(tiers.catchUpManager)), manager: text(tiers.catchUpManager) },
    split: { investors: text(tiers.split.minus(tiers.splitManager)), manager: text(tiers.splitManager) },
    investors: text(amount.minus(manager)),
    manager: text(manager),
  };
}
