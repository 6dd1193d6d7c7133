// The largest investors, or named ones, ask for everything at the next dealing day: what the gates make of it and how concentrated the fund is after (R6, R7). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { CarryPolicy, GatePolicy, InvestorGatePolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { Decimals, FundGateInput, FundGateOutput, fundGate } from "../dealing/fund-gate.ts";
import { gateInvestors, type InvestorHolding } from "../dealing/investor-gate.ts";
import { scaledOf, scaledText } from "../dealing/scaled.ts";
import { Fraction } from "../fees/fraction.ts";
import { byId } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

export const ConcentrationExitsInput = z.strictObject({
  /** Holdings of one class; accounts of one beneficial owner name the owner and count together. */
  holdings: z
    .array(
      z.strictObject({
        id: Name,
        ownerId: Name.optional(),
        units: NonNegative,
        /** Units free of lock-up and with notice given; left out, all. */
        free: NonNegative.optional(),
        /** What the holder has asked for anyhow; whoever exits asks for all that is free. */
        requested: NonNegative.default("0"),
      }),
    )
    .min(1)
    .max(200_000),
  exits: z.union([
    z.strictObject({ largest: z.int().min(1).max(200_000) }),
    /** Owners by id. */
    z.strictObject({ owners: z.array(Name).min(1).max(200_000) }),
  ]),
  navPerUnit: NonNegative,
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
  gate: GatePolicy,
  investorGate: InvestorGatePolicy.optional(),
  carry: CarryPolicy.default("auto_pari_passu"),
  liquidAssets: FundGateInput.shape.liquidAssets,
  quarterBase: FundGateInput.shape.quarterBase,
  redeemedInQuarter: FundGateInput.shape.redeemedInQuarter,
  subscriptions: FundGateInput.shape.subscriptions,
  /** NAV the caps are shares of; left out, units × NAV per unit. */
  nav: FundGateInput.shape.nav.optional(),
});

const Concentration = z.strictObject({
  owners: z.int(),
  units: z.string(),
  /** Share of the largest owners together; null without units. */
  top1: z.string().nullable(),
  top3: z.string().nullable(),
  top5: z.string().nullable(),
  top10: z.string().nullable(),
  /** Σ share²: 1 for one owner, 1/n for n equal ones. */
  herfindahl: z.string().nullable(),
});
export const ConcentrationExitsOutput = z.strictObject({
  exits: z.array(
    z.strictObject({
      ownerId: z.string(),
      units: z.string(),
      requested: z.string(),
      /** After the investor gate. */
      allowed: z.string(),
      filled: z.string(),
      /** Held after the dealing day. */
      left: z.string(),
    }),
  ),
  gate: FundGateOutput.shape.gate,
  before: Concentration,
  after: Concentration,
  /** As if there were no gate and no lock-up: how concentrated those who stay are. */
  withoutThem: Concentration,
});
type Facts = z.output<typeof ConcentrationExitsInput>;

/**
 * Who exits asks for all free units beside what everybody else asks for; investor gate, then fund gate (R7, R6) as on a dealing day. The largest n owners: by units,
 * ties to the smaller id; all of them when there are fewer. Units with `unitsDp` decimals, ratios HALF_UP at 18. Errors: EG400 for an owner who holds nothing here, a repeated
 * id, more free or asked for than is held, or a cap whose base is missing; EG413.
 */
