// The locked orders of a dealing day as columns: units asked for, what lots and the investor gate admit, and the tools in use. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import type { LmtTool } from "@evergreen-fund/domain/policies/index.ts";
import type { z } from "zod";
import { byId, currencyExponent } from "../money.ts";
import { parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { type Equalised, equalisedOf } from "./deal-fees.ts";
import { type SeriesBook, seriesBookOf } from "./deal-series.ts";
import { type DealFacts, DealInput } from "./deal-shapes.ts";
import { eltifLimit } from "./eltif.ts";
import { amountOf, type GateFigures } from "./gate.ts";
import { gateInvestors, type InvestorHolding } from "./investor-gate.ts";
import { consumeLots, type Lot, type LotUse } from "./lots.ts";
import { ulpValue } from "./pro-rata.ts";
import { pow10, scaledOf, VALUE_DP } from "./scaled.ts";

export type Order = DealFacts["orders"][number];

/** One class of the day. Price in 10^-priceDp, `ulp` = value of 10^-unitsDp units in 10^-18. */
export type DealClass = DealFacts["classes"][number] & {
  readonly position: number;
  readonly unitsDp: number;
  readonly priceDp: number;
  readonly price: bigint;
  readonly ulp: bigint;
  /** Under equalisation with a fee that is open; null: one enters at the price and leaves at the price. */
  readonly equalised: Equalised | null;
  /** By series; null: every lot has the price of the class. */
  readonly seriesBook: SeriesBook | null;
};

/** An order and what it asks for, in units of its class; subscriptions have none unless they ask for units. */
export type AskedOrder = {
  readonly order: Order;
  readonly of: DealClass;
  /** Units asked for; a redemption in money is turned into units at the NAV per unit, rounded down. */
  readonly units: bigint;
};

export type BookedOrder = AskedOrder & {
  /** Of those, what free lots cover (all when no lots are given). */
  readonly covered: bigint;
  /** Of those, what the investor gate lets through. */
  readonly allowed: bigint;
};

export type DealBook = {
  readonly currencyDp: number;
  readonly classes: readonly DealClass[];
  readonly active: ReadonlySet<LmtTool>;
  readonly redemptions: readonly BookedOrder[];
  readonly subscriptions: readonly BookedOrder[];
  readonly switches: readonly BookedOrder[];
  readonly switchIns: readonly BookedOrder[];
  readonly figures: GateFigures;
  /** Lots that the given units of the orders consume, oldest first. */
  readonly lotUses: (units: (asked: AskedOrder) => bigint) => Map<string, LotUse[]>;
};

/** Tools that need a decision of their own on the day, and are never used by themselves. */
const BY_DECISION: readonly LmtTool[] = ["notice_extension", "redemption_in_kind", "suspension", "side_pocket"];

/** A day as it was handed over and as columns; what it is asked for may be asked several times. */
export type ReadDay = { readonly facts: DealFacts; readonly book: DealBook };

/** Errors: those of `deal`. */
export function readDay(input: z.input<typeof DealInput>): ReadDay {
  const facts = parseInput(DealInput, input);
  return { facts, book: bookOf(facts) };
}

/** Errors: EG400 for a repeated id, an unknown class, units and amount together, two price tools at once; EG428 under suspension. */
function bookOf(facts: DealFacts): DealBook {
  refuseRepeats("orders", facts.orders);
  refuseRepeats("classes", facts.classes);
  const active = new Set<LmtTool>(facts.active ?? facts.lmt.tools.filter((tool) => !BY_DECISION.includes(tool)));
  if (active.has("suspension"))
    throw new EvergreenError("EG428", "Dealing is suspended: orders stay queued and nothing is struck.");
  if (active.has("swing_pricing") && active.has("dual_pricing"))
    throw new EvergreenError("EG400", "active: swing and dual pricing cannot both set the price of one day.");
  const currencyDp = currencyExponent(facts.currency);
  const classes = [...facts.classes]
    .sort((a, b) => byId(a.id, b.id))
    .map((row, position) => classOf(row, position, currencyDp));
  const byClass = new Map(classes.map((row) => [row.id, row]));
  const asked = [...facts.orders]
    .sort((a, b) => byId(a.id, b.id))
    .map((order) => {
      const of = byClass.get(order.classId);
      if (of === undefined) throw new EvergreenError("EG400", "orders: an order is in a class that is not dealt.");
      return { order, of, units: unitsOf(order, of) };
    });
  const leaving = asked.filter(({ order }) => order.direction === "redemption" || order.direction === "switch_out");
  const lotUses = lotsOf(facts, byClass, leaving);
  const covers = facts.lots === undefined ? null : lotUses(({ units }) => units);
  const booked = asked.map((row): BookedOrder => {
    const uses = covers?.get(row.order.id);
    const covered = uses === undefined ? row.units : uses.reduce((sum, use) => sum + use.units, 0n);
    return { ...row, covered, allowed: covered };
  });
  const side = (direction: Order["direction"]) => booked.filter(({ order }) => order.direction === direction);
  return {
    currencyDp,
    classes,
    active,
    redemptions: active.has("redemption_gate") ? investorGated(facts, side("redemption")) : side("redemption"),
    subscriptions: side("subscription"),
    switches: side("switch_out"),
    switchIns: side("switch_in"),
    figures: figuresOf(facts, active),
    lotUses,
  };
}

function classOf(row: DealFacts["classes"][number], position: number, currencyDp: number): DealClass {
  const { units_dp: unitsDp, price_dp: priceDp } = row.dealing;
  const price = scaledOf(row.navPerUnit, priceDp, "classes.navPerUnit");
  if (price <= 0n) throw new EvergreenError("EG400", "classes.navPerUnit: expected a price above 0.");
  return {
    ...row,
    position,
    unitsDp,
    priceDp,
    price,
    ulp: ulpValue(price, unitsDp, priceDp),
    equalised: equalisedOf(row),
    seriesBook: seriesBookOf(row, currencyDp),
  };
}

function unitsOf(order: Order, of: DealClass): bigint {
  const both = order.units !== undefined && order.amount !== undefined;
  const neither = order.units === undefined && order.amount === undefined;
  if (order.direction === "switch_in") {
    if (!neither) throw new EvergreenError("EG400", "orders: a switch_in gets the proceeds of its switch_out.");
    return 0n;
  }
  if (both || neither) throw new EvergreenError("EG400", "orders: expected units or an amount, one of them.");
  if (order.units !== undefined) return scaledOf(order.units, of.unitsDp, "orders.units");
  return order.direction === "subscription" ? 0n : amountOf(order.amount ?? "0", "orders.amount") / of.ulp;
}

function lotsOf(
  facts: DealFacts,
  classes: ReadonlyMap<string, DealClass>,
  leaving: readonly AskedOrder[],
): DealBook["lotUses"] {
  if (facts.lots === undefined) return () => new Map();
  const key = (row: { classId: string; investorId: string }): string => JSON.stringify([row.classId, row.investorId]);
  const lots = new Map<string, Lot[]>();
  for (const row of facts.lots) {
    const dp = classes.get(row.classId)?.unitsDp;
    if (dp === undefined) continue;
    const lot = { id: row.id, openedOn: row.openedOn, units: scaledOf(row.units, dp, "lots.units") };
    const list = lots.get(key(row));
    if (list === undefined) lots.set(key(row), [lot]);
    else list.push(lot);
  }
  const groups = new Map<string, AskedOrder[]>();
  for (const row of leaving) {
    const list = groups.get(key(row.order));
    if (list === undefined) groups.set(key(row.order), [row]);
    else list.push(row);
  }
  return (unitsOfOrder) => {
    const uses = new Map<string, LotUse[]>();
    for (const [name, rows] of groups) {
      const claims = rows.map((row) => ({
        id: row.order.id,
        units: unitsOfOrder(row),
        elected: row.order.electedLots ?? null,
      }));
      const lockUp = (rows[0] as AskedOrder).of.dealing.lockUp;
      for (const [id, taken] of consumeLots(lots.get(name) ?? [], claims, lockUp, facts.dealingDate))
        uses.set(id, taken.uses);
    }
    return uses;
  };
}

function investorGated(facts: DealFacts, redemptions: BookedOrder[]): BookedOrder[] {
  const policy = facts.lmt.investorGate;
  if (policy === undefined) return redemptions;
  const byOwner = new Map<string, InvestorHolding>();
  const dpOf = new Map(redemptions.map(({ of }) => [of.id, of.unitsDp]));
  for (const row of facts.referenceHoldings ?? []) {
    const dp = dpOf.get(row.classId);
    if (dp === undefined) continue;
    byOwner.set(JSON.stringify([row.classId, row.ownerId]), {
      units: scaledOf(row.units, dp, "referenceHoldings.units"),
      redeemed: scaledOf(row.redeemedInPeriod, dp, "referenceHoldings.redeemedInPeriod"),
      step: row.step,
    });
  }
  const allowed = gateInvestors(
    policy,
    redemptions.map(({ covered }) => covered),
    redemptions.map(({ order }) => JSON.stringify([order.classId, ownerOf(order)])),
    byOwner,
  );
  return redemptions.map((row, i) => ({ ...row, allowed: allowed[i] as bigint }));
}

export function ownerOf(order: Order): string {
  return order.beneficialOwnerId ?? order.investorId;
}

function figuresOf({ fund, lmt, classes }: DealFacts, active: ReadonlySet<LmtTool>): GateFigures {
  const value = (text: string | undefined, what: string): bigint | undefined =>
    text === undefined ? undefined : amountOf(text, what);
  const nav = amountOf(fund.nav, "fund.nav");
  const liquidAssets = value(fund.liquidAssets, "fund.liquidAssets");
  const quarterBase = value(fund.quarterBase, "fund.quarterBase");
  const redeemedInQuarter = value(fund.redeemedInQuarter, "fund.redeemedInQuarter");
  return {
    nav,
    ...(liquidAssets === undefined ? {} : { liquidAssets }),
    ...(quarterBase === undefined ? {} : { quarterBase }),
    ...(redeemedInQuarter === undefined ? {} : { redeemedInQuarter }),
    ...(lmt.eltif !== undefined && active.has("redemption_gate") ? { eltif: eltifOf() } : {}),
  };

  function eltifOf(): bigint {
    const frequency = classes[0]?.dealing.frequency;
    if (frequency === undefined || frequency === "daily")
      throw new EvergreenError("EG400", "classes.dealing.frequency: an ELTIF redeems at most weekly.");
    if (liquidAssets === undefined)
      throw new EvergreenError("EG400", "fund.liquidAssets: the limit of an ELTIF is a share of it.");
    const annexOne = lmt.eltif?.annex === "I" ? lmt.eltif : null;
    return eltifLimit({
      annex: annexOne === null ? "II" : "I",
      frequency,
      noticeMonths: annexOne?.noticeMonths ?? "0",
      monthlyAggregate: annexOne?.monthlyAggregate ?? false,
      liquidAssets,
      certainInflows: value(fund.certainInflows, "fund.certainInflows") ?? 0n,
      nav,
      redeemedInMonth: value(fund.redeemedInMonth, "fund.redeemedInMonth") ?? 0n,
    }).cap;
  }
}

/** Minor units → 10^-18. */
export function lifted(minor: bigint, currencyDp: number): bigint {
  return minor * pow10(VALUE_DP - currencyDp);
}
