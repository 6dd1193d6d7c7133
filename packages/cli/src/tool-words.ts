// Liquidity tools and dealing terms in words: what a policy says, and the draft of the notice that investors get when a tool is put to use. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import {
  type DealingPolicy,
  EXCEPTIONAL_TOOLS,
  type LmtPolicy,
  SELECTABLE_TOOLS,
} from "@evergreen-fund/domain/policies/index.ts";
import { money, percent, plain } from "./output.ts";

/** "0.05" → "5 %", "1/3" → "1/3". */
export const share = (text: string): string => (text.includes("/") ? text : percent(text).replace(/\.?0+ %$/, " %"));

const TOOLS: readonly string[] = [...SELECTABLE_TOOLS, "investor_gate", ...EXCEPTIONAL_TOOLS];
/** The argument of a command that names a tool, and the tool it names, with hyphens as well. Errors: EG400. */
export const TOOL = { name: "<tool>", about: `one of ${TOOLS.join(", ")}` };
export function toolOf(args: readonly (string | undefined)[]): string {
  const tool = (args[0] ?? "").replaceAll("-", "_");
  if (!TOOLS.includes(tool)) throw new EvergreenError("EG400", `A tool is one of ${TOOLS.join(", ")}.`);
  return tool;
}

const CARRY = {
  auto_pari_passu: "what is not filled goes on beside the new orders",
  priority_by_vintage: "what is not filled goes on, older orders first",
  lapse_resubmit: "what is not filled lapses",
} as const;

export const toolName = (tool: string): string => tool.replaceAll("_", " ");

/** Label and words of each part of a policy that is there. */
export function toolRows(policy: LmtPolicy): [string, string][] {
  const { gate, investorGate, swing, levy, redemptionFee, dual, noticeExtension, dust, eltif, inKind } = policy;
  const rows: [string, string][] = [
    ["Tools", policy.tools.length === 0 ? "none" : policy.tools.map(toolName).join(", ")],
  ];
  if (gate !== undefined) rows.push(["Gate", gateWords(gate)]);
  if (eltif !== undefined)
    rows.push([
      "ELTIF limit",
      eltif.annex === "II" ? "Annex II" : `Annex I with ${eltif.noticeMonths} months of notice`,
    ]);
  if (investorGate !== undefined)
    rows.push([
      "Gate per investor",
      `${investorGate.steps.map(share).join(", ")} of what is left, ${investorGate.period}`,
    ]);
  rows.push([
    "Carry",
    `${CARRY[policy.carry]}${policy.carryMaxDealings === undefined ? "" : `, at most ${policy.carryMaxDealings} dealing dates`}`,
  ]);
  if (dust !== undefined)
    rows.push([
      "Dust",
      `below ${money(dust.minimum)}: ${dust.mode === "pay_from_tolerance" ? `paid from ${share(dust.tolerance)} of the cap` : "the investor is asked once, then it is cancelled"}`,
    ]);
  if (swing !== undefined)
    rows.push([
      "Swing",
      `${swing.mode}: ${swing.tiers.map((tier) => `${share(tier.factor)} above ${share(tier.above)} of NAV`).join(", ")}; at most ${share(swing.maxFactor)}`,
    ]);
  if (dual !== undefined)
    rows.push(["Dual pricing", `bid −${share(dual.bidSpread)}, offer +${share(dual.offerSpread)}`]);
  if (levy !== undefined) rows.push(["Levy", `${share(levy.rate)} on ${levy.on === "both" ? "both sides" : levy.on}`]);
  if (redemptionFee !== undefined) rows.push(["Redemption fee", share(redemptionFee.rate)]);
  if (noticeExtension !== undefined)
    rows.push(["Longer notice", `up to ${noticeExtension.upTo.n} ${noticeExtension.upTo.basis} days`]);
  if (inKind !== undefined) rows.push(["In kind", "professional investors only"]);
  if (policy.navError !== undefined) rows.push(["NAV errors", errorWords(policy.navError)]);
  if (policy.stressProgramme !== undefined) rows.push(["Stress tests", programmeWords(policy.stressProgramme)]);
  return rows;
}

const TOLERANCE = { money_market: "0.2 %", bond_or_mixed: "0.5 %", equity_or_other: "1 %" } as const;

function errorWords({ fundKind, tolerance, deMinimis, analysis }: NonNullable<LmtPolicy["navError"]>): string {
  const limit =
    fundKind === "professional" ? `${share(tolerance ?? "0")} by ${plain(analysis ?? "")}` : TOLERANCE[fundKind];
  return `material above ${limit}${deMinimis === undefined ? "" : `; below ${money(deMinimis)} nobody is paid`}`;
}

function programmeWords({
  frequency,
  kinds,
  sides,
  board,
  document,
  trend,
  coverScenario,
}: NonNullable<LmtPolicy["stressProgramme"]>): string {
  const warned = trend === undefined ? "" : `; a trend to a breach is told ${trend.withinDays} days ahead`;
  const covered = coverScenario === undefined ? "" : `; trades must cover ${plain(coverScenario)}`;
  return `${frequency}: ${kinds.join(", ")} on ${sides.join(", ")}; the board within ${board.withinDays} days${warned}${covered}; ${plain(document)}`;
}

