// The four liquidity classes of US open-end funds by the days a position needs, and the 15 % that may be illiquid (R31, R40). Pure.
import { z } from "zod";
import { byId, decimal, ratioText, ZERO } from "../money.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { MOST_DAYS } from "./asset-profile.ts";

/** As Form N-PORT abbreviates them: highly liquid, moderately liquid, less liquid, illiquid investment. */
export const SEC_CLASSES = ["HLI", "MLI", "LLI", "ILI"] as const;
export type SecClass = (typeof SEC_CLASSES)[number];

const Days = z.int().min(0).max(MOST_DAYS).nullable();
export const SecClassesInput = z.strictObject({
  netAssets: NonNegative,
  /** Share of net assets that may be illiquid. */
  illiquidMax: Share.default("0.15"),
  positions: z
    .array(
      z.strictObject({
        id: Name,
        value: NonNegative,
        /** Until it is sold and paid, without moving its price much; null: not within sight. */
        businessDaysToCash: Days,
        calendarDaysToCash: Days,
        /** Until it is sold, whenever that is paid. */
        calendarDaysToSale: Days,
      }),
    )
    .max(20_000),
});
export const SecClassesOutput = z.strictObject({
  positions: z.array(z.strictObject({ id: z.string(), class: z.enum(SEC_CLASSES) })),
  amounts: z.record(z.enum(SEC_CLASSES), z.string()),
  /** Illiquid value over net assets; null without net assets. */
  illiquidShare: z.string().nullable(),
  holds: z.boolean(),
});

/**
 * Class of a position by its days: highly liquid when cash within 3 business days, moderately within 7 calendar days, less liquid when sold within 7
 * calendar days and paid later, illiquid otherwise. `holds` compares the illiquid value with `illiquidMax` of net assets exactly; equal holds.
 * Ratio HALF_UP at 18 decimals, money as exact as it is. Source: 17 CFR 270.22e-4(b)(1). Errors: EG400, EG413.
 */
export function secClasses(input: z.input<typeof SecClassesInput>): z.infer<typeof SecClassesOutput> {
  const facts = parseInput(SecClassesInput, input);
  refuseRepeats("positions", facts.positions);
  const amounts = { HLI: ZERO, MLI: ZERO, LLI: ZERO, ILI: ZERO };
  const positions = [...facts.positions]
    .sort((a, b) => byId(a.id, b.id))
    .map((position) => {
      const found = secClassOf(position);
      amounts[found] = amounts[found].plus(position.value);
      return { id: position.id, class: found };
    });
  const netAssets = decimal(facts.netAssets);
  return {
    positions,
    amounts: {
      HLI: amounts.HLI.toFixed(),
      MLI: amounts.MLI.toFixed(),
      LLI: amounts.LLI.toFixed(),
      ILI: amounts.ILI.toFixed(),
    },
    illiquidShare: netAssets.isZero() ? null : ratioText(amounts.ILI.div(netAssets)),
    holds: amounts.ILI.lte(netAssets.times(facts.illiquidMax)),
  };
}

/** The class by days alone. */
export function secClassOf(days: {
  businessDaysToCash: number | null;
  calendarDaysToCash: number | null;
  calendarDaysToSale: number | null;
}): SecClass {
  const within = (count: number | null, most: number) => count !== null && count <= most;
  if (within(days.businessDaysToCash, 3)) return "HLI";
  if (within(days.calendarDaysToCash, 7)) return "MLI";
  return within(days.calendarDaysToSale, 7) ? "LLI" : "ILI";
}
