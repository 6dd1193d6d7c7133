// Capital account statement of one investor: opening + contributions − redemptions − distributions ± result − fees = closing, for any period and as
// known on any time. A statement that does not foot is an error that names the line. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { currencyExponent } from "../money.ts";
import { parseInput } from "../parse.ts";
import { type Known, knownOn, type StatementEntry, StatementInput, strikeOn, unitsAfter } from "./books.ts";
import { findings, LINES, type Line } from "./controls.ts";

export const StatementOutput = z.strictObject({
  investor: z.string(),
  currency: z.string(),
  from: z.string(),
  to: z.string(),
  knownOn: z.string(),
  units: z.strictObject({ opening: z.string(), closing: z.string() }),
  /** In the order they are added up; signed as they change the account. */
  lines: z.array(z.strictObject({ line: z.enum(LINES), amount: z.string() })),
  foot: z.strictObject({
    /** Opening and every line up to the rounding. */
    sum: z.string(),
    closing: z.string(),
    /** Sum = closing, always true: a statement that does not foot is not made. */
    ok: z.boolean(),
  }),
});
export type Statement = z.infer<typeof StatementOutput>;

/**
 * The account is worth units · unswung price after fees, and the equalisation in reach. Closing comes from the lots, the lines between from the
 * entries and strikes: `result` is units held · (change of price + distribution + fees per unit) from strike to strike, before fees;
 * `dealing_difference` is what dealing changed in value (swing, levy, charges, units' residuals, a price restated later); `rounding` closes the sum of lines that
 * are each HALF_UP at the minor unit and is at most half a minor unit a line. Rows recorded after `knownOn` are not seen; the version recorded
 * last counts. Errors: EG400 for malformed input, EG404 where a strike is missing, EG428 naming the lines that do not foot.
 */
export function capitalAccount(input: z.input<typeof StatementInput>): Statement {
  const facts = parseInput(StatementInput, input);
  if (facts.from >= facts.to) throw new EvergreenError("EG400", "to: expected a day after from.");
  const known = knownOn(facts);
  const found = findings(facts, known);
  if (found.length > 0) {
    const named = found.slice(0, 5).map(({ line, what }) => `${line} (${what})`);
    throw new EvergreenError("EG428", `The statement does not foot: ${named.join("; ")}.`);
  }
  return printed(facts, exactLines(facts, known), known);
}

type Amounts = Record<Exclude<Line, "rounding">, Fraction>;

function exactLines({ from, to }: StatementInput, known: Known): Amounts {
  const amounts: Amounts = {
    opening: worth(known, from),
    contributions: Fraction.ZERO,
    redemptions: Fraction.ZERO,
    distributions: Fraction.ZERO,
    transfers: Fraction.ZERO,
    result: Fraction.ZERO,
    management_fees: Fraction.ZERO,
    performance_fees: Fraction.ZERO,
    equalisation: equalisationOn(known, to).minus(equalisationOn(known, from)),
    dealing_difference: Fraction.ZERO,
    closing: worth(known, to),
  };
  for (const entry of known.entries) if (entry.effectiveOn > from) addEntry(amounts, entry, known);
  for (const series of seriesHeld(known)) addResult(amounts, series, from, to, known);
  return amounts;
}

const seriesHeld = (known: Known): Set<string> => new Set(known.entries.map(({ series }) => series));

const equalisationOn = (known: Known, day: string): Fraction =>
  Fraction.sum([...known.lotNames].map((lot) => Fraction.of(known.lotOn(lot, day)?.equalisation ?? "0")));

/** What the lots are worth on a day. The series of a lot is that of its latest entry by then. */
function worth(known: Known, day: string): Fraction {
  const values = [...known.lotNames].map((lot) => {
    const units = Fraction.of(known.lotOn(lot, day)?.units ?? "0");
    if (units.isZero) return Fraction.ZERO;
    const series = known.entries.filter((entry) => entry.lot === lot && entry.effectiveOn <= day).at(-1)?.series ?? "";
    return units.times(Fraction.of(strikeOn(known, series, day).navPerUnit));
  });
  return Fraction.sum(values).plus(equalisationOn(known, day));
}

