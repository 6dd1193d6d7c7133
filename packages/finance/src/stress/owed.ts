// What a fund has to pay under a scenario, by kind and bucket: redemptions as planned, as in its history, as a share of NAV, at its gate, by investors who leave;
// calls, debt of credit lines that end or are withdrawn, margin (R32, R33). Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { daysBetween } from "../fees/days.ts";
import { decimal, type Exact, ZERO } from "../money.ts";
import type { ResolvedScenario } from "../scenarios/index.ts";
import { bucketOfDays, noAmounts } from "../stress-liquidity/profile-shapes.ts";
import type { FundBook } from "./book.ts";
import { creditLinesAt, type Lines } from "./credit-lines.ts";
import { type Levels, PERIOD_DAYS } from "./paths.ts";
import { type FundTerms, orOne } from "./terms-of-fund.ts";

export interface Owed {
  /** Redemptions that are expected or assumed, without those accepted. In the order of BUCKETS, all of them. */
  redemptions: Exact[];
  accepted: Exact[];
  calls: Exact[];
  debt: Exact[];
  margin: Exact[];
}

export interface Moment {
  /** 0 is today, before anything happens. */
  period: number;
  /** NAV at its end and at its start. */
  nav: Exact;
  navBefore: Exact;
  hedgeMargin: Exact;
  /** Calls per quarter from the first one on, under the scenario. */
  calls: readonly Exact[];
  /** Paid to investors who leave. */
  exits: Exact;
}

/** Net redemptions of each reported month of the last twelve, not below zero, oldest first. */
export function netRedemptions(book: FundBook): Exact[] {
  const months = new Map<string, Exact>();
  for (const { month, kind, amount } of book.reportedFlows) {
    const sign = kind === "redemption" ? decimal(amount) : decimal(amount).neg();
    months.set(month, (months.get(month) ?? ZERO).plus(sign));
  }
  return [...months.values()].slice(-12).map((net) => (net.lt(0) ? ZERO : net));
}

/** Of an even number the mean of the two in the middle. */
export function median(values: readonly Exact[]): Exact {
  const sorted = [...values].sort((a, b) => a.cmp(b));
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : sorted[middle - 1]!.plus(sorted[middle]!).div(2);
}

const at = (bucket: Bucket): number => BUCKETS.indexOf(bucket);
function add(amounts: Exact[], bucket: Bucket, amount: Exact): void {
  amounts[at(bucket)] = amounts[at(bucket)]!.plus(amount);
}

/** Planned and accepted as the ladder has them; without a ladder what waits to be paid, by its dealing date. Amounts in other currencies are not counted. */
export function plannedOf(book: FundBook): { planned: Exact[]; accepted: Exact[]; notes: string[] } {
  const [planned, accepted] = [noAmounts(), noAmounts()];
  const rungs = book.ladder.filter(({ side }) => side === "liability");
  for (const { bucket, capacity, utilization } of rungs) {
    add(planned, bucket, decimal(capacity));
    add(accepted, bucket, decimal(utilization));
  }
  if (rungs.length > 0) return { planned, accepted, notes: [] };
  let left = 0;
  for (const { amount, currency, dealingDate } of book.pending) {
    if (amount === null || currency !== book.fund.currency) left += 1;
    else
      add(
        accepted,
        dealingDate === null ? "1d" : bucketOfDays(Math.max(0, daysBetween(book.asOf, dealingDate))),
        decimal(amount),
      );
  }
  const notes = ["The fund has no liability ladder: only redemptions that wait to be paid are counted."];
  if (left > 0) notes.push(`${left} waiting redemptions in another currency or without an amount are not counted.`);
  return { planned, accepted, notes };
}

