// Redemption in kind: a slice of every asset in proportion to the units, rounded down to whole lots, the rest in cash (R14). Pure.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId, currencyExponent } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Decimals } from "./fund-gate.ts";
import { ceilDiv, pow10, rescale, scaledOf, scaledText, VALUE_DP } from "./scaled.ts";

export const InKindInput = z.strictObject({
  currency: CurrencyCode,
  professional: z.boolean(),
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
  units: NonNegative,
  /** Units of the class, the redeemed ones among them. */
  unitsOutstanding: NonNegative,
  navPerUnit: NonNegative,
  assets: z
    .array(
      z.strictObject({
        id: Name,
        quantity: NonNegative,
        /** Smallest quantity that can be moved. */
        lotSize: NonNegative,
        /** Fair value per unit of quantity, in the fund's currency. */
        price: NonNegative,
        /** What cannot be transferred (a licence, a pledge) is paid in cash. */
        transferable: z.boolean().default(true),
      }),
    )
    .min(1)
    .max(20_000),
  cash: MoneyString,
});
export const InKindOutput = z.strictObject({
  entitlement: z.string(),
  delivered: z.array(z.strictObject({ id: z.string(), quantity: z.string(), value: z.string() })),
  deliveredValue: z.string(),
  cash: z.string(),
});

/**
 * R14: each asset's quantity × units / units outstanding, down to whole lots; cash = ⌊units × NAV per unit⌋ − Σ ⌈delivered value⌉, never below 0 when the
 * NAV holds the assets. Quantities have at most 9 decimals. Errors: EG403 for an investor who is not professional, EG400 for more units than there are,
 * a lot of 0, or when the slice is worth more than the entitlement (assets and NAV disagree); EG424 when the fund lacks the cash part.
 */
export function redemptionInKind(input: z.input<typeof InKindInput>): z.infer<typeof InKindOutput> {
  const facts = parseInput(InKindInput, input);
  refuseRepeats("assets", facts.assets);
  if (!facts.professional)
    throw new EvergreenError(
      "EG403",
      "Redemption in kind is for professional investors; retail investors are paid in cash.",
    );
  const dp = currencyExponent(facts.currency);
  const units = scaledOf(facts.units, facts.unitsDp, "units");
  const outstanding = scaledOf(facts.unitsOutstanding, facts.unitsDp, "unitsOutstanding");
  if (units > outstanding || outstanding === 0n) throw new EvergreenError("EG400", "units: more than there are.");
  const value = units * scaledOf(facts.navPerUnit, facts.priceDp, "navPerUnit");
  const entitlement = rescale(value, facts.unitsDp + facts.priceDp, dp, "floor");
  let delivered = 0n;
  const rows = [...facts.assets]
    .sort((a, b) => byId(a.id, b.id))
    .map((asset) => {
      const lot = scaledOf(asset.lotSize, 9, "assets.lotSize");
      if (lot === 0n) throw new EvergreenError("EG400", "assets: a lot size of 0.");
      const share = (scaledOf(asset.quantity, 9, "assets.quantity") * units) / outstanding;
      const quantity = asset.transferable ? share - (share % lot) : 0n;
      const worth = quantity * scaledOf(asset.price, VALUE_DP, "assets.price");
      const minor = ceilDiv(worth, pow10(9 + VALUE_DP - dp));
      delivered += minor;
      return { id: asset.id, quantity: scaledText(quantity, 9).replace(/\.?0+$/, ""), value: scaledText(minor, dp) };
    });
  const cash = entitlement - delivered;
  if (cash < 0n)
    throw new EvergreenError("EG400", "The slice is worth more than the units: assets and NAV do not agree.");
  if (cash > scaledOf(facts.cash, dp, "cash"))
    throw new EvergreenError("EG424", "The fund does not hold the cash for what cannot be delivered.");
  return {
    entitlement: scaledText(entitlement, dp),
    delivered: rows.filter((row) => row.quantity !== "0"),
    deliveredValue: scaledText(delivered, dp),
    cash: scaledText(cash, dp),
  };
}
