// Figures as people read them. Everything stays decimal text; nothing is rounded but what a percentage or a multiple shows.
import { decimal, fixed, groupedText, ratioText } from "@evergreen-fund/finance/money.ts";

const NONE = "–";

/** "1234567.80" → "1,234,567.80"; an absent amount is "–". */
export const amountWords = (amount: string | null): string => (amount === null ? NONE : groupedText(amount));

/** A ratio in percent, HALF_UP at two decimals: "0.123456" → "12.35 %". */
export const percentWords = (ratio: string | null): string =>
  ratio === null ? NONE : `${fixed(decimal(ratio).times(100), 2)} %`;

/** A ratio as a multiple, HALF_UP at two decimals: "1.5432" → "1.54 ×"; nothing due is "–". */
export const multipleWords = (ratio: string | null): string =>
  ratio === null ? NONE : `${fixed(decimal(ratio), 2)} ×`;

/** After − before, with a sign. */
export function changeWords(before: string, after: string): string {
  const places = Math.max(before.split(".")[1]?.length ?? 0, after.split(".")[1]?.length ?? 0);
  const change = decimal(after).minus(decimal(before));
  return `${change.gt(0) ? "+" : ""}${amountWords(fixed(change, places))}`;
}

/** (After − before) / before in percent, with a sign; "–" where nothing was there before. */
export function changeShareWords(before: string, after: string): string {
  if (decimal(before).isZero()) return NONE;
  const share = decimal(after).minus(decimal(before)).div(decimal(before));
  return `${share.gt(0) ? "+" : ""}${percentWords(ratioText(share))}`;
}

/** Survival in quarters for people: "12", "at least 20". */
export const survivalWords = (quarters: string | null): string =>
  quarters === null ? NONE : quarters.replace(/^>=/, "at least ");
