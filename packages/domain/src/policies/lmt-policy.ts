// The liquidity management tools of a fund as data: which are selected, how the gate and the carry work, when the price swings.
// Stored as the body of `lmt_policies`, effective-dated. zod only; what a policy may not say is refused by `lmtPolicyVerdict` in finance.
import { z } from "zod";
import { FREQUENCIES } from "./dealing-policy.ts";
import { AmountString, FractionString, Notice } from "./shapes.ts";
import { StressProgramme } from "./stress-programme.ts";

/** Tools a fund selects from (Annex V AIFMD, Annex IIA UCITSD), then the two that are always there for exceptional circumstances. */
export const SELECTABLE_TOOLS = [
  "redemption_gate",
  "notice_extension",
  "redemption_fee",
  "swing_pricing",
  "dual_pricing",
  "anti_dilution_levy",
  "redemption_in_kind",
] as const;
export const EXCEPTIONAL_TOOLS = ["suspension", "side_pocket"] as const;
export type SelectableTool = (typeof SELECTABLE_TOOLS)[number];
export const LmtTool = z.enum([...SELECTABLE_TOOLS, ...EXCEPTIONAL_TOOLS]);
export type LmtTool = z.infer<typeof LmtTool>;

export const FundRegime = z.enum(["aif", "ucits", "mmf", "eltif", "ltaf", "us_interval", "us_nav_reit", "other"]);
export type FundRegime = z.infer<typeof FundRegime>;

/** One measure for when the gate may be activated; redemptions above it open the gate, and this much is always executed. */
export const GateThreshold = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("nav_share"), share: FractionString }),
  z.strictObject({ kind: z.literal("money"), amount: AmountString }),
  z.strictObject({ kind: z.literal("liquid_share"), share: FractionString }),
]);
export type GateThreshold = z.infer<typeof GateThreshold>;

export const GatePolicy = z.strictObject({
  /** gross: all redemptions count; net: those that subscriptions of the same day do not cover. */
  basis: z.enum(["gross", "net"]),
  /** Share of the reference NAV per dealing day. */
  share: FractionString.optional(),
  /** Money per dealing day. */
  money: AmountString.optional(),
  /** Share of the liquid assets per dealing day. */
  liquidShare: FractionString.optional(),
  /** Share of the NAV at the start of the quarter, over the quarter. */
  quarterShare: FractionString.optional(),
  threshold: GateThreshold.optional(),
  /** A gate that executes at least this share of the redemptions is ordinary use; below it two people decide first, and the authority is told (R9c). */
  ordinaryFrom: FractionString.optional(),
  /** Investors who ask for no more than this in all on the day are paid in full first. */
  smallOrder: AmountString.optional(),
});
export type GatePolicy = z.infer<typeof GatePolicy>;

export const InvestorGatePolicy = z.strictObject({
  /** Share of what is left of the reference holding, per period of asking in a row; the last one stays. */
  steps: z.array(FractionString).min(1).max(40),
  period: z.enum(FREQUENCIES),
});
export type InvestorGatePolicy = z.infer<typeof InvestorGatePolicy>;

export const CarryPolicy = z.enum(["auto_pari_passu", "priority_by_vintage", "lapse_resubmit"]);
export type CarryPolicy = z.infer<typeof CarryPolicy>;

export const DustPolicy = z.strictObject({
  /** Below this, what is left of an order that was filled in part is dust. */
  minimum: AmountString,
  mode: z.enum(["pay_from_tolerance", "ask_then_cancel"]),
  /** Share of the day's cap that dust may take before the ratio is computed. */
  tolerance: FractionString,
});
export type DustPolicy = z.infer<typeof DustPolicy>;

export const SwingPolicy = z
  .strictObject({
    mode: z.enum(["full", "partial"]),
    /** The factor of the highest tier whose `above` (share of NAV) the net flow exceeds. */
    tiers: z
      .array(z.strictObject({ above: FractionString, factor: FractionString }))
      .min(1)
      .max(20),
    /** No published factor is above this. */
    maxFactor: FractionString,
  })
  .superRefine((policy, ctx) => {
    const zero = /^0(\.0+)?$/.test(policy.tiers[0]?.above ?? "");
    if ((policy.mode === "full") !== zero)
      ctx.addIssue({
        code: "custom",
        path: ["tiers", 0, "above"],
        message: "full swing starts above 0, partial swing above a threshold",
      });
  });
