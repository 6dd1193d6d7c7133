// The words of an investor's own fill: what was asked, what the gate let through, what was filled and carried, at which price, what was taken off, and
// why. Every figure is recomputed from the row before it is said. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { currencyExponent, groupedText } from "../money.ts";
import { parseInput } from "../parse.ts";
import { StatementBody, type StatementFill } from "./statement-body.ts";

export const FillLettersInput = StatementBody;
const Letter = z.strictObject({
  orderId: z.string(),
  subject: z.string(),
  /** Label and value, in the order in which the figures follow from each other. */
  facts: z.array(z.strictObject({ label: z.string(), value: z.string() })),
  /** filled / asked in units, HALF_UP at 10 decimals; null where units were not asked for. */
  ownFraction: z.string().nullable(),
  /** The letter as plain text, lines ended by \n. */
  text: z.string(),
});
export type FillLetter = z.infer<typeof Letter>;
export const FillLettersOutput = z.strictObject({ letters: z.array(Letter) });

const TITLES = {
  "plain subscription": "Subscription",
  "plain redemption": "Redemption",
  "switch subscription": "Switch in",
  "switch redemption": "Switch out",
  "transfer subscription": "Transfer in",
  "transfer redemption": "Transfer out",
} as const;

/**
 * One letter per fill of a statement, in its order. Units and prices as dealt, money in the currency's minor units. Gross = ⌊units · price⌋ for units
 * redeemed (by series piece by piece), net = gross − levy − fee + credit, units = ⌊net / price⌋ for units bought. Errors: EG400 for a malformed row, EG428 naming an order whose
 * figures do not follow from each other. Source: rules R5b, R6, R8, R11.
 */
export function fillLetters(input: z.input<typeof FillLettersInput>): z.infer<typeof FillLettersOutput> {
  const body = parseInput(FillLettersInput, input);
  return { letters: body.fills.map((fill) => letterOf(body, fill)) };
}

function letterOf(body: StatementBody, fill: StatementFill): FillLetter {
  const wrong = contradictions(body, fill);
  if (wrong.length > 0)
    throw new EvergreenError("EG428", `The fill of order ${fill.orderId} does not foot: ${wrong.join("; ")}.`);
  const title = TITLES[`${fill.kind} ${fill.direction}`];
  const synthetic = body.fund.synthetic && !/synthetic/i.test(body.fund.name) ? " (synthetic)" : "";
  const subject = `${title} in ${body.fund.name}${synthetic}, class ${body.shareClass.code}, dealing day ${body.dealingDate}`;
  const facts = factsOf(body, fill);
  const widest = Math.max(...facts.map(({ label }) => label.length)) + 1;
  const lines = facts.map(({ label, value }) => `${`${label}:`.padEnd(widest)} ${value}`);
  const why = fill.reason === null ? "Everything was dealt as asked." : `Why: ${fill.reason}`;
  return {
    orderId: fill.orderId,
    subject,
    facts,
    ownFraction: ownFraction(fill),
    text: [subject, `Order ${fill.orderId}`, "", ...lines, "", why, ...proofLines(body, fill), ""].join("\n"),
  };
}

function factsOf(body: StatementBody, fill: StatementFill): FillLetter["facts"] {
  const { currency } = body;
  const units = (text: string): string => `${groupedText(Fraction.of(text).text(body.shareClass.unitsDp))} units`;
  const money = (text: string): string =>
    `${groupedText(Fraction.of(text).text(currencyExponent(currency)))} ${currency}`;
  const own = ownFraction(fill);
  const facts: FillLetter["facts"] = [{ label: "Asked for", value: askedFor(fill, units, money) }];
  const say = (label: string, value: string, when = true): void => {
    if (when) facts.push({ label, value });
  };
  if (fill.direction === "redemption" && fill.kind !== "transfer") say("Gate", gateWords(body));
  say("Filled", `${units(fill.filledUnits)}${own === null ? "" : ` (${percent(own)} of the units asked for)`}`);
  say(
    "Carried",
    `${units(fill.carriedUnits)} go on as order ${fill.carriedTo ?? "to be numbered"}`,
    !Fraction.of(fill.carriedUnits).isZero,
  );
  const lapsed = lapsedUnits(fill);
  say("Not dealt", `${units(lapsed)} end here`, !Fraction.of(lapsed).isZero);
  if (fill.kind === "transfer") return facts;
  say("Price", `${groupedText(fill.price)} ${currency} per unit`);
  for (const piece of (fill.pieces ?? []).length > 1 ? (fill.pieces ?? []) : [])
    say(`Of series ${piece.series}`, `${units(piece.units)} × ${groupedText(piece.price)} = ${money(piece.amount)}`);
  say(fill.direction === "redemption" ? "Value at that price" : "Paid in", money(fill.grossAmount));
  say("Anti-dilution levy", `− ${money(fill.levy)}`, !Fraction.of(fill.levy).isZero);
  say("Fee", `− ${money(fill.fee)}`, !Fraction.of(fill.fee).isZero);
  say("Equalisation credit", `+ ${money(fill.credit)}`, !Fraction.of(fill.credit).isZero);
  say(cashLabel(fill), money(fill.netAmount));
  return facts;
}

