// Shapes that policies share: fractions, clock times, dates. Strings only, so that a policy hashes the same on every machine. zod only.
import { z } from "zod";

/** A share from 0 to 1: "0.05" or, where decimals cannot say it, "1/3". At most 18 digits on either side. */
export const FractionString = z
  .string()
  .max(40)
  .regex(/^(0(\.\d{1,18})?|1(\.0{1,18})?|\d{1,18}\/[1-9]\d{0,17})$/, "expected a share such as 0.05 or 1/3")
  .refine((text) => {
    const [num, den] = text.split("/");
    return den === undefined || BigInt(num ?? "0") <= BigInt(den);
  }, "a share is at most 1");
export type FractionString = z.infer<typeof FractionString>;

/** An amount of money that is not negative, in the major unit of the fund's currency. */
export const AmountString = z
  .string()
  .max(45)
  .regex(/^\d{1,34}(\.\d{1,4})?$/, "expected an amount such as 1000.00");

/** Local wall time of a day, "00:00" to "23:59". */
export const ClockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "expected a time such as 12:00");

/** Asking costs more than the rest of a policy together; a machine's zones do not change while it runs. */
const zones = new Map<string, boolean>();
const MOST_ZONES = 10_000;
function isZone(zone: string): boolean {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  let there = true;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
  } catch {
    there = false;
  }
  if (zones.size < MOST_ZONES) zones.set(zone, there);
  return there;
}

/** IANA time zone that this machine knows. */
export const TimeZone = z.string().max(64).refine(isZone, "expected an IANA time zone such as Europe/Luxembourg");

export const IsoDate = z.iso.date();

/** How notice and periods are counted: calendar days, or business days of the fund's calendar. */
export const DayBasis = z.enum(["calendar", "business"]);
export type DayBasis = z.infer<typeof DayBasis>;

export const Notice = z.strictObject({ n: z.int().min(0).max(1_000), basis: DayBasis });
export type Notice = z.infer<typeof Notice>;
