// For tests: a day that the allocator computed, as the record that the verifier reads. Imports the allocator's types; the verifier itself does not.
import type { deal } from "@evergreen-fund/finance/dealing/deal.ts";
import type { DealtOrder } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import type { DealRecord, RecordedDay, RecordedEntry, RecordedFill, RecordedOrder } from "./record.ts";

export type Input = Parameters<typeof deal>[0];
export const DATE = "2026-03-31";
export const CHECKED = ["gate", "fills", "carried", "dealing prices", "cash"];

/** What the platform cannot store is left out: subscriptions in units, subscriptions without cash. */
export function storable(input: Input): Input {
  return {
    ...input,
    orders: input.orders.filter(
      (row) => row.direction !== "subscription" || (row.amount !== undefined && row.cleared !== false),
    ),
  };
}

export function orderOf(row: Input["orders"][number]): RecordedOrder {
  const out = row.direction === "redemption" || row.direction === "switch_out";
  return {
    flowId: row.id,
    investorId: row.investorId,
    classId: row.classId,
    direction: out ? "redemption" : "subscription",
    kind: row.direction.startsWith("switch") ? "switch" : "plain",
    units: row.units ?? null,
    amount: row.amount ?? null,
    vintage: row.vintage,
    dealingDayId: row.classId,
    linkedFlowId: row.linkedOrderId ?? (row.direction === "switch_out" ? `${row.id}-in` : null),
    parentFlowId: null,
    filledBefore: (row.partialFills ?? 0) > 0,
    dealings: row.dealings ?? 0,
    cleared: true,
    ownerId: row.beneficialOwnerId ?? row.investorId,
    electedLots: row.electedLots ?? [],
    asked: row.asked ?? false,
    kept: row.kept ?? false,
  };
}

export const fillOf = (row: DealtOrder): RecordedFill => ({
  flowId: row.id,
  cohort: row.cohort,
  requestedUnits: row.requestedUnits,
  filledUnits: row.filled,
  carriedUnits: row.carried,
  price: row.price,
  grossAmount: row.grossAmount,
  levy: row.levy,
  fee: row.fee,
  refund: row.refund,
  credit: row.credit,
  performanceFee: row.performanceFee,
  highWater: row.reference,
  equalisationCredit: row.equalisationCredit,
  netAmount: row.amount,
  childFlowId: null,
});

/** By series: what of which lot at which price, with the part of the series' fee, HALF_UP; and the series that the day opens. */
function seriesOf(input: Input, row: DealtOrder): Pick<RecordedFill, "series" | "pieces"> {
  const of = input.classes.find(({ id }) => id === row.classId)?.bySeries;
  if (of === undefined) return {};
  const lots = new Map((input.lots ?? []).map((lot) => [lot.id, lot.series ?? ""]));
  const digits = (text: string): bigint => BigInt(text.replace(".", ""));
  return {
    series: row.direction === "subscription" || row.direction === "switch_in" ? DATE : "",
    pieces: row.lots.map((lot) => {
      const series = lots.get(lot.lotId) ?? "";
      const { fee = "0.00", units = "1.0000" } = of.series.find(({ id }) => id === series) ?? {};
      const owed = (2n * digits(fee) * digits(lot.units) + digits(units)) / (2n * digits(units));
      const performanceFee = `${owed / 100n}.${String(owed % 100n).padStart(2, "0")}`;
      return {
        lotId: lot.lotId,
        series,
        units: lot.units,
        price: lot.price ?? "",
        amount: lot.amount ?? "",
        performanceFee,
      };
    }),
  };
}

/** What the room decides: what the day may pay of the class, or what the largest remainders give it if that is more. */
export function capOf({ classes }: ReturnType<typeof deal>, classId: string): string {
  const { capUnits, filledUnits } = classes.find(({ id }) => id === classId) ?? { capUnits: "0", filledUnits: "0" };
  const digits = (text: string): bigint => BigInt(text.replace(".", ""));
  return capUnits !== null && digits(capUnits) > digits(filledUnits) ? capUnits : filledUnits;
}

/** Behind the last of the accounts stands the first. */
export const ownerOf = (investorId: string): string => (investorId === "lp4" ? "lp0" : investorId);