function cashLabel({ kind, direction }: StatementFill): string {
  if (direction === "subscription") return "Invested";
  return kind === "switch" ? "Goes into the other class" : "Cash to you";
}

function askedFor(fill: StatementFill, units: (text: string) => string, money: (text: string) => string): string {
  if (fill.asked.units !== null) return units(fill.asked.units);
  if (fill.asked.amount === null) return "what the other side of the switch pays";
  return fill.requestedUnits === null
    ? money(fill.asked.amount)
    : `${money(fill.asked.amount)}, which is ${units(fill.requestedUnits)}`;
}

function gateWords({ gate }: StatementBody): string {
  if (!gate.active) return "not in use on this day";
  const cap = gate.capUnits === null ? "" : `, ${groupedText(gate.capUnits)} units of the class in all`;
  return gate.fraction === null ? `in use${cap}` : `${percent(gate.fraction)} of what was asked is paid${cap}`;
}

/** A ratio in percent, HALF_UP at four decimals, without needless zeros. */
function percent(ratio: string): string {
  const text = Fraction.of(ratio).times(Fraction.of(100n)).text(4);
  return `${text.replace(/\.?0+$/, "")} %`;
}

function ownFraction({ requestedUnits, filledUnits }: StatementFill): string | null {
  if (requestedUnits === null || Fraction.of(requestedUnits).isZero) return null;
  return Fraction.of(filledUnits).over(Fraction.of(requestedUnits)).text(10);
}

function lapsedUnits({ requestedUnits, filledUnits, carriedUnits }: StatementFill): string {
  if (requestedUnits === null) return "0";
  return Fraction.of(requestedUnits).minus(Fraction.of(filledUnits)).minus(Fraction.of(carriedUnits)).ratioText();
}

function proofLines(body: StatementBody, fill: StatementFill): string[] {
  if (body.orderRoot === null) return [];
  return [
    `The order book was committed at the cut-off under ${body.orderRoot};`,
    `the proof that order ${fill.orderId} is in it is yours to ask for.`,
  ];
}

/** What does not follow from the other figures of the row; nothing for a transfer but its units. */
function contradictions(body: StatementBody, fill: StatementFill): string[] {
  const wrong: string[] = [];
  const of = (text: string): Fraction => Fraction.of(text);
  if (Fraction.of(lapsedUnits(fill)).isNegative) wrong.push("more is filled and carried than was asked");
  if (fill.kind === "transfer") return wrong;
  const digits = currencyExponent(body.currency);
  const net = of(fill.grossAmount).minus(of(fill.levy)).minus(of(fill.fee)).plus(of(fill.credit));
  if (!net.eq(of(fill.netAmount))) wrong.push("gross less levy and fee is not the net amount");
  const pieces = fill.pieces ?? [];
  if (pieces.length > 0) {
    const total = (pick: (piece: (typeof pieces)[number]) => string): Fraction =>
      Fraction.sum(pieces.map((piece) => of(pick(piece))));
    if (
      !total(({ units }) => units).eq(of(fill.filledUnits)) ||
      !total(({ amount }) => amount).eq(of(fill.grossAmount)) ||
      pieces.some(({ units, price, amount }) => !of(units).times(of(price)).rounded(digits, "floor").eq(of(amount)))
    )
      wrong.push("its pieces at the prices of their series are not the gross amount");
    return wrong;
  }
  const price = of(fill.price);
  if (price.isZero) return [...wrong, "the price is zero"];
  if (fill.direction === "redemption") {
    if (!of(fill.filledUnits).times(price).rounded(digits, "floor").eq(of(fill.grossAmount)))
      wrong.push("units times price is not the gross amount");
  } else if (!net.over(price).rounded(body.shareClass.unitsDp, "floor").eq(of(fill.filledUnits)))
    wrong.push("the net amount over the price is not the units");
  return wrong;
}
