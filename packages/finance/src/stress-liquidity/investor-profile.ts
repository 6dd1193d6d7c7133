// How soon the investors of a fund could be out: each one asks for everything at every dealing day, gates bind, nothing is suspended (R32). Pure.
import { BUCKETS, EvergreenError } from "@evergreen-fund/domain";
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { fractionOf } from "../dealing/scaled.ts";
import { byId, decimal, Exact, ZERO } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { MOST_DAYS } from "./asset-profile.ts";
import { bucketOfDays, noAmounts, ProfileText, profileText } from "./profile-shapes.ts";

const Day = z.int().min(-MOST_DAYS).max(MOST_DAYS);

export const InvestorProfileInput = z.strictObject({
  /** Dealing days from today (day 0) on, in any order, as the fund's calendar has them; beyond a year they change nothing. */
  dealings: z
    .array(
      z.strictObject({
        day: z.int().min(0).max(MOST_DAYS),
        /** Last day to give notice; a negative one is missed already. */
        askByDay: Day,
        settlementDays: z.int().min(0).max(400).default(0),
        /** Dealing days with one number share a period: of the investor gate, and of the gate over a quarter. */
        period: z.int().min(0).max(10_000),
        /** Classes that deal; left out, all. */
        classes: z.array(Name).max(1_000).optional(),
      }),
    )
    .max(400),
  /** Caps of the fund gate: share of NAV per dealing day, and of the NAV at the start of a period over that period. */
  gate: z.strictObject({ share: FractionString.optional(), periodShare: FractionString.optional() }).default({}),
  /** Investor gate: share of the holding at the start of the period, by periods of asking; the last one stays (R7). */
  investorSteps: z.array(FractionString).max(40).default([]),
  /** Lots in money at NAV. */
  lots: z
    .array(
      z.strictObject({
        id: Name,
        investorId: Name,
        classId: Name,
        value: NonNegative,
        /** Day from which the hard lock-up no longer holds; 0 or less is free. */
        freeOnDay: Day.default(0),
      }),
    )
    .max(200_000),
});
export const InvestorProfileOutput = z.strictObject({
  investors: z.array(ProfileText.extend({ id: z.string() })),
  fund: ProfileText,
  nav: z.string(),
});
type Facts = z.output<typeof InvestorProfileInput>;
type Lot = { investor: Investor; classId: string; left: Exact; freeOnDay: number };
type Investor = {
  id: string;
  amounts: Exact[];
  left: Exact;
  atStart: Exact;
  inPeriod: Exact;
  period: number;
  step: number;
};

const exact = (share: string, what: string): Exact => {
  const { num, den } = fractionOf(share, what);
  return new Exact(num.toString()).div(den.toString());
};

/**
 * R32: the shortest time in which each investor could have the money. At every dealing day whose notice can still be given, every investor asks for all
 * that lock-ups and the investor gate allow; the fund gate pays one ratio to all of them; payment comes `settlementDays` later and counts in the bucket
 * of that day. The gates are imposed whenever they bind, there is no suspension and no fee. What the dealing days do not pay is in the last bucket. The NAV
 * falls by what is paid and by nothing else. The fund's profile is the sum over investors, so that each counts by its holding.
 * Money in the unit of the input, computed with 60 digits; shares have at most 18 decimals and add up to exactly 1. Errors: EG400, EG413.
 */
