// Whether a policy of liquidity tools may stand: enough tools, not only two that shift the price, each one configured (R9c). Pure.
import { LmtPolicy, type SelectableTool } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { parseInput } from "../parse.ts";

/** The part of the policy that a tool needs before it can be used. */
const CONFIGURED_BY: Record<SelectableTool, (policy: LmtPolicy) => boolean> = {
  redemption_gate: ({ gate, investorGate, eltif }) =>
    gate !== undefined || investorGate !== undefined || eltif !== undefined,
  notice_extension: ({ noticeExtension }) => noticeExtension !== undefined,
  redemption_fee: ({ redemptionFee }) => redemptionFee !== undefined,
  swing_pricing: ({ swing }) => swing !== undefined,
  dual_pricing: ({ dual }) => dual !== undefined,
  anti_dilution_levy: ({ levy }) => levy !== undefined,
  redemption_in_kind: ({ inKind }) => inKind !== undefined,
};

export const LmtVerdictInput = z.strictObject({ policy: LmtPolicy });
export const LmtVerdictOutput = z.strictObject({
  valid: z.boolean(),
  problems: z.array(z.strictObject({ code: z.string(), words: z.string() })),
  /** Usable in exceptional circumstances whatever the policy selects. */
  alwaysAvailable: z.array(z.string()),
});

/** Regimes outside AIFMD II and UCITS: their own packs bind them, not the choice of two tools. */
const NO_SELECTION_DUTY = ["us_interval", "us_nav_reit", "other"];

/**
 * R9c: at least two selected tools (a money market fund one), not swing and dual pricing alone; each selected tool has its terms; a gate of an AIF or
 * UCITS names its threshold, of a UCITS as a share of NAV; suspension and side pocket are always there. Every problem is named. Errors: EG400.
 */
export function lmtPolicyVerdict(input: z.input<typeof LmtVerdictInput>): z.infer<typeof LmtVerdictOutput> {
  const { policy } = parseInput(LmtVerdictInput, input);
  const problems: { code: string; words: string }[] = [];
  const { tools, regime, gate } = policy;
  const free = NO_SELECTION_DUTY.includes(regime);
  const least = regime === "mmf" ? 1 : 2;
  if (!free && tools.length < least)
    problems.push({ code: "too_few_tools", words: `Select at least ${least === 1 ? "one tool" : "two tools"}.` });
  if (!free && tools.length === 2 && tools.includes("swing_pricing") && tools.includes("dual_pricing"))
    problems.push({
      code: "only_swing_and_dual",
      words: "Swing and dual pricing alone are not enough: add a tool that is neither.",
    });
  for (const tool of tools)
    if (!CONFIGURED_BY[tool](policy))
      problems.push({ code: `not_configured:${tool}`, words: `${tool} is selected and its terms are missing.` });
  if (gate !== undefined && !free) {
    if (gate.threshold === undefined && policy.eltif === undefined && regime !== "ltaf")
      problems.push({
        code: "gate_without_threshold",
        words: "A gate names the threshold above which it may be used.",
      });
    if (regime === "ucits" && gate.threshold !== undefined && gate.threshold.kind !== "nav_share")
      problems.push({ code: "threshold_not_nav_share", words: "The threshold of a UCITS is a share of NAV." });
  }
  if (
    gate !== undefined &&
    [gate.share, gate.money, gate.liquidShare, gate.quarterShare].every((cap) => cap === undefined)
  )
    problems.push({ code: "gate_without_cap", words: "A gate names at least one cap." });
  if (regime === "ucits" && policy.investorGate !== undefined)
    problems.push({ code: "investor_gate_in_ucits", words: "Only an AIF may gate by investor." });
  return { valid: problems.length === 0, problems, alwaysAvailable: ["suspension", "side_pocket"] };
}
