// Anti-dilution levy and redemption fee: a share of the amount, kept by the fund, shown on its own line (R11). Pure.
import { CurrencyCode, MoneyString } from "@evergreen-fund/domain";
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { currencyExponent } from "../money.ts";
import { parseInput } from "../parse.ts";
import { fractionOf, halfUpDiv, scaledOf, scaledText } from "./scaled.ts";

/** amount × rate in minor units, HALF_UP. Amount in minor units. */
export function levyOf(amount: bigint, rate: string): bigint {
  const { num, den } = fractionOf(rate, "levy.rate");
  return halfUpDiv(amount * num, den);
}

export const LevyInput = z.strictObject({
  currency: CurrencyCode,
  amount: MoneyString,
  /** Anti-dilution levy. */
  levy: FractionString.default("0"),
  /** Redemption fee. */
  fee: FractionString.default("0"),
});
export const LevyOutput = z.strictObject({
  gross: z.string(),
  levy: z.string(),
  fee: z.string(),
  net: z.string(),
  /** What the fund keeps: levy + fee. */
  credited: z.string(),
});

/** R11: each charge on the gross amount, HALF_UP at the minor unit; net = gross − charges, gross = net + credited exactly. Errors: EG400. */
export function antiDilutionLevy(input: z.input<typeof LevyInput>): z.infer<typeof LevyOutput> {
  const facts = parseInput(LevyInput, input);
  const dp = currencyExponent(facts.currency);
  const gross = scaledOf(facts.amount, dp, "amount");
  const [levy, fee] = [levyOf(gross, facts.levy), levyOf(gross, facts.fee)];
  const text = (minor: bigint): string => scaledText(minor, dp);
  return {
    gross: text(gross),
    levy: text(levy),
    fee: text(fee),
    net: text(gross - levy - fee),
    credited: text(levy + fee),
  };
}
