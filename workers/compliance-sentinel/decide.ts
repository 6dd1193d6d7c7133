// Pre-trade limits on a proposal and the verdict on a token operation. Pure; amounts in fund currency, exact decimals.
import { Mandate } from "@evergreen-fund/finance/mandate.ts";
import { decimal, type Exact, ZERO } from "@evergreen-fund/finance/money.ts";
import type { Position, TokenizationFacts, TradeFacts } from "./facts.ts";

export interface Check {
  rule: "issuer_concentration" | "asset_concentration" | "illiquid_share" | "no_short_position";
  rule_version: string;
  result: "passed" | "failed";
  /** Share of NAV after the trades, 18 decimals. */
  value: string;
  limit_value: string;
  detail: string;
}

/** Held together under one limit: by an issuer, in one asset, or as the illiquid part. */
interface Group {
  /** Share of NAV after the trades. */
  after: Exact;
  /** Something of it is bought. Costs alone make every share of NAV a little larger: that is nobody's breach. */
  bought: boolean;
}

/**
 * Concentration per issuer and asset, illiquid share and short positions after the trades. A group over its limit of which nothing is bought
 * passes with a note: a passive breach may not be worsened, and a trade that heals it must not be refused (R57).
 * @throws ZodError for a stored mandate that is none.
 */
export function judgeTrades({ positions, limits: body, mandateVersion }: TradeFacts): Check[] {
  const { limits } = Mandate.parse(body);
  const nav = total(positions, "after");
  const group = (held: Position[]): Group => {
    const [before, after] = [total(held, "before"), total(held, "after")];
    return { after: nav.lte(0) ? ZERO : after.div(nav), bought: after.gt(before) };
  };
  const exempt = new Set(limits.exemptIssuers);
  const securities = positions.filter((position) => position.type !== "cash");
  const issuers = new Map<string, Position[]>();
  for (const position of securities) {
    if (position.issuer === null || exempt.has(position.issuer)) continue;
    issuers.set(position.issuer, [...(issuers.get(position.issuer) ?? []), position]);
  }
  const version = String(mandateVersion);
  const limited = (rule: Check["rule"], limit: string | undefined, groups: Group[], subject: string): Check[] => {
    if (limit === undefined) return [];
    const { after, bought } = worst(groups, limit);
    const over = after.gt(limit);
    const detail = !over
      ? `${subject} within the limit`
      : bought
        ? `${subject} over the limit`
        : `${subject} over the limit and nothing of it bought: passive breach`;
    const result = over && bought ? "failed" : "passed";
    return [{ rule, rule_version: version, result, value: after.toFixed(18), limit_value: limit, detail }];
  };
  const short = securities.filter(
    (position) => decimal(position.after).lt(0) && decimal(position.before).gte(0),
  ).length;
  return [
    ...limited("issuer_concentration", limits.issuerMax, [...issuers.values()].map(group), "largest issuer"),
    ...limited(
      "asset_concentration",
      limits.assetMax,
      securities.map((position) => group([position])),
      "largest asset",
    ),
    ...limited(
      "illiquid_share",
      limits.illiquid?.max,
      [group(securities.filter(({ liquid }) => !liquid))],
      "illiquid share",
    ),
    {
      rule: "no_short_position",
      rule_version: version,
      result: short === 0 ? "passed" : "failed",
      value: String(short),
      limit_value: "0",
      detail: short === 0 ? "no position is sold short" : "a position would be sold short",
    },
  ];
}

const total = (positions: Position[], when: "before" | "after"): Exact =>
  positions.reduce((sum, position) => sum.plus(decimal(position[when])), ZERO);

/** The group that decides: an active breach first, else the largest after the trades. */
function worst(groups: Group[], limit: string): Group {
  const active = groups.filter(({ after, bought }) => bought && after.gt(limit));
  const none: Group = { after: ZERO, bought: false };
  return (active.length > 0 ? active : groups).reduce((most, one) => (one.after.gt(most.after) ? one : most), none);
}

const BY_LAW = ["freeze", "unfreeze", "force_transfer", "recover", "pause", "unpause"];

/**
 * A token operation on a class: whoever receives units or a claim is cleared, what the law has to allow names its basis, a day's units follow a NAV that is final
 * and a register that is posted, limits are those that the packs in force ask, and no clearance that stands is revoked. Any other request needs a compliance approval that passed.
 */
export function judgeTokenization({ approval, asked }: TokenizationFacts): {
  result: "passed" | "failed";
  reason: string;
} {
  const failed = (reason: string) => ({ result: "failed" as const, reason });
  if (asked !== undefined) {
    if (asked.not_cleared > 0) return failed(`${asked.not_cleared} who would receive are not cleared by KYC`);
    if (BY_LAW.includes(asked.kind ?? "") && !asked.legal_basis) return failed("no legal basis is named");
    if (asked.still_cleared) return failed("the clearance to be revoked stands");
    if (!asked.posted) return failed("the dealing day it follows is not posted on a final NAV");
    if (!asked.rules) return failed("the limits are not those that the packs in force ask");
    return { result: "passed", reason: "everybody who receives is cleared" };
  }
  if (approval === undefined) return { result: "failed", reason: "no compliance approval is named" };
  return approval.result === "passed"
    ? { result: "passed", reason: "compliance approval passed" }
    : { result: "failed", reason: `the compliance approval ${approval.result}` };
}
