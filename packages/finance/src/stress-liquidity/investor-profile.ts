// How soon the investors of a fund could be out: each one asks for everything at every dealing day, gates bind, nothing is suspended (R32). Pure.
import { BUCKETS, EvergreenError } from "@evergreen-fund/domain";
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { type Fraction, fractionOf, max, min, scaledOf, VALUE_DP, valueText } from "../dealing/scaled.ts";
import { byId } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { MOST_DAYS } from "./asset-profile.ts";
import { bucketOfDays, ProfileText, wholeProfileText } from "./profile-shapes.ts";

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
/** Money is whole numbers of 10^-18 from here on. */
type Lot = { investor: Investor; classId: string; left: bigint; freeOnDay: number };
type Investor = {
  id: string;
  amounts: bigint[];
  left: bigint;
  /** Holding when the period began for the investor, what the period has paid, its number, and the periods of asking before it. */
  atStart: bigint;
  inPeriod: bigint;
  period: number;
  step: number;
};
/** Caps and steps as fractions. */
type Shares = { share: Fraction | null; periodShare: Fraction | null; steps: readonly Fraction[] };

const of = (amount: bigint, { num, den }: Fraction): bigint => (amount * num) / den;
const none = (): bigint[] => BUCKETS.map(() => 0n);

/**
 * R32: the shortest time in which each investor could have the money. At every dealing day whose notice can still be given, every investor asks for all
 * that lock-ups and the investor gate allow; the fund gate pays one ratio to all of them; payment comes `settlementDays` later and counts in the bucket
 * of that day. The gates are imposed whenever they bind, there is no suspension and no fee. What the dealing days do not pay is in the last bucket. The NAV
 * falls by what is paid and by nothing else. The fund's profile is the sum over investors, so that each counts by its holding.
 * Money in the unit of the input; caps and payments are rounded down at 18 decimals, so that what an investor gets is the holding exactly; shares have
 * at most 18 decimals and add up to exactly 1. Errors: EG400, EG413.
 */
export function investorProfile(input: z.input<typeof InvestorProfileInput>): z.infer<typeof InvestorProfileOutput> {
  const facts = parseInput(InvestorProfileInput, input);
  refuseRepeats("lots", facts.lots);
  const { investors, lots } = opened(facts);
  const shares = sharesOf(facts);
  let nav = lots.reduce((sum, lot) => sum + lot.left, 0n);
  const total = nav;
  const period = { number: -1, base: 0n, paid: 0n };
  for (const dealing of [...facts.dealings].sort((a, b) => a.day - b.day || a.period - b.period)) {
    if (dealing.period < period.number) throw new EvergreenError("EG400", "dealings: a period ends before it began.");
    if (dealing.period > period.number) Object.assign(period, { number: dealing.period, base: nav, paid: 0n });
    if (dealing.askByDay < 0) continue;
    const asked = requests(shares, dealing, lots);
    const demand = asked.reduce((sum, { amount }) => sum + amount, 0n);
    const payable = payableOf(shares, nav, period, demand);
    const at = BUCKETS.indexOf(bucketOfDays(dealing.day + dealing.settlementDays));
    for (const { lot, amount } of asked) {
      const paid = payable < demand ? (amount * payable) / demand : amount;
      lot.left -= paid;
      nav -= paid;
      period.paid += paid;
      pay(lot.investor, paid, at);
    }
  }
  const fund = none();
  const answered = investors.map((investor) => {
    pay(investor, investor.left, BUCKETS.length - 1);
    investor.amounts.forEach((amount, position) => {
      (fund[position] as bigint) += amount;
    });
    return { id: investor.id, ...wholeProfileText(investor.amounts) };
  });
  return { investors: answered, fund: wholeProfileText(fund), nav: valueText(total) };
}

function sharesOf({ gate, investorSteps }: Facts): Shares {
  return {
    share: gate.share === undefined ? null : fractionOf(gate.share, "gate.share"),
    periodShare: gate.periodShare === undefined ? null : fractionOf(gate.periodShare, "gate.periodShare"),
    steps: investorSteps.map((step) => fractionOf(step, "investorSteps")),
  };
}

/** Lots stand by the day they are free, then by id. */
function opened(facts: Facts): { investors: Investor[]; lots: Lot[] } {
  const investors = new Map<string, Investor>();
  const lots = [...facts.lots]
    .sort((a, b) => a.freeOnDay - b.freeOnDay || byId(a.id, b.id))
    .map((lot): Lot => {
      const value = scaledOf(lot.value, VALUE_DP, "lots.value");
      const investor = investors.get(lot.investorId) ?? {
        id: lot.investorId,
        amounts: none(),
        left: 0n,
        atStart: 0n,
        inPeriod: 0n,
        period: -1,
        step: -1,
      };
      investor.left += value;
      investors.set(lot.investorId, investor);
      return { investor, classId: lot.classId, left: value, freeOnDay: lot.freeOnDay };
    });
  return { investors: [...investors.values()].sort((a, b) => byId(a.id, b.id)), lots };
}

/** What every lot asks for on a dealing day: all that is free, cut to the investor's limit lot by lot, the one that is free longest first. */
function requests(
  shares: Shares,
  dealing: Facts["dealings"][number],
  lots: readonly Lot[],
): { lot: Lot; amount: bigint }[] {
  const classes = dealing.classes === undefined ? null : new Set(dealing.classes);
  const free = lots.filter(
    ({ left, freeOnDay, classId }) => left > 0n && freeOnDay <= dealing.day && (classes?.has(classId) ?? true),
  );
  if (shares.steps.length === 0) return free.map((lot) => ({ lot, amount: lot.left }));
  const room = new Map<Investor, bigint>();
  return free.map((lot) => {
    const { investor } = lot;
    const left = room.get(investor) ?? limitOf(shares, investor, dealing.period);
    const amount = min(left, lot.left);
    room.set(investor, left - amount);
    return { lot, amount };
  });
}

/** R7: share of the step × holding at the start of the period, less what the period has paid. Opens the period when the investor asks in it first. */
function limitOf({ steps }: Shares, investor: Investor, period: number): bigint {
  if (investor.period !== period)
    Object.assign(investor, { period, step: investor.step + 1, atStart: investor.left, inPeriod: 0n });
  const step = steps[Math.min(investor.step, steps.length - 1)] as Fraction;
  return max(0n, of(investor.atStart, step) - investor.inPeriod);
}

/** What the day pays: the demand, cut to the lower of the two caps, at least 0. */
function payableOf(
  { share, periodShare }: Shares,
  nav: bigint,
  period: { base: bigint; paid: bigint },
  demand: bigint,
) {
  const daily = share === null ? demand : min(demand, of(nav, share));
  const both = periodShare === null ? daily : min(daily, of(period.base, periodShare) - period.paid);
  return max(0n, both);
}

function pay(investor: Investor, paid: bigint, position: number): void {
  (investor.amounts[position] as bigint) += paid;
  investor.left -= paid;
  investor.inPeriod += paid;
}
