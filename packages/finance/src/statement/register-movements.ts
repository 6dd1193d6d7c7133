// Statement of changes in units, as funds publish it: opening + issued + reinvested + transferred − repurchased = closing by class, and every price
// implied by units and amount inside the period's band of net asset values. Takes rows, gives a report; changes nothing. Pure.
import { CurrencyCode, DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { byId, currencyExponent } from "../money.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

/** How each movement changes the units of its class; null takes the sign the row has. `deduction` is money alone, `net` the sum that is published. */
const SIGN = {
  opening: 1,
  subscription: 1,
  reinvestment: 1,
  transfer_in: 1,
  transfer_out: -1,
  transfer: null,
  repurchase: -1,
  deduction: null,
  net: null,
  closing: 1,
} as const;
export const Movement = z.enum([
  "opening",
  "subscription",
  "reinvestment",
  "transfer_in",
  "transfer_out",
  "transfer",
  "repurchase",
  "deduction",
  "net",
  "closing",
]);
const MOVES: readonly Row["movement"][] = Movement.options.filter(
  (each) => !["opening", "closing", "net"].includes(each),
);

export const RegisterMovementsInput = z.strictObject({
  currency: CurrencyCode,
  /** `class`, `movement`, `units`, `amount` as published; a repurchase may be printed with either sign. */
  rows: z
    .array(z.strictObject({ class: Name, movement: Movement, units: DecimalString, amount: DecimalString.optional() }))
    .min(1)
    .max(100_000),
  /** Lowest and highest net asset value per unit of each class in the period; a class left out takes those of its opening and closing rows. */
  bands: z
    .array(z.strictObject({ id: Name, low: NonNegative, high: NonNegative }))
    .max(10_000)
    .default([]),
  /** The unit the published units are rounded to ("1" for whole units, "0.001"), and the amounts ("1000" for thousands). */
  unitsRoundedTo: NonNegative.default("1"),
  amountsRoundedTo: NonNegative.optional(),
  /** Sales load and repurchase fee that a price may lie outside the band by, as shares of the price. */
  salesLoad: Share.default("0"),
  repurchaseFee: Share.default("0"),
});

const What = z.enum([
  "does_not_foot",
  "no_opening",
  "no_closing",
  "repeated_row",
  "wrong_sign",
  "price_outside_band",
  "price_unknown",
  "no_band",
  "transfers_do_not_cancel",
]);
const Found = z.strictObject({
  class: z.string().nullable(),
  movement: z.string(),
  what: What,
  /** Units or price that the row should have, and has; empty where there is none. */
  expected: z.string(),
  found: z.string(),
});
export const RegisterMovementsOutput = z.strictObject({
  foots: z.boolean(),
  classes: z.array(
    z.strictObject({
      class: z.string(),
      opening: z.string(),
      /** Signed sums. */
      issued: z.string(),
      reinvested: z.string(),
      transferred: z.string(),
      repurchased: z.string(),
      /** Opening and every movement. */
      closing: z.string(),
      /** Signed sums of money of all movements, where amounts are given. */
      amount: z.string(),
      band: z.strictObject({ low: z.string(), high: z.string() }).nullable(),
      prices: z.array(z.strictObject({ movement: z.string(), price: z.string(), insideBand: z.boolean().nullable() })),
    }),
  ),
  totals: z.strictObject({ opening: z.string(), movements: z.string(), closing: z.string() }),
  findings: z.array(Found),
});
type Finding = z.infer<typeof Found>;
type Facts = z.output<typeof RegisterMovementsInput>;
type Row = Facts["rows"][number];
type Band = { low: Fraction; high: Fraction };

/**
 * The register of a period from its published movements. Closing units may differ by half the rounding unit for every row of the class; a price
 * amount / units is outside only when no units and amount that round to the published ones bring it inside. A class states opening and closing units,
 * or its net change in units and money, or all of them. Transfers between classes must cancel in money over the fund, where amounts are given. Units and prices at 18 decimals HALF_UP. Nothing that does not foot is an error: it is a finding.
 * Source: statements of changes in net assets (Regulation S-X, rule 6-09). Errors: EG400 for malformed input or a class with two bands.
 */
export function registerMovements(
  input: z.input<typeof RegisterMovementsInput>,
): z.infer<typeof RegisterMovementsOutput> {
  const facts = parseInput(RegisterMovementsInput, input);
  refuseRepeats("bands", facts.bands);
  const names = [...new Set(facts.rows.map((row) => row.class))].sort(byId);
  const accounts = names.map((name) => classAccount(facts, name));
  const findings = [...accounts.flatMap((account) => account.findings), ...transferFindings(facts)];
  const total = (pick: (account: (typeof accounts)[number]) => Fraction): string =>
    Fraction.sum(accounts.map(pick)).ratioText();
  return {
    foots: findings.length === 0,
    classes: accounts.map(({ printed }) => printed),
    totals: {
      opening: total(({ opening }) => opening),
      movements: total(({ opening, closing }) => closing.minus(opening)),
      closing: total(({ closing }) => closing),
    },
    findings,
  };
}

/** Signed units of a row: movements that take away may be printed with either sign, the others only as they are. */
function signedUnits(row: Row): Fraction {
  const units = Fraction.of(row.units);
  return SIGN[row.movement] === -1 ? units.magnitude().negated() : units;
}

/** Money of a row with the sign of its movement. */
function signedAmount(row: Row): Fraction {
  const amount = Fraction.of(row.amount ?? "0");
  return SIGN[row.movement] === -1 ? amount.magnitude().negated() : amount;
}

function classAccount(facts: Facts, name: string) {
  const rows = facts.rows.filter((row) => row.class === name);
  const findings: Finding[] = [];
  const add = (movement: string, what: Finding["what"], expected = "", found = ""): void => {
    findings.push({ class: name, movement, what, expected, found });
  };
  const balances = { opening: Fraction.ZERO, closing: null as Fraction | null };
  const netOnly = rows.some(({ movement }) => movement === "net") && !rows.some(isBalance);
  for (const side of ["opening", "closing"] as const) {
    const stated = rows.filter((row) => row.movement === side);
    if (stated.length === 0 && !netOnly) add(side, `no_${side}`);
    if (stated.length > 1) add(side, "repeated_row");
    if (stated[0]) balances[side] = Fraction.of(stated[0].units);
  }
  for (const row of rows)
    if (SIGN[row.movement] === 1 && row.units.startsWith("-")) add(row.movement, "wrong_sign", "", row.units);
  const sum = (...movements: Row["movement"][]): Fraction =>
    Fraction.sum(rows.filter((row) => movements.includes(row.movement)).map(signedUnits));
  const sums = {
    issued: sum("subscription"),
    reinvested: sum("reinvestment"),
    transferred: sum("transfer", "transfer_in", "transfer_out"),
    repurchased: sum("repurchase"),
  };
  const closing = Fraction.sum([balances.opening, ...Object.values(sums)]);
  const allowed = Fraction.of(facts.unitsRoundedTo).times(Fraction.of(BigInt(rows.length), 2n));
  const off = balances.closing?.minus(closing).magnitude();
  if (off?.gt(allowed)) add("closing", "does_not_foot", closing.ratioText(), balances.closing?.ratioText());
  const moves = rows.filter(({ movement }) => MOVES.includes(movement));
  const amount = Fraction.sum(moves.map(signedAmount));
  findings.push(...netFindings(facts, name, rows, closing.minus(balances.opening), amount));
  const band = bandOf(facts, name, rows);
  for (const row of rows)
    if (row.movement === "deduction" && !Fraction.of(row.units).isZero) add(row.movement, "wrong_sign", "0", row.units);
  const prices = moves
    .filter((row) => row.movement !== "deduction" && row.amount !== undefined)
    .flatMap((row) => priceOf(facts, row, band, add));
  return {
    opening: balances.opening,
    closing,
    findings,
    printed: {
      class: name,
      opening: balances.opening.ratioText(),
      issued: sums.issued.ratioText(),
      reinvested: sums.reinvested.ratioText(),
      transferred: sums.transferred.ratioText(),
      repurchased: sums.repurchased.ratioText(),
      closing: closing.ratioText(),
      amount: amount.ratioText(),
      band: band && { low: band.low.ratioText(), high: band.high.ratioText() },
      prices,
    },
  };
}

const isBalance = ({ movement }: Row): boolean => movement === "opening" || movement === "closing";

/** The published net change of a class against the sum of its movements, in units and, where it is given, in money. */
function netFindings(facts: Facts, name: string, rows: readonly Row[], units: Fraction, amount: Fraction): Finding[] {
  const nets = rows.filter(({ movement }) => movement === "net");
  if (nets.length > 1) return [{ class: name, movement: "net", what: "repeated_row", expected: "", found: "" }];
  const count = Fraction.of(BigInt(rows.length));
  return nets.flatMap((net) => {
    const sides = [
      { sum: units, stated: net.units, slack: halfOf(facts.unitsRoundedTo) },
      ...(net.amount === undefined ? [] : [{ sum: amount, stated: net.amount, slack: amountSlack(facts) }]),
    ];
    return sides
      .filter(({ sum, stated, slack }) => sum.minus(Fraction.of(stated)).magnitude().gt(slack.times(count)))
      .map(
        ({ sum, stated }): Finding => ({
          class: name,
          movement: "net",
          what: "does_not_foot",
          expected: sum.ratioText(),
          found: stated,
        }),
      );
  });
}

/** The band given, or the prices of the opening and closing rows, which hold net assets as their amounts. */
function bandOf(facts: Facts, name: string, rows: readonly Row[]): Band | null {
  const given = facts.bands.find(({ id }) => id === name);
  if (given) return { low: Fraction.of(given.low), high: Fraction.of(given.high) };
  const ends = rows
    .filter((row) => isBalance(row) && row.amount !== undefined)
    .filter((row) => Fraction.of(row.units).isPositive)
    .map((row) => Fraction.of(row.amount ?? "0").over(Fraction.of(row.units)));
  const [first, second = first] = ends;
  return first && second ? { low: Fraction.min(first, second), high: Fraction.max(first, second) } : null;
}

function priceOf(
  facts: Facts,
  row: Row,
  band: Band | null,
  add: (movement: string, what: Finding["what"], expected?: string, found?: string) => void,
): { movement: string; price: string; insideBand: boolean | null }[] {
  const units = Fraction.of(row.units).magnitude();
  const amount = Fraction.of(row.amount ?? "0").magnitude();
  const loose = { units: halfOf(facts.unitsRoundedTo), amount: amountSlack(facts) };
  if (units.isZero) {
    if (amount.gt(loose.amount)) add(row.movement, "price_unknown");
    return [];
  }
  const price = amount.over(units);
  const inside = band && reaches(facts, row, { units, amount }, loose, band);
  if (band === null) add(row.movement, "no_band", "", price.ratioText());
  if (inside === false)
    add(row.movement, "price_outside_band", `${band?.low.text(4)} to ${band?.high.text(4)}`, price.text(4));
  return [{ movement: row.movement, price: price.ratioText(), insideBand: inside }];
}

/** Whether some units and amount that are published as these give a price within the band and its charges. */
function reaches(
  facts: Facts,
  row: Row,
  { units, amount }: { units: Fraction; amount: Fraction },
  loose: { units: Fraction; amount: Fraction },
  band: Band,
): boolean {
  const load = row.movement === "subscription" ? Fraction.of(facts.salesLoad) : Fraction.ZERO;
  const fee = row.movement === "repurchase" ? Fraction.of(facts.repurchaseFee) : Fraction.ZERO;
  const highest = band.high.times(Fraction.ONE.plus(load));
  const lowest = band.low.times(Fraction.ONE.minus(fee));
  const fewest = units.minus(loose.units);
  const notAbove = amount.minus(loose.amount).lte(highest.times(units.plus(loose.units)));
  const notBelow = !fewest.isPositive || amount.plus(loose.amount).gte(lowest.times(fewest));
  return notAbove && notBelow;
}

const halfOf = (text: string): Fraction => Fraction.of(text).over(Fraction.of(2n));

function amountSlack(facts: Facts): Fraction {
  const minor = Fraction.of(1n, 10n ** BigInt(currencyExponent(facts.currency)));
  return facts.amountsRoundedTo === undefined ? minor.over(Fraction.of(2n)) : halfOf(facts.amountsRoundedTo);
}

/** What one class loses by transfer another gains: amounts cancel over the fund, within half the rounding unit a row. */
function transferFindings(facts: Facts): Finding[] {
  const rows = facts.rows.filter((row) => row.movement.startsWith("transfer") && row.amount !== undefined);
  const net = Fraction.sum(
    rows.map((row) => {
      const amount = Fraction.of(row.amount ?? "0").magnitude();
      return signedUnits(row).isNegative ? amount.negated() : amount;
    }),
  );
  const allowed = amountSlack(facts).times(Fraction.of(BigInt(rows.length)));
  if (net.magnitude().lte(allowed)) return [];
  return [
    { class: null, movement: "transfer", what: "transfers_do_not_cancel", expected: "0", found: net.ratioText() },
  ];
}
