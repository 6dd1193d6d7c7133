// Two programs that share no code, on the same ten thousand random days: what the allocator computes, the verifier finds right;
// and one unit, one cent or one digit that is moved, it finds wrong. Only this test sees both sides.
import { arbitraryDeal, LONG, RUNS } from "@evergreen-fund/finance/dealing/arbitrary-day.ts";
import { deal } from "@evergreen-fund/finance/dealing/deal.ts";
import type { DealtOrder } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DealRecord, Finding, RecordedDay, RecordedEntry, RecordedFill, RecordedOrder } from "./record.ts";
import { verifyDeal } from "./verify-deal.ts";

type Input = Parameters<typeof deal>[0];
const DATE = "2026-03-31";
const CHECKED = ["gate", "fills", "carried", "dealing prices", "cash"];

/** What the platform cannot store is left out: subscriptions in units, subscriptions without cash, refunds. */
function storable(input: Input): Input {
  return {
    ...input,
    classes: input.classes.map((row) => ({ ...row, dealing: { ...row.dealing, refundFrom: undefined } })),
    orders: input.orders.filter(
      (row) => row.direction !== "subscription" || (row.amount !== undefined && row.cleared !== false),
    ),
  };
}

function orderOf(row: Input["orders"][number]): RecordedOrder {
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
    dealings: 0,
    cleared: true,
  };
}

const fillOf = (row: DealtOrder): RecordedFill => ({
  flowId: row.id,
  cohort: row.cohort,
  requestedUnits: row.requestedUnits,
  filledUnits: row.filled,
  carriedUnits: row.carried,
  price: row.price,
  grossAmount: row.grossAmount,
  levy: row.levy,
  fee: row.fee,
  credit: "0",
  netAmount: row.amount,
  childFlowId: null,
});

/** What the room decides: what the day may pay of the class, or what the largest remainders give it if that is more. */
function capOf({ classes }: ReturnType<typeof deal>, classId: string): string {
  const { capUnits, filledUnits } = classes.find(({ id }) => id === classId) ?? { capUnits: "0", filledUnits: "0" };
  const digits = (text: string): bigint => BigInt(text.replace(".", ""));
  return capUnits !== null && digits(capUnits) > digits(filledUnits) ? capUnits : filledUnits;
}

/** The public rows of an allocated day. */
function recordOf(input: Input, dealt: ReturnType<typeof deal>): DealRecord {
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
      fills: own.map(fillOf),
    };
  });
  const held = (input.lots ?? []).map(
    (lot): RecordedEntry => ({
      flowId: null,
      investorId: lot.investorId,
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
      liquidAssets: null,
      inputs: [],
      classes: dealt.classes.map((row) => ({
        classId: row.id,
        classCode: row.id,
        unitsDp: 4,
        priceDp: 4,
        nav: "0",
        units: "0",
        navPerUnit: row.navPerUnit,
        priceSubscription: row.dealingPriceSubscription,
        priceRedemption: row.dealingPriceRedemption,
      })),
      proposal: null,
    },
    lmt: input.lmt as Record<string, unknown>,
    activated: [],
    navsBefore: [],
    redeemedBefore: [],
    days,
    orders: [...kindOf.values()].map(orderOf),
    entries: [...held, ...gone],
    past: [],
  };
}

const found = (record: DealRecord): Finding[] =>
  verifyDeal(record).days.flatMap(({ findings }) => findings.filter(({ check }) => CHECKED.includes(check)));

const settings = { ...RUNS, seed: 20261121 };

describe("ten thousand random days", () => {
  it(
    "are found right",
    () => {
      fc.assert(
        fc.property(arbitraryDeal.map(storable), (input) => {
          const dealt = deal(input);
          const findings = found(recordOf(input, dealt));
          if (dealt.status === "stopped") return; // nothing is allocated, so there is nothing to find
          expect(findings.filter(({ ok }) => ok !== true)).toEqual([]);
          expect(findings).toHaveLength(CHECKED.length * input.classes.length);
        }),
        settings,
      );
    },
    LONG,
  );

  it(
    "are found wrong when one number of one fill is moved by its last digit",
    () => {
      const moved = fc.record({
        input: arbitraryDeal.map(storable),
        which: fc.nat(),
        field: fc.constantFrom(
          "filledUnits",
          "carriedUnits",
          "price",
          "grossAmount",
          "levy",
          "fee",
          "netAmount",
        ) as fc.Arbitrary<"filledUnits" | "carriedUnits" | "price" | "grossAmount" | "levy" | "fee" | "netAmount">,
        up: fc.boolean(),
      });
      fc.assert(
        fc.property(moved, ({ input, which, field, up }) => {
          const dealt = deal(input);
          const record = recordOf(input, dealt);
          const fills = record.days.flatMap((day) => day.fills);
          const fill = fills[which % Math.max(1, fills.length)];
          fc.pre(dealt.status === "allocated" && fill !== undefined);
          const digits = BigInt((fill?.[field] ?? "0").replace(".", "")) + (up ? 1n : -1n);
          fc.pre(digits >= 0n);
          const places = fill?.[field].split(".")[1]?.length ?? 0;
          const text = digits.toString().padStart(places + 1, "0");
          const changed = { ...fill, [field]: `${text.slice(0, -places)}.${text.slice(-places)}` };
          const planted = {
            ...record,
            days: record.days.map((day) => ({
              ...day,
              fills: day.fills.map((row) => (row.flowId === fill?.flowId ? (changed as RecordedFill) : row)),
            })),
          };
          expect(found(planted).some(({ ok }) => ok === false)).toBe(true);
        }),
        settings,
      );
    },
    LONG,
  );
});
