// What happens to the lots of a class between two states of its books: the events that equalisation (R24) and series (R25) both take, and the
// postings both make. Pure.
import { EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Name, NonNegative } from "../parse.ts";
import { Day } from "./days.ts";
import { Fraction } from "./fraction.ts";

const Positive = MoneyString.refine((text) => /^[^-]*[1-9]/.test(text), "expected an amount above zero");

export const LotEvent = z.discriminatedUnion("kind", [
  /** Profit or loss of the class after operating costs and management fee, before performance fee. */
  z.strictObject({ kind: z.literal("result"), date: Day, amount: MoneyString }),
  /** A new lot is bought for an amount net of entry charges. */
  z.strictObject({ kind: z.literal("subscribe"), date: Day, lot: Name, amount: Positive }),
  /** Units of a lot are redeemed, or all of them when `units` is left out. */
  z.strictObject({ kind: z.literal("redeem"), date: Day, lot: Name, units: NonNegative.optional() }),
  /** An amount leaves the class at the ex-date, to each lot in proportion to its value before performance fee. */
  z.strictObject({ kind: z.literal("distribute"), date: Day, amount: Positive }),
  /** The performance fee is taken. */
  z.strictObject({ kind: z.literal("crystallise"), date: Day }),
]);
export type LotEvent = z.infer<typeof LotEvent>;

/** One line of the unit and cash ledgers that an event calls for. Signed: units and cash as the holder of the lot gets them. */
export const LotPosting = z.strictObject({
  event: z.int(),
  date: z.string(),
  kind: z.enum(["subscription", "redemption", "distribution", "refund", "depreciation", "roll_up"]),
  lot: z.string(),
  /** Signed change of the lot's units. */
  units: z.string(),
  price: z.string(),
  /** Signed cash: negative paid in, positive paid out. */
  cash: z.string(),
  /** Performance fee crystallised with it, paid by the class to the manager. */
  fee: z.string(),
});
export type LotPosting = z.infer<typeof LotPosting>;

/** The same event with exact numbers; a redemption as units or as a share of the lot. */
export type ExactEvent =
  | { kind: "result"; date: string; amount: Fraction }
  | { kind: "subscribe"; date: string; lot: string; amount: Fraction }
  | { kind: "redeem"; date: string; lot: string; units?: Fraction; share?: Fraction }
  | { kind: "distribute"; date: string; amount: Fraction }
  | { kind: "crystallise"; date: string };

export type ExactPosting = {
  kind: LotPosting["kind"];
  lot: string;
  units: Fraction;
  price: Fraction;
  cash: Fraction;
  fee: Fraction;
};

export function exactEvent(event: LotEvent): ExactEvent {
  switch (event.kind) {
    case "crystallise":
      return event;
    case "redeem":
      return event.units === undefined
        ? { kind: "redeem", date: event.date, lot: event.lot, share: Fraction.ONE }
        : { kind: "redeem", date: event.date, lot: event.lot, units: Fraction.of(event.units) };
    default:
      return { ...event, amount: Fraction.of(event.amount) };
  }
}

/** The share of a lot that a redemption takes. Errors: EG400 unless it is above zero and at most the lot. */
export function redeemedShare(event: { units?: Fraction; share?: Fraction }, lotUnits: Fraction): Fraction {
  const share = event.share ?? (event.units ?? Fraction.ZERO).over(lotUnits);
  if (!share.isPositive || share.gt(Fraction.ONE)) {
    throw new EvergreenError("EG400", "A redemption takes more than no units and at most those of its lot.");
  }
  return share;
}

/** Events in the order given. Errors: EG400 when their days fall. */
export function refuseFallingDays(events: readonly { date: string }[]): void {
  events.forEach((event, position) => {
    if (position > 0 && event.date < events[position - 1]!.date) {
      throw new EvergreenError("EG400", `events.${position}.date: before the event in front of it.`);
    }
  });
}

export function postingText(event: number, date: string, posting: ExactPosting): LotPosting {
  const { kind, lot, units, price, cash, fee } = posting;
  return {
    event,
    date,
    kind,
    lot,
    units: units.ratioText(),
    price: price.ratioText(),
    cash: cash.ratioText(),
    fee: fee.ratioText(),
  };
}
