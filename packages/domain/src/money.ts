// Money on the wire: a decimal string with a fixed scale, never a JavaScript number.
// Arithmetic lives in packages/finance; here are only the shapes that cross boundaries.
import { z } from "zod";

/** A decimal of at most 38 digits, no exponent, no NaN: "1234.5600". */
export const DecimalString = z
  .string()
  .max(60)
  .regex(/^-?\d{1,38}(\.\d{1,18})?$/, "expected a plain decimal such as 1234.56");
export type DecimalString = z.infer<typeof DecimalString>;

/** Cash in the major unit of `currency`, at most 4 decimal places (numeric(38,4)); the currency's exponent binds in the database. */
export const MoneyString = z
  .string()
  .max(45)
  .regex(/^-?\d{1,34}(\.\d{1,4})?$/, "expected an amount such as 1234.56");
export type MoneyString = z.infer<typeof MoneyString>;

/** A share of a whole, 0..1 (numeric(38,18)); "0.05" is five percent. */
export const RatioString = DecimalString;
export type RatioString = DecimalString;

/** ISO 4217 alphabetic code. */
export const CurrencyCode = z.string().regex(/^[A-Z]{3}$/);
export type CurrencyCode = z.infer<typeof CurrencyCode>;
