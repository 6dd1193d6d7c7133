// Credit lines of a fund under a scenario: what of the drawn part is due by when, and what can still be drawn. Pure.
import type { Bucket } from "@evergreen-fund/domain";
import { daysBetween } from "../fees/days.ts";
import { decimal, type Exact, ONE, ZERO } from "../money.ts";
import { bucketOfDays } from "../stress-liquidity/profile-shapes.ts";
import type { FundBook } from "./book.ts";

export interface Lines {
  due: { bucket: Bucket; amount: Exact }[];
  /** By line, in the order of their codes. */
  undrawn: { line: string; amount: Exact; expiresOn: string }[];
}

/**
 * `available`: share of what is committed that still stands (null: all of it); what is drawn above it is due in `dueDays`, or in the days of the line itself where that
 * is null, and never later than the line ends. The rest of what is drawn is due when its line ends. `elapsed`: days since `asOf`. Words about what could not be
 * taken are added to `notes`.
 */
export function creditLinesAt(
  { asOf, creditLines, fund }: Pick<FundBook, "asOf" | "creditLines" | "fund">,
  { available, dueDays, elapsed }: { available: Exact | null; dueDays: number | null; elapsed: number },
  notes: Set<string>,
): Lines {
  const lines: Lines = { due: [], undrawn: [] };
  const own = creditLines.filter(({ currency }) => currency === fund.currency);
  if (own.length < creditLines.length)
    notes.add(`${creditLines.length - own.length} credit lines in another currency are not counted.`);
  if (available !== null && own.length === 0)
    notes.add("The snapshot knows no credit line of the fund: its withdrawal has nothing to act on.");
  for (const { line, committed, drawn, expiresOn, dueDays: ownDays } of own) {
    const left = Math.max(0, daysBetween(asOf, expiresOn) - elapsed);
    const stands = left === 0 ? ZERO : decimal(committed).times(available ?? ONE);
    const above = decimal(drawn).minus(stands);
    const called = available === null || above.lte(0) ? ZERO : above;
    const rest = decimal(drawn).minus(called);
    if (called.gt(0)) lines.due.push({ bucket: bucketOfDays(Math.min(left, dueDays ?? ownDays)), amount: called });
    if (rest.gt(0)) lines.due.push({ bucket: bucketOfDays(left), amount: rest });
    lines.undrawn.push({ line, amount: above.lt(0) ? above.neg() : ZERO, expiresOn });
  }
  return lines;
}
