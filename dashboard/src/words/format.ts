// How figures are written. Amounts come from the server as decimal strings and stay strings: Intl formats them digit by digit.
// Where amounts are hidden, a mask is written instead: there is no other way for a figure onto a page.
import { amountsAreHidden, MASK } from "./hidden.ts";

/** Intl takes a decimal string and rounds it exactly; its type knows only the literal form. */
const decimal = (text: string): `${number}` => text as `${number}`;

/** "1,234.56"; the currency stands in the header. A real minus sign, so that columns line up. */
export function money(amount: string, decimals: number): string {
  return number(amount, decimals, decimals);
}

/** Units or a price, with as many places as the class has. */
export const units = (amount: string, places: number): string => number(amount, places, places);

export function number(amount: string, least = 0, most = 4): string {
  if (amountsAreHidden()) return MASK;
  return plainNumber(amount, least, most);
}

/** A figure that is no amount and says nothing of one, such as a cover or a multiple: never hidden. */
export function plainNumber(amount: string, least = 0, most = 4): string {
  return new Intl.NumberFormat("en", { minimumFractionDigits: least, maximumFractionDigits: most })
    .format(decimal(amount))
    .replace("-", "−");
}

/** With its sign always: a change is told by sign and word, never by colour alone. */
export function signed(amount: string, decimals: number): string {
  if (amountsAreHidden()) return MASK;
  return new Intl.NumberFormat("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay: "exceptZero",
  })
    .format(decimal(amount))
    .replace("-", "−");
}

/** A ratio such as "0.016512" as "+1.65 %". */
export function percent(ratio: string, places = 2): string {
  return new Intl.NumberFormat("en", {
    style: "percent",
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    signDisplay: "exceptZero",
  })
    .format(decimal(ratio))
    .replace("-", "−")
    .replace("%", " %");
}

export const direction = (amount: string): "up" | "down" | "level" =>
  /^-?0*\.?0*$/.test(amount) ? "level" : amount.startsWith("-") ? "down" : "up";

/** A calendar day of the fund: no zone moves it. */
export function date(day: string): string {
  return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" }).format(
    new Date(`${day.slice(0, 10)}T00:00:00Z`),
  );
}

/** A moment, in the zone of whoever reads, which it names. */
export function time(moment: string | number): string {
  return new Intl.DateTimeFormat("en", {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
    hourCycle: "h23",
  }).format(new Date(moment));
}

/** Where a point of a plot lies. Only for drawing: what is read stands beside it as the string it came as. */
export const forPlotting = (amount: string): number => Number(amount);