export function concentrationExits(
  input: z.input<typeof ConcentrationExitsInput>,
): z.infer<typeof ConcentrationExitsOutput> {
  const facts = parseInput(ConcentrationExitsInput, input);
  refuseRepeats("holdings", facts.holdings);
  const dp = facts.unitsDp;
  const holdings = [...facts.holdings].sort((a, b) => byId(a.id, b.id)).map((row) => opened(row, dp));
  const held = unitsByOwner(holdings, ({ units }) => units);
  const leaving = new Set(chosen(facts, held));
  const requests = holdings.map((row) => (leaving.has(row.owner) ? row.free : row.requested));
  const owners = holdings.map(({ owner }) => owner);
  const allowed =
    facts.investorGate === undefined
      ? requests
      : gateInvestors(
          facts.investorGate,
          requests,
          owners,
          new Map([...held].map(([id, units]) => [id, fresh(units)])),
        );
  const total = holdings.reduce((sum, { units }) => sum + units, 0n);
  const { gate, orders } = fundGate({
    navPerUnit: facts.navPerUnit,
    unitsDp: dp,
    priceDp: facts.priceDp,
    gate: facts.gate,
    nav: facts.nav ?? navOf(total, facts),
    liquidAssets: facts.liquidAssets,
    quarterBase: facts.quarterBase,
    redeemedInQuarter: facts.redeemedInQuarter,
    subscriptions: facts.subscriptions,
    carry: facts.carry,
    orders: holdings.map((row, i) => ({
      id: row.id,
      investorId: row.owner,
      units: scaledText(allowed[i] as bigint, dp),
    })),
  });
  const fills = orders.map(({ filled }) => scaledOf(filled, dp, "filled"));
  const sums = {
    requested: unitsByOwner(holdings, (_, i) => requests[i] as bigint),
    allowed: unitsByOwner(holdings, (_, i) => allowed[i] as bigint),
    filled: unitsByOwner(holdings, (_, i) => fills[i] as bigint),
  };
  const after = new Map([...held].map(([id, units]) => [id, units - (sums.filled.get(id) as bigint)]));
  const staying = new Map([...held].filter(([id]) => !leaving.has(id)));
  return {
    exits: [...leaving].map((ownerId) => ({
      ownerId,
      units: scaledText(held.get(ownerId) as bigint, dp),
      requested: scaledText(sums.requested.get(ownerId) as bigint, dp),
      allowed: scaledText(sums.allowed.get(ownerId) as bigint, dp),
      filled: scaledText(sums.filled.get(ownerId) as bigint, dp),
      left: scaledText(after.get(ownerId) as bigint, dp),
    })),
    gate,
    before: concentrationOf(held, dp),
    after: concentrationOf(after, dp),
    withoutThem: concentrationOf(staying, dp),
  };
}

type Row = { id: string; owner: string; units: bigint; free: bigint; requested: bigint };

function opened(row: Facts["holdings"][number], dp: number): Row {
  const units = scaledOf(row.units, dp, "holdings.units");
  const free = row.free === undefined ? units : scaledOf(row.free, dp, "holdings.free");
  const requested = scaledOf(row.requested, dp, "holdings.requested");
  if (free > units || requested > units)
    throw new EvergreenError("EG400", "holdings: more is free or asked for than is held.");
  return { id: row.id, owner: row.ownerId ?? row.id, units, free, requested };
}

const fresh = (units: bigint): InvestorHolding => ({ units, redeemed: 0n, step: 0 });

function unitsByOwner(rows: readonly Row[], of: (row: Row, position: number) => bigint): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  rows.forEach((row, i) => {
    sums.set(row.owner, (sums.get(row.owner) ?? 0n) + of(row, i));
  });
  return sums;
}

function ranked(units: ReadonlyMap<string, bigint>): [string, bigint][] {
  return [...units].sort(([a, left], [b, right]) => (left === right ? byId(a, b) : left > right ? -1 : 1));
}

function chosen({ exits }: Facts, held: ReadonlyMap<string, bigint>): string[] {
  if ("largest" in exits) {
    return ranked(held)
      .slice(0, exits.largest)
      .map(([id]) => id);
  }
  if (new Set(exits.owners).size !== exits.owners.length || exits.owners.some((id) => !held.has(id)))
    throw new EvergreenError("EG400", "exits.owners: somebody is named twice or holds nothing of this class.");
  return [...exits.owners].sort(byId);
}

/** Units × NAV per unit, exactly. */
function navOf(units: bigint, { navPerUnit, unitsDp, priceDp }: Facts): string {
  return scaledText(units * scaledOf(navPerUnit, priceDp, "navPerUnit"), unitsDp + priceDp);
}

function concentrationOf(units: ReadonlyMap<string, bigint>, dp: number): z.infer<typeof Concentration> {
  const held = ranked(units).filter(([, count]) => count > 0n);
  const total = held.reduce((sum, [, count]) => sum + count, 0n);
  const top = (n: number): string | null =>
    total === 0n
      ? null
      : Fraction.of(
          held.slice(0, n).reduce((sum, [, count]) => sum + count, 0n),
          total,
        ).ratioText();
  const squares = held.reduce((sum, [, count]) => sum + count * count, 0n);
  return {
    owners: held.length,
    units: scaledText(total, dp),
    top1: top(1),
    top3: top(3),
    top5: top(5),
    top10: top(10),
    herfindahl: total === 0n ? null : Fraction.of(squares, total * total).ratioText(),
  };
}
