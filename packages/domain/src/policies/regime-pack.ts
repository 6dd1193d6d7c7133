// A pack: the rules of a regime as data, with a dealing policy and a tool policy that keep them. The files are in policies/. zod only.
import { z } from "zod";
import { DealingPolicy } from "./dealing-policy.ts";
import { LmtPolicy } from "./lmt-policy.ts";
import { parsePolicyText } from "./policy-text.ts";
import { PortfolioLimit } from "./portfolio-limit.ts";
import { IsoDate } from "./shapes.ts";

/** What a limit may look at: a field of one of the two policies, or a quantity derived from them. */
export const LimitField = z
  .string()
  .max(100)
  .regex(/^(dealing|lmt|derived)(\.[a-zA-Z_]+)+$/, "expected a path such as dealing.notice.redemption.n");

export const PackLimit = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  words: z.string().min(10).max(300),
  field: LimitField,
  op: z.enum(["eq", "gte", "lte", "in", "present", "absent"]),
  /** Decimals as strings; a list for `in`; left out for `present` and `absent`. */
  value: z.union([z.string().max(60), z.array(z.string().max(60)).min(1).max(50)]).optional(),
  source: z.string().min(5).max(200),
  /** verified: read in the source; practice: customary, check before relying on it. */
  evidence: z.enum(["verified", "practice"]),
});
export type PackLimit = z.infer<typeof PackLimit>;

export const RegimePack = z.strictObject({
  pack: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  title: z.string().min(5).max(200),
  version: z.int().min(1),
  effectiveFrom: IsoDate,
  note: z.string().max(500),
  limits: z.array(PackLimit).max(100),
  /** What the regime says of the holdings (R40); left out, nothing. */
  portfolio: z.array(PortfolioLimit).max(100).default([]),
  dealing: DealingPolicy,
  lmt: LmtPolicy,
});
export type RegimePack = z.output<typeof RegimePack>;

/**
 * A file of policies/: YAML in its JSON form, so that any YAML reader takes it and this needs none; comments are
 * whole lines that start with #; a last entry may have its comma.
 * Errors: EG400 with the places that are wrong.
 */
export const parsePack = (text: string): RegimePack => parsePolicyText(text, RegimePack, "A pack");
