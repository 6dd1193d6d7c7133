// The words of what an investor is owed because the price of a dealing day was wrong (R30): the price dealt at, the correct one, units, the amount and why.
// The amount is recomputed from the row before it is said. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import type { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { currencyExponent, groupedText } from "../money.ts";
import { parseInput } from "../parse.ts";
import { StatementBody, type StatementCompensation } from "./statement-body.ts";

export interface CompensationLetter {
  orderId: string;
  subject: string;
  /** Label and value, in the order in which the figures follow from each other. */
  facts: { label: string; value: string }[];
  /** The letter as plain text, lines ended by \n. */
  text: string;
}

/**
 * One letter per deal that is owed something, in the order of the statement. difference = ⌈units · |published − correct|⌉ at the minor unit, or
 * ⌈|was − due|⌉ of what the order came to and should have come to. Errors: EG400
 * for a malformed row, EG428 naming an order whose figures do not follow from each other. Source: rule R30.
 */
export function compensationLetters(input: z.input<typeof StatementBody>): CompensationLetter[] {
  const body = parseInput(StatementBody, input);
  return (body.compensation ?? []).map((row) => letterOf(body, row));
}

function letterOf(body: StatementBody, row: StatementCompensation): CompensationLetter {
  const { currency } = body;
  const digits = currencyExponent(currency);
  const dealt = Fraction.of(row.unitsDealt);
  // under a performance fee with the credit and the charge that went along, or series by series
  const was = row.was === undefined ? dealt.times(Fraction.of(row.published)) : Fraction.of(row.was);
  const due = row.due === undefined ? dealt.times(Fraction.of(row.correct)) : Fraction.of(row.due);
  const bought = row.kind === "subscriber_overpaid";
  if (
    bought !== !was.minus(due).isNegative ||
    !was.minus(due).magnitude().rounded(digits, "ceil").eq(Fraction.of(row.difference))
  )
    throw new EvergreenError(
      "EG428",
      `The compensation of order ${row.orderId} is not its units times the difference of the prices.`,
    );
  const money = (text: string): string => `${groupedText(Fraction.of(text).text(digits))} ${currency}`;
  const units = (text: string): string => `${groupedText(Fraction.of(text).text(body.shareClass.unitsDp))} units`;
  const price = (text: string): string =>
    `${groupedText(Fraction.of(text).text(body.shareClass.priceDp))} ${currency} per unit`;
  const synthetic = body.fund.synthetic && !/synthetic/i.test(body.fund.name) ? " (synthetic)" : "";
  const subject = `Compensation in ${body.fund.name}${synthetic}, class ${body.shareClass.code}, dealing day ${body.dealingDate}`;
  const facts = [
    { label: "Price you dealt at", value: price(row.published) },
    { label: "Correct price", value: `${price(row.correct)} (version ${row.version})` },
    { label: bought ? "Units you bought" : "Units you sold", value: units(row.unitsDealt) },
    ...(row.unitsDue === null ? [] : [{ label: "Units at the correct price", value: units(row.unitsDue) }]),
    ...(row.cashDue === null ? [] : [{ label: "Cash at the correct price", value: money(row.cashDue) }]),
    { label: "Owed to you", value: money(row.difference) },
  ];
  const widest = Math.max(...facts.map(({ label }) => label.length)) + 1;
  return {
    orderId: row.orderId,
    subject,
    facts,
    text: [
      subject,
      `Order ${row.orderId}`,
      "",
      ...facts.map(({ label, value }) => `${`${label}:`.padEnd(widest)} ${value}`),
      "",
      bought
        ? "The net asset value of that day was too high, and you paid too much for each unit."
        : "The net asset value of that day was too low, and you were paid too little for each unit.",
      "The fund owes you the difference for every unit you dealt in, rounded up. It is paid to your account with the fund;",
      "your units stay as they are, and you have nothing to do.",
      "",
    ].join("\n"),
  };
}