/** A class before its fee; the allocator is told of the sum, and its parts are of no matter to a price. */
export function valuesOf({ classes }: Input, id: string): { nav: string; units: string; performanceAccrued: string } {
  const before = classes.find((row) => row.id === id)?.beforeFee;
  return { nav: before?.value ?? "0", units: before?.units ?? "0", performanceAccrued: "0" };
}

/** The series of a class at the strike; what they are worth is of no matter to an order, which has their prices. */
function struckSeries(input: Input, classId: string) {
  const of = input.classes.find(({ id }) => id === classId)?.bySeries;
  if (of === undefined) return {};
  return {
    series: of.series.map(({ id, units, price, fee }) => ({
      series: id,
      units,
      nav: "0",
      navPerUnit: price,
      performanceAccrued: fee,
      highWater: price,
      since: DATE,
    })),
  };
}

/** The public rows of an allocated day. */
export function recordOf(input: Input, dealt: ReturnType<typeof deal>, before: Partial<DealRecord> = {}): DealRecord {
  const kindOf = new Map(input.orders.map((row) => [row.id, row]));
  const days = input.classes.map((row): RecordedDay => {
    const own = dealt.orders.filter((order) => order.classId === row.id);
    return {
      dealingDayId: row.id,
      classId: row.id,
      classCode: row.id,
      unitsDp: 4,
      priceDp: 4,
      status: "allocated",
      orderRoot: null,
      orders: own.length,
      decision:
        dealt.gate.status === "gated"
          ? {
              gate: true,
              cap_units: capOf(dealt, row.id),
              fraction: dealt.gate.fraction,
            }
          : { gate: false },
      dayHash: null,
      terms: row.dealing as Record<string, unknown>,
      leaves: [],
      fills: own.map((order) => ({ ...fillOf(order), ...seriesOf(input, order) })),
    };
  });
  const held = (input.lots ?? []).map(
    (lot): RecordedEntry => ({
      flowId: null,
      investorId: lot.investorId,
      ownerId: ownerOf(lot.investorId),
      classId: lot.classId,
      lotId: lot.id,
      units: lot.units,
      openedOn: lot.openedOn,
      countsOn: null,
    }),
  );
  const opened = new Map((input.lots ?? []).map((lot) => [lot.id, lot.openedOn]));
  const gone = dealt.orders.flatMap((row) =>
    row.lots.map(
      (lot): RecordedEntry => ({
        flowId: row.id,
        investorId: row.investorId,
        ownerId: ownerOf(row.investorId),
        classId: row.classId,
        lotId: lot.lotId,
        units: `-${lot.units}`,
        openedOn: opened.get(lot.lotId) ?? "",
        countsOn: DATE,
      }),
    ),
  );
  return {
    fundId: "f",
    fund: "SYN",
    currency: "EUR",
    cashDp: 2,
    date: DATE,
    strike: {
      navDate: DATE,
      version: 1,
      state: "final",
      inputsHash: "",
      totalAssets: null,
      liabilities: null,
      gnav: null,
      performanceFee: null,
      nav: input.fund.nav,
      liquidAssets: input.fund.liquidAssets ?? null,
      certainInflows: input.fund.certainInflows ?? null,
      inputs: [],
      classes: dealt.classes.map((row) => ({
        classId: row.id,
        classCode: row.id,
        unitsDp: 4,
        priceDp: 4,
        ...valuesOf(input, row.id),
        navPerUnit: row.navPerUnit,
        issuePrice: input.classes.find(({ id }) => id === row.id)?.bySeries?.issuePrice ?? null,
        ...struckSeries(input, row.id),
        priceSubscription: row.dealingPriceSubscription,
        priceRedemption: row.dealingPriceRedemption,
      })),
      proposal: null,
    },
    lmt: input.lmt as Record<string, unknown>,
    activated: [],
    offerShare: null,
    navsBefore: [],
    redeemedBefore: [],
    days,
    orders: [...kindOf.values()].map(orderOf),
    entries: [...held, ...gone],
    past: [],
    marks: input.classes.flatMap(({ id, beforeFee }) =>
      beforeFee === undefined
        ? []
        : [{ classId: id, asOf: DATE, setAt: "", cause: "opening", highWater: beforeFee.mark }],
    ),
    ...before,
  };
}