/** Everything due at a moment. Words about what could not be taken are added to `notes`. */
export function owedAt(
  book: FundBook,
  terms: FundTerms,
  scenario: ResolvedScenario,
  levels: Levels | null,
  moment: Moment,
  notes: Set<string>,
): Owed {
  const { planned, accepted, notes: about } = plannedOf(book);
  for (const note of about) notes.add(note);
  const [calls, debt, margin] = [noAmounts(), noAmounts(), noAmounts()];
  spreadCalls(calls, moment, scenario);
  for (const { bucket, amount } of linesAt(book, scenario, levels, moment.period, notes).due) add(debt, bucket, amount);
  if (levels === null) return { redemptions: planned, accepted, calls, debt, margin };
  const term = (name: Parameters<Levels["term"]>[0], parts: readonly string[] = []) =>
    levels.term(name, parts, moment.period);
  const redemptions =
    historic(book, term, notes) ?? planned.map((amount) => amount.times(orOne(term("redemptions.times"))));
  const share = term("redemptions.share_of_nav");
  const within = term("redemptions.within_days")?.toNumber() ?? terms.noticeDays ?? 0;
  if (share !== null)
    add(redemptions, bucketOfDays(within), share.times(moment.navBefore.lt(0) ? ZERO : moment.navBefore));
  atTheGate(redemptions, { terms, scenario, moment }, term, notes);
  if (moment.exits.gt(0)) add(redemptions, bucketOfDays(terms.noticeDays ?? 0), moment.exits);
  const called = term("margin.hedge_loss");
  if (called !== null)
    add(margin, bucketOfDays(term("margin.due_days")?.toNumber() ?? 1), called.times(moment.hedgeMargin));
  return { redemptions, accepted, calls, debt, margin };
}

/** The credit lines in a period: what of them is due, and what can still be drawn. */
export function linesAt(
  book: FundBook,
  { periods }: ResolvedScenario,
  levels: Levels | null,
  period: number,
  notes: Set<string>,
): Lines {
  return creditLinesAt(
    book,
    {
      available: levels?.term("facility.available", [], period) ?? null,
      dueDays: levels?.term("facility.due_days", [], period)?.toNumber() ?? null,
      elapsed: periods === null ? 0 : period * PERIOD_DAYS[periods.unit],
    },
    notes,
  );
}

type Term = (name: Parameters<Levels["term"]>[0], parts?: readonly string[]) => Exact | null;

function historic(book: FundBook, term: Term, notes: Set<string>): Exact[] | null {
  const [middle, peak] = [term("redemptions.history", ["median_12m"]), term("redemptions.history", ["peak_month_12m"])];
  if (middle === null && peak === null) return null;
  const months = netRedemptions(book);
  if (months.length === 0) {
    notes.add("The fund has reported no monthly flows: redemptions are those of its ladder.");
    return null;
  }
  if (months.length < 12) notes.add(`Only ${months.length} of twelve months of flows are known: history is those.`);
  const most = months.reduce((a, b) => (a.gt(b) ? a : b));
  const amounts = noAmounts();
  if (middle !== null) add(amounts, "30d", median(months).times(middle));
  if (peak !== null) add(amounts, "30d", most.times(peak));
  return amounts;
}

/** The gate pays its most in a period: at least that much is due in it. */
function atTheGate(
  redemptions: Exact[],
  { terms, scenario, moment }: { terms: FundTerms; scenario: ResolvedScenario; moment: Moment },
  term: Term,
  notes: Set<string>,
): void {
  const periods = term("gate.at_maximum_periods")?.toNumber() ?? 0;
  if (moment.period > periods && term("redemptions.filled") === null) return;
  if (terms.gateShare === null) {
    notes.add("The fund has no gate by a share of NAV: what it would pay at its maximum is not known.");
    return;
  }
  const days = scenario.periods === null ? 1 : PERIOD_DAYS[scenario.periods.unit];
  const bucket = bucketOfDays(days);
  const cap = decimal(days >= 90 ? terms.gateShare.quarter : terms.gateShare.dealing).times(moment.nav);
  if (cap.gt(redemptions[at(bucket)]!)) redemptions[at(bucket)] = cap;
}

/** Calls of the coming quarters: the next within 90 days, then 180, the two after that within the year. */
function spreadCalls(calls: Exact[], { period, calls: path }: Moment, { periods }: ResolvedScenario): void {
  const passed = periods === null || period === 0 ? 0 : Math.floor((period * PERIOD_DAYS[periods.unit]) / 90);
  const buckets: Bucket[] = ["90d", "180d", "365d", "365d"];
  buckets.forEach((bucket, next) => {
    add(calls, bucket, path[Math.min(passed, Math.max(0, path.length - 4)) + next] ?? ZERO);
  });
}
