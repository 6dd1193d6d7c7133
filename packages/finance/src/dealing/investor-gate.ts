// The investor gate: how much of a holding one beneficial owner may redeem in a period (R7). Applied before the fund gate. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { InvestorGatePolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { byId } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Decimals } from "./fund-gate.ts";
import { proRata } from "./pro-rata.ts";
import { fractionOf, max, scaledOf, scaledText } from "./scaled.ts";

/** What the gate of one beneficial owner looks at; units in 10^-u of one class. */
export type InvestorHolding = {
  /** Holding at the reference date of the period, all accounts, nominees and feeders of the owner together. */
  readonly units: bigint;
  /** Already redeemed in the period. */
  readonly redeemed: bigint;
  /** Periods in a row in which the owner has asked before this one: picks the step. */
  readonly step: number;
};

/** ⌊share of the step × holding⌋ − redeemed in the period, at least 0. After the last step the last one stays. */
export function investorLimit(policy: InvestorGatePolicy, holding: InvestorHolding): bigint {
  const text = policy.steps[Math.min(holding.step, policy.steps.length - 1)] ?? "1";
  const { num, den } = fractionOf(text, "investorGate.steps");
  return max(0n, (holding.units * num) / den - holding.redeemed);
}

/**
 * Cuts the requests of every owner to the owner's limit; several orders of one owner share it pro rata with largest remainder, ties to the earlier
 * id. Columns in the order of the ids; the answer is ≤ the request everywhere. Errors: EG400 for an owner without a holding.
 */
export function gateInvestors(
  policy: InvestorGatePolicy,
  requests: readonly bigint[],
  owners: readonly string[],
  holdings: ReadonlyMap<string, InvestorHolding>,
): bigint[] {
  const byOwner = new Map<string, number[]>();
  for (let i = 0; i < owners.length; i++) {
    const owner = owners[i] as string;
    const list = byOwner.get(owner);
    if (list === undefined) byOwner.set(owner, [i]);
    else list.push(i);
  }
  const allowed = [...requests];
  for (const [owner, positions] of byOwner) {
    const holding = holdings.get(owner);
    if (holding === undefined) throw new EvergreenError("EG400", "An order has no holding at the reference date.");
    const limit = investorLimit(policy, holding);
    const own = positions.map((i) => requests[i] as bigint);
    const total = own.reduce((sum, units) => sum + units, 0n);
    if (total <= limit) continue;
    const parts = proRata(own, { num: limit, den: total }, limit);
    for (let k = 0; k < positions.length; k++) allowed[positions[k] as number] = parts[k] as bigint;
  }
  return allowed;
}

export const InvestorGateInput = z.strictObject({
  policy: InvestorGatePolicy,
  unitsDp: Decimals.default(4),
  holdings: z
    .array(
      z.strictObject({
        id: Name,
        units: NonNegative,
        redeemedInPeriod: NonNegative.default("0"),
        step: z.int().min(0).max(1_000).default(0),
      }),
    )
    .max(1_000_000),
  orders: z.array(z.strictObject({ id: Name, investorId: Name, units: NonNegative })).max(1_000_000),
});
export const InvestorGateOutput = z.strictObject({
  investors: z.array(z.strictObject({ id: z.string(), limit: z.string(), allowed: z.string() })),
  orders: z.array(z.strictObject({ id: z.string(), requested: z.string(), allowed: z.string(), held: z.string() })),
});

/** R7 as a calculation: limit per beneficial owner and what each order may still ask of the fund gate. Errors: EG400. */
export function investorGate(input: z.input<typeof InvestorGateInput>): z.infer<typeof InvestorGateOutput> {
  const facts = parseInput(InvestorGateInput, input);
  refuseRepeats("orders", facts.orders);
  refuseRepeats("holdings", facts.holdings);
  const dp = facts.unitsDp;
  const orders = [...facts.orders].sort((a, b) => byId(a.id, b.id));
  const holdings = new Map(
    facts.holdings.map((row) => [
      row.id,
      {
        units: scaledOf(row.units, dp, "holdings.units"),
        redeemed: scaledOf(row.redeemedInPeriod, dp, "holdings.redeemedInPeriod"),
        step: row.step,
      },
    ]),
  );
  const requests = orders.map((order) => scaledOf(order.units, dp, "orders.units"));
  const owners = orders.map((order) => order.investorId);
  const allowed = gateInvestors(facts.policy, requests, owners, holdings);
  const perOwner = new Map<string, bigint>();
  for (let i = 0; i < owners.length; i++)
    perOwner.set(owners[i] as string, (perOwner.get(owners[i] as string) ?? 0n) + (allowed[i] as bigint));
  return {
    investors: [...holdings]
      .sort(([a], [b]) => byId(a, b))
      .map(([id, holding]) => ({
        id,
        limit: scaledText(investorLimit(facts.policy, holding), dp),
        allowed: scaledText(perOwner.get(id) ?? 0n, dp),
      })),
    orders: orders.map((order, i) => ({
      id: order.id,
      requested: scaledText(requests[i] as bigint, dp),
      allowed: scaledText(allowed[i] as bigint, dp),
      held: scaledText((requests[i] as bigint) - (allowed[i] as bigint), dp),
    })),
  };
}
