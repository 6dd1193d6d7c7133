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

/**
 * Concentration per issuer and asset, illiquid share and short positions after the trades. A limit that was broken before and is not made worse
 * passes with a note: a passive breach may not be worsened, and a trade that heals it must not be refused (R57). @throws ZodError for a stored mandate that is none.
 */
export function judgeTrades({ positions, limits: body, mandateVersion }: TradeFacts): Check[] {
  const { limits } = Mandate.parse(body);
  const nav = { before: total(positions, "before"), after: total(positions, "after") };
  const exempt = new Set(limits.exemptIssuers ?? []);
  const securities = positions.filter((position) => position.type !== "cash");
  const version = String(mandateVersion);
  const checks: Check[] = [];
  const check = (
    rule: Check["rule"],
    limit: string | undefined,
    before: Exact,
    after: Exact,
    subject: string,
  ): void => {
    if (limit === undefined) return;
    const within = after.lte(limit);
    const passive = !within && before.gt(limit) && after.lte(before);
    const detail = within
      ? `${subject} within the limit`
      : passive
        ? `${subject} over the limit before and not worse after: passive breach`
        : `${subject} over the limit`;
    checks.push({
      rule,
      rule_version: version,
      result: within || passive ? "passed" : "failed",
      value: after.toFixed(18),
      limit_value: limit,
      detail,
    });
  };
  const share = (amount: Exact, when: "before" | "after"): Exact => (nav[when].lte(0) ? ZERO : amount.div(nav[when]));

  const issuers = new Map<string, Position[]>();
  for (const position of securities) {
    if (position.issuer === null || exempt.has(position.issuer)) continue;
    issuers.set(position.issuer, [...(issuers.get(position.issuer) ?? []), position]);
  }
  const worstIssuer = worst(
    [...issuers.values()].map((held) => [share(total(held, "before"), "before"), share(total(held, "after"), "after")]),
    limits.issuerMax,
  );
  check("issuer_concentration", limits.issuerMax, worstIssuer[0], worstIssuer[1], "largest issuer");
  const worstAsset = worst(
    securities.map((position) => [share(decimal(position.before), "before"), share(decimal(position.after), "after")]),
    limits.assetMax,
  );
  check("asset_concentration", limits.assetMax, worstAsset[0], worstAsset[1], "largest asset");
  const illiquid = securities.filter(({ liquid }) => !liquid);
  check(
    "illiquid_share",
    limits.illiquid?.max,
    share(total(illiquid, "before"), "before"),
    share(total(illiquid, "after"), "after"),
    "illiquid share",
  );
  const short = securities.filter((position) => decimal(position.after).lt(0) && decimal(position.before).gte(0));
  checks.push({
    rule: "no_short_position",
    rule_version: version,
    result: short.length === 0 ? "passed" : "failed",
    value: String(short.length),
    limit_value: "0",
    detail: short.length === 0 ? "no position is sold short" : "a position would be sold short",
  });
  return checks;
}

const total = (positions: Position[], when: "before" | "after"): Exact =>
  positions.reduce((sum, position) => sum.plus(decimal(position[when])), ZERO);

/** The pair that decides: an actively broken one first, else the largest after the trades. */
function worst(pairs: [Exact, Exact][], limit: string | undefined): [Exact, Exact] {
  const active =
    limit === undefined
      ? []
      : pairs.filter(([before, after]) => after.gt(limit) && !(before.gt(limit) && after.lte(before)));
  return (active.length > 0 ? active : pairs).reduce<[Exact, Exact]>(
    (most, pair) => (pair[1].gt(most[1]) ? pair : most),
    [ZERO, ZERO],
  );
}

/** A token operation needs a compliance approval that passed; without one it is refused. */
export function judgeTokenization({ approval }: TokenizationFacts): { result: "passed" | "failed"; reason: string } {
  if (approval === undefined) return { result: "failed", reason: "no compliance approval is named" };
  return approval.result === "passed"
    ? { result: "passed", reason: "compliance approval passed" }
    : { result: "failed", reason: `the compliance approval ${approval.result}` };
}