export type SwingPolicy = z.infer<typeof SwingPolicy>;

export const LevyPolicy = z.strictObject({
  rate: FractionString,
  on: z.enum(["subscriptions", "redemptions", "both"]),
});
export type LevyPolicy = z.infer<typeof LevyPolicy>;

/** Whether a share is above one in `den`; exact. */
function isAbove(share: string, den: bigint): boolean {
  const [num = "0", below] = share.split("/");
  if (below !== undefined) return BigInt(num) * den > BigInt(below);
  const [whole = "0", digits = ""] = num.split(".");
  return BigInt(whole + digits) * den > 10n ** BigInt(digits.length);
}

/** How large an error of the NAV is material, and from which amount on an investor is paid (R30, CSSF 24/856). */
export const NavErrorPolicy = z
  .strictObject({
    fundKind: z.enum(["money_market", "bond_or_mixed", "equity_or_other", "professional"]),
    /** Share of the correct price; only a fund for professional investors sets its own, at most 0.05, with the analysis it rests on. */
    tolerance: FractionString.optional(),
    /** Reference of that analysis. */
    analysis: z.string().min(1).max(200).optional(),
    /** Investors owed less than this in all are named and not paid; fund currency. */
    deMinimis: AmountString.optional(),
  })
  .superRefine(({ fundKind, tolerance, analysis }, ctx) => {
    const refuse = (path: string, message: string) => ctx.addIssue({ code: "custom", path: [path], message });
    if (fundKind !== "professional" && (tolerance !== undefined || analysis !== undefined))
      return refuse("tolerance", "only a fund for professional investors sets its own tolerance");
    if (fundKind === "professional" && tolerance === undefined) return refuse("tolerance", "is needed");
    if (fundKind === "professional" && analysis === undefined) return refuse("analysis", "is needed");
    if (tolerance !== undefined && isAbove(tolerance, 20n)) return refuse("tolerance", "is at most 0.05");
  });
export type NavErrorPolicy = z.output<typeof NavErrorPolicy>;

export const LmtPolicy = z.strictObject({
  /** Pack this policy started from. */
  pack: z.string().min(1).max(60),
  regime: FundRegime,
  tools: z
    .array(z.enum(SELECTABLE_TOOLS))
    .max(SELECTABLE_TOOLS.length)
    .refine((tools) => new Set(tools).size === tools.length, "a tool is named twice"),
  gate: GatePolicy.optional(),
  investorGate: InvestorGatePolicy.optional(),
  carry: CarryPolicy,
  /** Dealing days a carried order may wait before it is paid in full or the authority is told. */
  carryMaxDealings: z.int().min(1).max(400).optional(),
  dust: DustPolicy.optional(),
  swing: SwingPolicy.optional(),
  levy: LevyPolicy.optional(),
  redemptionFee: z.strictObject({ rate: FractionString }).optional(),
  dual: z.strictObject({ bidSpread: FractionString, offerSpread: FractionString }).optional(),
  noticeExtension: z.strictObject({ upTo: Notice }).optional(),
  inKind: z.strictObject({ professionalOnly: z.literal(true) }).optional(),
  /** Left out: 0.20 % for a money market fund, 1 % for every other, and everybody who is owed something is paid. */
  navError: NavErrorPolicy.optional(),
  /** Stress tests of liquidity that the fund owes its board (R34). */
  stressProgramme: StressProgramme.optional(),
  /** Limit on redemptions of an ELTIF (R9b): Annex I by notice and frequency, or Annex II by frequency and liquid share. */
  eltif: z
    .discriminatedUnion("annex", [
      z.strictObject({
        annex: z.literal("I"),
        /** Notice in months: "3", or "1/2" for two weeks. */
        noticeMonths: z.string().regex(/^(\d{1,3}(\.\d{1,6})?|\d{1,3}\/[1-9]\d?)$/, "expected months such as 3 or 1/2"),
        /** Dealing more often than monthly: hold the monthly limit over the month instead of the small one per date. */
        monthlyAggregate: z.boolean(),
      }),
      z.strictObject({ annex: z.literal("II") }),
    ])
    .optional(),
});
export type LmtPolicy = z.output<typeof LmtPolicy>;