export function investorProfile(input: z.input<typeof InvestorProfileInput>): z.infer<typeof InvestorProfileOutput> {
  const facts = parseInput(InvestorProfileInput, input);
  refuseRepeats("lots", facts.lots);
  const { investors, lots } = opened(facts);
  let nav = lots.reduce((sum, lot) => sum.plus(lot.left), ZERO);
  const total = nav;
  const period = { number: -1, base: ZERO, paid: ZERO };
  for (const dealing of [...facts.dealings].sort((a, b) => a.day - b.day || a.period - b.period)) {
    if (dealing.period < period.number) throw new EvergreenError("EG400", "dealings: a period ends before it began.");
    if (dealing.period > period.number) Object.assign(period, { number: dealing.period, base: nav, paid: ZERO });
    if (dealing.askByDay < 0) continue;
    const asked = requests(facts, dealing, lots);
    const demand = asked.reduce((sum, { amount }) => sum.plus(amount), ZERO);
    const payable = payableOf(facts, nav, period, demand);
    for (const { lot, amount } of asked) {
      const paid = payable.lt(demand) ? amount.times(payable).div(demand) : amount;
      lot.left = lot.left.minus(paid);
      pay(lot.investor, paid, BUCKETS.indexOf(bucketOfDays(dealing.day + dealing.settlementDays)));
    }
    nav = nav.minus(payable);
    period.paid = period.paid.plus(payable);
  }
  const fund = noAmounts();
  const answered = investors.map((investor) => {
    // sixty digits may leave the holding a hair below what was paid
    pay(investor, investor.left.lt(0) ? ZERO : investor.left, BUCKETS.length - 1);
    investor.amounts.forEach((amount, position) => {
      fund[position] = fund[position]!.plus(amount);
    });
    return { id: investor.id, ...profileText(investor.amounts) };
  });
  return { investors: answered, fund: profileText(fund), nav: total.toFixed() };
}

/** Lots stand by the day they are free, then by id. */
function opened(facts: Facts): { investors: Investor[]; lots: Lot[] } {
  const investors = new Map<string, Investor>();
  const lots = [...facts.lots]
    .sort((a, b) => a.freeOnDay - b.freeOnDay || byId(a.id, b.id))
    .map((lot): Lot => {
      const value = decimal(lot.value);
      const investor = investors.get(lot.investorId) ?? {
        id: lot.investorId,
        amounts: noAmounts(),
        left: ZERO,
        atStart: ZERO,
        inPeriod: ZERO,
        period: -1,
        step: -1,
      };
      investor.left = investor.left.plus(value);
      investors.set(lot.investorId, investor);
      return { investor, classId: lot.classId, left: value, freeOnDay: lot.freeOnDay };
    });
  return { investors: [...investors.values()].sort((a, b) => byId(a.id, b.id)), lots };
}

/** What every lot asks for on a dealing day: all that is free, cut to the investor's limit lot by lot, the oldest freedom first. */
function requests(
  facts: Facts,
  dealing: Facts["dealings"][number],
  lots: readonly Lot[],
): { lot: Lot; amount: Exact }[] {
  const free = lots.filter(({ left, freeOnDay, classId }) => {
    const deals = dealing.classes === undefined || dealing.classes.includes(classId);
    return deals && freeOnDay <= dealing.day && left.gt(0);
  });
  if (facts.investorSteps.length === 0) return free.map((lot) => ({ lot, amount: lot.left }));
  const room = new Map<Investor, Exact>();
  return free.map((lot) => {
    const { investor } = lot;
    const left = room.get(investor) ?? limitOf(facts, investor, dealing.period);
    const amount = left.lt(lot.left) ? left : lot.left;
    room.set(investor, left.minus(amount));
    return { lot, amount };
  });
}

/** R7: share of the step × holding at the start of the period, less what the period has paid. Opens the period when the investor asks in it first. */
function limitOf(facts: Facts, investor: Investor, period: number): Exact {
  if (investor.period !== period)
    Object.assign(investor, { period, step: investor.step + 1, atStart: investor.left, inPeriod: ZERO });
  const step = Math.min(investor.step, facts.investorSteps.length - 1);
  const limit = investor.atStart
    .times(exact(facts.investorSteps[step] ?? "1", "investorSteps"))
    .minus(investor.inPeriod);
  return limit.lt(0) ? ZERO : limit;
}

/** What the day pays: the demand, cut to the lower of the two caps, at least 0. */
function payableOf({ gate }: Facts, nav: Exact, period: { base: Exact; paid: Exact }, demand: Exact): Exact {
  let payable = demand;
  const cut = (cap: Exact): void => {
    payable = cap.lt(payable) ? cap : payable;
  };
  if (gate.share !== undefined) cut(nav.times(exact(gate.share, "gate.share")));
  if (gate.periodShare !== undefined)
    cut(period.base.times(exact(gate.periodShare, "gate.periodShare")).minus(period.paid));
  return payable.lt(0) ? ZERO : payable;
}

function pay(investor: Investor, paid: Exact, position: number): void {
  investor.amounts[position] = investor.amounts[position]!.plus(paid);
  investor.left = investor.left.minus(paid);
  investor.inPeriod = investor.inPeriod.plus(paid);
}
