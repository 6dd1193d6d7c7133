// Reads untrusted input: zod in, EvergreenError out. The message names the place and the rule, never the value (it may be an amount).
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";

/** Input against a schema. Errors: EG413 when a list is longer than its limit, else EG400, with at most five places named. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { issues } = result.error;
  const places = issues.slice(0, 5).map((issue) => `${issue.path.map(String).join(".") || "input"}: ${issue.message}`);
  const tooLarge = issues.some((issue) => issue.code === "too_big" && issue.origin === "array");
  throw new EvergreenError(tooLarge ? "EG413" : "EG400", places.join("; "));
}

/** Share of a whole, 0 to 1 inclusive, as a decimal string. */
export const Share = z
  .string()
  .max(60)
  .regex(/^(0(\.\d{1,18})?|1(\.0{1,18})?)$/, "expected a share from 0 to 1 such as 0.05");

/** Decimal string that is not negative. */
export const NonNegative = z
  .string()
  .max(60)
  .regex(/^\d{1,38}(\.\d{1,18})?$/, "expected a plain decimal of at least 0");

/** Basis points, 0 to 10,000, at most 6 decimals. */
export const Bps = z
  .string()
  .max(20)
  .regex(/^(\d{1,4}(\.\d{1,6})?|10000(\.0{1,6})?)$/, "expected basis points from 0 to 10000");

/** Free name of an asset, sleeve or issuer: 1 to 200 characters. */
export const Name = z.string().min(1).max(200);