function gateWords(gate: NonNullable<LmtPolicy["gate"]>): string {
  const caps = [
    ...(gate.share === undefined ? [] : [`${share(gate.share)} of NAV per dealing date`]),
    ...(gate.money === undefined ? [] : [`${money(gate.money)} per dealing date`]),
    ...(gate.liquidShare === undefined ? [] : [`${share(gate.liquidShare)} of the liquid assets`]),
    ...(gate.quarterShare === undefined ? [] : [`${share(gate.quarterShare)} of the quarter's NAV`]),
  ];
  const { threshold } = gate;
  const least =
    threshold === undefined
      ? ""
      : `; used only above ${threshold.kind === "money" ? money(threshold.amount) : `${share(threshold.share)} of ${threshold.kind === "nav_share" ? "NAV" : "the liquid assets"}`}`;
  const people =
    gate.ordinaryFrom === undefined
      ? ""
      : `; two people decide where less than ${share(gate.ordinaryFrom)} is executed`;
  return `${gate.basis === "net" ? "net of subscriptions" : "gross"}, ${caps.join(" and ")}${least}${people}`;
}

const nth = (which: number | "last", day: string): string => (which === "last" ? `the last ${day}` : `${day} ${which}`);

/** Label and words of dealing terms. */
export function termRows(terms: DealingPolicy): [string, string][] {
  const notice = (side: { n: number; basis: string }): string =>
    side.n === 0 ? "none" : `${side.n} ${side.basis} days`;
  const { lockUp, minimums, fees } = terms;
  const on = terms.on;
  const day =
    on === undefined
      ? ""
      : "weekday" in on
        ? `, on weekday ${on.weekday}`
        : "dayOfMonth" in on
          ? `, on ${nth(on.dayOfMonth, "day")} of the month`
          : `, on ${nth(on.businessDayOfMonth, "business day")} of the month`;
  const soft = lockUp.softFees.map((step) => `${share(step.rate)} before ${step.untilMonths} months`).join(", ");
  return [
    ["Dealing", `${terms.frequency}${day}, cut-off ${terms.cutOff} ${terms.timeZone}, calendar ${terms.calendar}`],
    ["Pricing", terms.pricing === "forward" ? "forward: nobody knows the price at acceptance" : "at the NAV before"],
    ["Notice", `subscriptions ${notice(terms.notice.subscription)}, redemptions ${notice(terms.notice.redemption)}`],
    ["Lock-up", `${lockUp.hardMonths} months${soft === "" ? "" : `; fee ${soft}`}`],
    [
      "Minimums",
      `first ${money(minimums.initial)}, further ${money(minimums.additional)}, redemption ${money(minimums.redemption)}, holding ${money(minimums.holding)}`,
    ],
    [
      "Fees",
      `management ${share(fees.management.rate)} ${fees.management.basis}; performance ${share(fees.performance.rate)} above ${share(fees.performance.hurdle)}, ${fees.performance.method}`,
    ],
    ["Decimals", `units ${terms.units_dp}, price ${terms.price_dp}`],
    ["Settlement", `${terms.settlementDays} days`],
  ];
}

const CONSEQUENCE: Readonly<Record<string, string>> = {
  redemption_gate:
    "Redemptions are executed in part on the dealing dates that the gate applies to, everybody alike; what is not executed is treated as the prospectus says.",
  investor_gate: "Each investor may redeem up to the share of the own holding that the prospectus states.",
  notice_extension:
    "The notice for redemptions is extended within the limit of the prospectus; orders already received are dealt on a later date.",
  redemption_fee: "A redemption fee within the limit of the prospectus is charged and stays in the fund.",
  swing_pricing: "Units deal at a swung price, so that those who deal bear the cost of dealing.",
  dual_pricing: "Redemptions deal at the bid and subscriptions at the offer price.",
  anti_dilution_levy: "A levy within the limit of the prospectus is charged and stays in the fund.",
  redemption_in_kind: "Redemptions of professional investors may be met in assets, pro rata.",
  side_pocket: "Assets that cannot be valued are separated; each unit gets one unit of the side pocket.",
  suspension:
    "Subscriptions and redemptions are suspended for the same period. Orders that were locked stay queued; nothing is priced meanwhile.",
};

/** Draft of the notice: what, why, since when, and that nobody has sent it. 20 to 8,000 characters, no investor and no amount of one. */
export function draftNotice(facts: { fund: string; name: string; tool: string; reason: string; day: string }): string {
  return [
    `Draft notice to the investors of ${facts.name} (${facts.fund}), ${facts.day}: the fund intends to use ${toolName(facts.tool)}.`,
    `Reason: ${facts.reason.replace(/\.*$/, "")}.`,
    CONSEQUENCE[facts.tool] ?? "",
    "The measure is temporary, is reviewed at every dealing date and ends as soon as its reason does.",
    "The competent authority is to be notified without delay. Two people decide on this draft; nobody has sent it.",
  ]
    .filter((words) => words !== "")
    .join(" ");
}
