// What a dealing day is computed from and what comes out: the shapes of `deal`. Amounts and units are decimal strings. Pure.
import { CurrencyCode, MoneyString } from "@evergreen-fund/domain";
import { AmountString, DealingPolicy, IsoDate, LmtPolicy, LmtTool } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { Name, NonNegative } from "../parse.ts";
import { GateSummary } from "./fund-gate.ts";

export const DealOrder = z.strictObject({
  id: Name,
  classId: Name,
  investorId: Name,
  /** Who stands behind nominees and feeders; the investor itself when left out. */
  beneficialOwnerId: Name.optional(),
  direction: z.enum(["subscription", "redemption", "switch_out", "switch_in"]),
  /** One of the two; a switch_in has neither: it gets the proceeds of its switch_out. */
  units: NonNegative.optional(),
  amount: AmountString.optional(),
  /** Date of the first request; a carried order keeps that of its parent. */
  vintage: IsoDate,
  /** Subscriptions: whether the cash has come. */
  cleared: z.boolean().default(true),
  /** What the chain of carried orders has behind it. */
  partialFills: z.int().min(0).default(0),
  dealings: z.int().min(0).default(0),
  asked: z.boolean().default(false),
  /** Asked about a small rest, the investor chose to keep it. */
  kept: z.boolean().default(false),
  electedLots: z.array(Name).max(1_000).optional(),
  /** switch_in: its switch_out. */
  linkedOrderId: Name.optional(),
});

export const DealInput = z.strictObject({
  dealingDate: IsoDate,
  currency: CurrencyCode,
  fund: z.strictObject({
    /** Unswung, of all classes. */
    nav: MoneyString,
    liquidAssets: AmountString.optional(),
    quarterBase: AmountString.optional(),
    redeemedInQuarter: AmountString.optional(),
    /** ELTIF: prudent inflows of 12 months, and what the month has redeemed. */
    certainInflows: AmountString.optional(),
    redeemedInMonth: AmountString.optional(),
  }),
  classes: z
    .array(
      z.strictObject({
        id: Name,
        navPerUnit: NonNegative,
        dealing: DealingPolicy,
        /** Equalisation (R24): value of the class before performance fee, the units it is of, and the mark; left out, nothing of a fee is open. */
        beforeFee: z.strictObject({ value: MoneyString, units: NonNegative, mark: NonNegative }).optional(),
        /** A fee by series (R25): the price at which is subscribed, and each series with its units, its price after fee and the fee it has open. */
        bySeries: z
          .strictObject({
            issuePrice: NonNegative,
            series: z
              .array(
                z.strictObject({
                  id: z.string().min(1).max(200),
                  units: NonNegative,
                  price: NonNegative,
                  fee: MoneyString,
                }),
              )
              .max(100_000),
          })
          .optional(),
      }),
    )
    .min(1)
    .max(1_000),
  lmt: LmtPolicy,
  /** Tools in use today; left out: the selected ones that work by themselves. */
  active: z.array(LmtTool).max(20).optional(),
  orders: z.array(DealOrder).max(1_000_000),
  /** All lots of the redeemers; when given, nobody redeems more than their free lots. */
  lots: z
    .array(
      z.strictObject({
        id: Name,
        classId: Name,
        investorId: Name,
        openedOn: IsoDate,
        units: NonNegative,
        /** Equalisation: the lot's own reference per unit, and its credit in money for all its units. */
        reference: z
          .string()
          .regex(/^-?\d{1,38}(\.\d{1,18})?$/, "expected a plain decimal")
          .optional(),
        credit: NonNegative.default("0"),
        series: z.string().max(200).optional(),
      }),
    )
    .max(5_000_000)
    .optional(),
  /** Holdings at the reference date, for the investor gate. */
  referenceHoldings: z
    .array(
      z.strictObject({
        ownerId: Name,
        classId: Name,
        units: NonNegative,
        redeemedInPeriod: NonNegative.default("0"),
        step: z.int().min(0).default(0),
      }),
    )
    .max(1_000_000)
    .optional(),
});
export type DealFacts = z.output<typeof DealInput>;

export const DealtOrder = z.strictObject({
  id: z.string(),
  investorId: z.string(),
  classId: z.string(),
  direction: DealOrder.shape.direction,
  outcome: z.enum(["full", "partial", "none", "waits"]),
  /** Units, or money where the order is in money. */
  requested: z.string(),
  requestedIn: z.enum(["units", "amount"]),
  requestedUnits: z.string().nullable(),
  /** Units not admitted: locked, or more than the investor holds. */
  refused: z.string(),
  /** Units that take part in the allocation: what free lots cover and the investor gate lets through. */
  admitted: z.string().nullable(),
  /** Units redeemed or issued. */
  filled: z.string(),
  /** Units that go on as a child order, and units that end here. */
  carried: z.string(),
  lapsed: z.string(),
  carry: z.enum(["carried", "lapsed", "ask_dust", "cancelled_dust", "pay_or_notify", "notify"]).nullable(),
  cohort: z.string(),
  price: z.string(),
  grossAmount: z.string(),
  levy: z.string(),
  /** Redemption fee and soft-lock fee. */
  fee: z.string(),
  refund: z.string(),
  /** Redemption under equalisation: the credit that is paid with it, below zero a depreciation charge. With either method: the performance fee it crystallises. */
  credit: z.string(),
  performanceFee: z.string(),
  /** Subscription under equalisation: what the new lot starts with, its reference per unit and its credit in money. */
  reference: z.string().nullable(),
  equalisationCredit: z.string(),
  /** Redemption: cash to the investor. Subscription: what bought units. */
  amount: z.string(),
  lots: z.array(
    z.strictObject({
      lotId: z.string(),
      units: z.string(),
      feeRate: z.string(),
      /** By series: the price of its series, and what the piece comes to at it. `price` of the order is then what its units got on average. */
      price: z.string().optional(),
      amount: z.string().optional(),
    }),
  ),
  reason: z.string(),
});
export type DealtOrder = z.infer<typeof DealtOrder>;

export const DealOutput = z.strictObject({
  status: z.enum(["allocated", "stopped"]),
  /** What the people have to do when the engine stopped. */
  stoppedBecause: z.string().nullable(),
  gate: GateSummary,
  classes: z.array(
    z.strictObject({
      id: z.string(),
      navPerUnit: z.string(),
      swingFactor: z.string(),
      dealingPriceSubscription: z.string(),
      dealingPriceRedemption: z.string(),
      capUnits: z.string().nullable(),
      requestedUnits: z.string(),
      filledUnits: z.string(),
      issuedUnits: z.string(),
    }),
  ),
  orders: z.array(DealtOrder),
  /** What rounding leaves in the fund: exact, and the whole minor units of it that are booked as income. */
  residuals: z.array(
    z.strictObject({
      orderId: z.string(),
      kind: z.enum(["subscription_rounding", "redemption_rounding"]),
      exact: z.string(),
      cash: z.string(),
    }),
  ),
  totals: z.strictObject({
    redemptionsGross: z.string(),
    redemptionsPaid: z.string(),
    subscriptionsGross: z.string(),
    subscriptionsInvested: z.string(),
    /** Levies and fees credited to the fund. */
    charges: z.string(),
    crossed: z.string(),
    /** Executed at NAV per unit over all classes: what the swing looks at. */
    executedNet: z.string(),
  }),
});
export type DealOutput = z.infer<typeof DealOutput>;
