// Packs of rules compiled to what a share token can hold itself to: limits of a transfer as numbers, and who gets a claim. What a token cannot say is named and refused,
// so that nothing is silently weaker on the chain than in the engine. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { compileCondition } from "./compile.ts";
import type { Condition } from "./condition.ts";
import type { Facts } from "./facts.ts";
import { compilePack, type Judging } from "./judge.ts";
import type { Rule, RulePack } from "./rule-pack.ts";

/** The limits of contracts/solidity/ShareToken.sol. Units are base units of the token; zero is no limit. */
export interface TokenLimits {
  minHolding: bigint;
  maxHolding: bigint;
  minTransfer: bigint;
  /** Seconds after a wallet last received units in which it may transfer none. */
  lockUp: bigint;
  transferable: boolean;
}

export interface TokenParameters {
  limits: TokenLimits;
  /** The last second (UTC, since 1970) at which a party may hold a claim, by what is known of it on a day; null: none may be issued. */
  claimUntil: (facts: Facts, judging: Judging) => bigint | null;
}

/** Both sides of a transfer as orders: who receives subscribes, who gives redeems. */
export const SIDES = ["subscription", "redemption"] as const;
const sideFacts = (direction: (typeof SIDES)[number]): Facts => ({ order: { kind: "transfer", direction } });

const SECONDS_A_DAY = 86_400n;
const secondOf = (day: string): bigint => BigInt(Date.parse(day)) / 1_000n;
const FOREVER = (1n << 64n) - 1n;

/** Past its last day or not: what ends a claim at the end of that day. Any other number of days would end it on another one. */
const endsWithKyc = ({ measure, test }: Extract<Condition, { op: "compare" }>): boolean =>
  measure.of === "age" &&
  measure.path === "investor.kycValidUntil" &&
  measure.unit === "days" &&
  (test.by === "lte" || test.by === "gt") &&
  test.value === "0";

/** Every fact a condition looks at, with what it takes of it. */
function measured(condition: Condition): string[] {
  switch (condition.op) {
    case "all":
    case "any":
      return condition.nodes.flatMap(measured);
    case "not":
      return measured(condition.node);
    case "some":
      return [`list ${condition.list}`];
    default: {
      const { measure } = condition;
      if (measure.of === "count") return [`list ${measure.list}`];
      if (measure.of === "fact") return measure.item ? [] : [measure.path];
      if (measure.of !== "age") return [measure.of];
      return measure.item ? [] : [`${endsWithKyc(condition) ? "end of KYC" : "age"} of ${measure.path}`];
    }
  }
}

const KYC_END = "end of KYC of investor.kycValidUntil";
/** What of a party is known before any order: it may decide about a claim. An age is of today, so only the end of KYC, which ends the claim too, may be one. */
const OF_PARTY = (measure: string): boolean =>
  measure.startsWith("investor.") || measure === "list owners" || measure === "ownership" || measure === KYC_END;

type Bound =
  | { limit: keyof Omit<TokenLimits, "transferable">; value: bigint }
  | { limit: "transferable"; value: false };

/** The limit that a rule about a transfer says; undefined when it is none that the token has. */
function boundOf(rule: Rule, unitDecimals: number): Bound | undefined {
  const { condition } = rule;
  // a limit has no day from which it counts
  if (rule.effectiveFrom !== undefined || rule.effectiveUntil !== undefined) return undefined;
  if (rule.where !== undefined && !measured(rule.where).every((one) => one === "order.kind")) return undefined;
  if (condition.op !== "compare" || condition.measure.of !== "fact") return undefined;
  const { path } = condition.measure;
  const { by, value } = condition.test;
  // no transfer at all: it fires on every one
  if (
    path === "order.kind" &&
    value === "transfer" &&
    ((by === "eq" && rule.firesOn) || (by === "ne" && !rule.firesOn))
  )
    return { limit: "transferable", value: false };
  if (typeof value !== "string" || rule.firesOn) return undefined;
  const given = decimal(value);
  const units = given.times(`1e${unitDecimals}`);
  if (path === "transfer.daysHeld" && by === "gte")
    return given.isInteger() && given.gte(0) ? { limit: "lockUp", value: BigInt(value) * SECONDS_A_DAY } : undefined;
  // a bound between two base units would be rounded: another limit than the rule's
  if (!units.isInteger() || units.lte(0)) return undefined;
  const base = BigInt(units.toFixed(0));
  if (path === "transfer.units" && by === "gte") return { limit: "minTransfer", value: base };
  if (path === "transfer.leastHolding" && by === "gte") return { limit: "minHolding", value: base };
  if (path === "transfer.heldAfter" && by === "lte") return { limit: "maxHolding", value: base };
  return undefined;
}

interface Sorted {
  limits: TokenLimits;
  /** Rules that are no limit of a token and not about parties alone, by name with what they look at. */
  refused: string[];
  /** Rules that end an order with the last day of KYC. */
  endsWith: string[];
  /** The packs with their rules about parties alone. */
  kept: RulePack[];
}