/** Adds an entry to its line, and to the dealing difference what its value differs from its cash. */
function addEntry(amounts: Amounts, entry: StatementEntry, known: Known): void {
  for (const [line, amount] of partsOf(entry, known)) amounts[line] = amounts[line].plus(amount);
}

function partsOf(entry: StatementEntry, known: Known): [keyof Amounts, Fraction][] {
  const amount = known.reversed.has(entry.id) ? Fraction.of(entry.amount).negated() : Fraction.of(entry.amount);
  // What a payout was cut below the units' distribution is the other half of what addResult takes out of the dealing difference.
  if (entry.kind === "distribution") {
    return [
      ["distributions", amount.negated()],
      ["dealing_difference", amount],
    ];
  }
  const price = Fraction.of(strikeOn(known, entry.series, entry.effectiveOn).navPerUnit);
  const equalisation = Fraction.of(entry.equalisation);
  const value = Fraction.of(entry.units).times(price).plus(equalisation);
  // The balance of equalisation moved with the entry is not a gain or loss of the balance itself.
  const moved: [keyof Amounts, Fraction] = ["equalisation", equalisation.negated()];
  if (entry.kind === "transfer_in" || entry.kind === "transfer_out") return [moved, ["transfers", value]];
  if (entry.kind === "equalisation") {
    // A depreciation charge is a performance fee of this holder alone, paid in units.
    const sign = known.reversed.has(entry.id) ? Fraction.of(-1n) : Fraction.of(1n);
    const charge = Fraction.of(entry.charge).times(sign);
    return [moved, ["performance_fees", charge.negated()], ["dealing_difference", value.plus(charge)]];
  }
  const out = entry.kind === "redemption";
  const cash = out ? amount.negated() : amount;
  return [moved, [out ? "redemptions" : "contributions", cash], ["dealing_difference", value.minus(cash)]];
}

function addResult(amounts: Amounts, series: string, from: string, to: string, known: Known): void {
  const strikes = (known.strikes.get(series) ?? []).filter(({ date }) => date >= from && date <= to);
  strikes.forEach((strike, position) => {
    const before = strikes[position - 1];
    if (!before) return;
    const units = unitsAfter(known.entries, series, before.date);
    const management = units.times(Fraction.of(strike.managementFeePerUnit));
    const performance = units.times(Fraction.of(strike.performanceFeePerUnit));
    const change = Fraction.of(strike.navPerUnit).minus(Fraction.of(before.navPerUnit));
    const distributed = units.times(Fraction.of(strike.distributionPerUnit));
    const gained = units.times(change).plus(distributed);
    amounts.dealing_difference = amounts.dealing_difference.minus(distributed);
    amounts.result = amounts.result.plus(gained).plus(management).plus(performance);
    amounts.management_fees = amounts.management_fees.minus(management);
    amounts.performance_fees = amounts.performance_fees.minus(performance);
  });
}

function printed(facts: StatementInput, exact: Amounts, known: Known): Statement {
  const digits = currencyExponent(facts.currency);
  const scale = 10n ** BigInt(digits);
  const minor = (value: Fraction): bigint => value.scaled(scale, "half_up");
  const between = LINES.filter((line) => line !== "closing" && line !== "rounding");
  const sum = between.reduce((total, line) => total + minor(exact[line]), 0n);
  const closing = minor(exact.closing);
  const rounding = closing - sum;
  if (2n * (rounding < 0n ? -rounding : rounding) > BigInt(between.length + 1)) {
    throw new EvergreenError("EG428", "The statement does not foot: rounding (more than half a minor unit a line).");
  }
  const text = (units: bigint): string => Fraction.of(units, scale).text(digits);
  const units = (day: string): string =>
    Fraction.sum([...seriesHeld(known)].map((series) => unitsAfter(known.entries, series, day))).text(facts.unitsDp);
  return {
    investor: facts.investor,
    currency: facts.currency,
    from: facts.from,
    to: facts.to,
    knownOn: facts.knownOn,
    units: { opening: units(facts.from), closing: units(facts.to) },
    lines: LINES.map((line) => ({
      line,
      amount: text(line === "rounding" ? rounding : line === "closing" ? closing : minor(exact[line])),
    })),
    foot: { sum: text(sum + rounding), closing: text(closing), ok: sum + rounding === closing },
  };
}