function sorted(packs: readonly RulePack[], unitDecimals: number): Sorted {
  const limits: TokenLimits = { minHolding: 0n, maxHolding: 0n, minTransfer: 0n, lockUp: 0n, transferable: true };
  const refused: string[] = [];
  const endsWith: string[] = [];
  const kept: RulePack[] = [];
  for (const pack of packs) {
    const ofParty: Rule[] = [];
    for (const rule of pack.rules.filter(({ on }) => on.includes("order") || on.includes("investor"))) {
      const looks = [...measured(rule.condition), ...(rule.where === undefined ? [] : measured(rule.where))];
      if (looks.every(OF_PARTY)) {
        ofParty.push(rule);
        if (rule.on.includes("order") && looks.includes(KYC_END)) endsWith.push(rule.id);
        continue;
      }
      if (!rule.on.includes("investor") && !metByTransfers(rule)) continue;
      const bound = rule.on.includes("investor") ? undefined : boundOf(rule, unitDecimals);
      if (bound !== undefined) tighten(limits, bound);
      else refused.push(`${pack.pack}/${rule.id} (${looks.filter((one) => !OF_PARTY(one)).join(", ")})`);
    }
    kept.push({ ...pack, rules: ofParty });
  }
  return { limits, refused, endsWith, kept };
}

/**
 * What packs ask of a transfer, as parameters of a token of `unitDecimals`. A rule about parties alone decides who gets a claim; a rule about the transfer is a limit,
 * the strictest of several; a rule that no transfer meets is left out. Errors: EG427 names every rule that a token cannot say.
 */
export function compileToken(packs: readonly RulePack[], unitDecimals: number): TokenParameters {
  const { limits, refused, endsWith, kept } = sorted(packs, unitDecimals);
  if (endsWith.length === 0) refused.push("no rule ends an order with the last day of KYC, as a claim does");
  if (refused.length > 0)
    throw new EvergreenError(
      "EG427",
      `A token cannot hold itself to these rules, so that it may not be issued under them: ${refused.join("; ")}.`,
    );
  const compiled = kept.map(compilePack);
  return {
    limits,
    claimUntil(facts, judging) {
      const known: Facts = { investor: facts.investor, owners: facts.owners };
      for (const { judge } of compiled)
        if (
          judge("order", known, judging).outcome !== "approve" ||
          judge("investor", known, judging).outcome !== "approve"
        )
          return null;
      const until = (facts.investor as { kycValidUntil?: unknown } | undefined)?.kycValidUntil;
      // the last second of the last day; a rule that comes into force later is asked when it does
      const ends = typeof until === "string" ? [secondOf(until) + SECONDS_A_DAY - 1n] : [];
      const later = kept.flatMap(({ rules }) =>
        rules.flatMap(({ effectiveFrom: from }) =>
          from !== undefined && from > judging.asOf ? [secondOf(from) - 1n] : [],
        ),
      );
      return [...ends, ...later].reduce((a, b) => (b < a ? b : a), FOREVER);
    },
  };
}

/** What holds of whoever has a claim, for as long as it has it: KYC cleared it, and the claim ends with KYC. */
const vouchedFor = (asOf: string): Facts => ({
  investor: { kycStatus: "approved", screening: "clear", kycValidUntil: asOf },
});

/**
 * The limits that a token of `unitDecimals` takes from the packs in force on a day, where a claim says of a party that KYC cleared it and nothing else. A rule that neither a
 * limit nor such a claim can hold is named in `unsaid`, and holders then transfer nothing among themselves: the chain is never looser than the engine.
 */
export function liveLimits(
  packs: readonly RulePack[],
  unitDecimals: number,
  asOf: string,
): { limits: TokenLimits; unsaid: string[] } {
  const { limits, refused, kept } = sorted(packs, unitDecimals);
  const unsaid = [...refused];
  for (const pack of kept)
    for (const rule of pack.rules.filter(({ on }) => on.includes("order"))) {
      const { outcome } = compilePack({ ...pack, rules: [rule] }).judge("order", vouchedFor(asOf), { asOf });
      if (outcome !== "approve")
        unsaid.push(`${pack.pack}/${rule.id} (${[...new Set(measured(rule.condition))].join(", ")})`);
    }
  return { limits: unsaid.length === 0 ? limits : { ...limits, transferable: false }, unsaid };
}

/** Whether a rule may be about a transfer at all: its `where`, of which only kind and direction are known, does not rule out both sides. */
function metByTransfers({ where }: Rule): boolean {
  if (where === undefined) return true;
  const about = compileCondition(where);
  return SIDES.some((side) => about({ facts: sideFacts(side), asOf: "2000-01-01", measured: new Map() }).is !== false);
}

function tighten(limits: TokenLimits, bound: Bound): void {
  if (bound.limit === "transferable") limits.transferable = false;
  else if (bound.limit === "maxHolding")
    limits.maxHolding = limits.maxHolding === 0n || bound.value < limits.maxHolding ? bound.value : limits.maxHolding;
  else if (bound.value > limits[bound.limit]) limits[bound.limit] = bound.value;
}
