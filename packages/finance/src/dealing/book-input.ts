// The book of a dealing day as the database answered it, and as the dealing engine takes it: orders, prices, terms, lots and the figures of the gate. Pure:
// the room that deals and the page that asks "what if" go through here.
import { EvergreenError } from "@evergreen-fund/domain";
import type { BookOfPage } from "@evergreen-fund/domain/dealing-book.ts";
import { DealingPolicy, LmtPolicy, type LmtTool } from "@evergreen-fund/domain/policies/index.ts";
import type { z } from "zod";
import { deal } from "./deal.ts";
import type { DealInput, DealOutput } from "./deal-shapes.ts";

type Order = BookOfPage["orders"][number];
type DealtInput = z.input<typeof DealInput>;

/** A fund without a policy of tools has none: nothing is gated, what is asked for is paid. */
const NO_TOOLS: LmtPolicy = { pack: "none", regime: "other", tools: [], carry: "auto_pari_passu" };

/** Errors: EG428 when a policy is not complete. */
export function toolsOf(book: BookOfPage): LmtPolicy {
  if (book.lmt === null) return NO_TOOLS;
  const parsed = LmtPolicy.safeParse(book.lmt);
  if (!parsed.success) throw new EvergreenError("EG428", "The policy of liquidity tools in force is not complete.");
  const { offer_share } = book;
  if (offer_share === null) return parsed.data;
  // a repurchase offer says how much of the NAV the fund buys back on its date
  return { ...parsed.data, gate: { ...(parsed.data.gate ?? { basis: "gross" }), share: offer_share } };
}

/** The whole book through the engine: every class that deals at the NAV, one gate (R3, R6 to R12). Errors: those of `deal`, EG428 for a policy that is not complete. */
export const dealBook = (book: BookOfPage, lmt: LmtPolicy = toolsOf(book)): DealOutput => deal(dealInput(book, lmt));

export function dealInput(book: BookOfPage, lmt: LmtPolicy): DealtInput {
  return {
    dealingDate: book.dealing_date,
    currency: book.currency,
    fund: {
      nav: book.nav,
      ...(book.liquid_assets === null ? {} : { liquidAssets: book.liquid_assets }),
      // before the first strike of a quarter its base is the NAV of the day
      quarterBase: book.quarter_base ?? book.nav,
      redeemedInQuarter: book.redeemed_in_quarter,
      redeemedInMonth: book.redeemed_in_month,
      ...(book.certain_inflows === null ? {} : { certainInflows: book.certain_inflows }),
    },
    classes: book.classes.map((row) => ({
      id: row.share_class_id,
      navPerUnit: row.nav_per_unit,
      dealing: termsOf(row),
      ...(row.before_fee === null ? {} : { beforeFee: row.before_fee }),
      ...(row.by_series ? { bySeries: seriesOf(row.by_series) } : {}),
    })),
    lmt,
    ...activeOf(book, lmt),
    orders: book.orders.flatMap(dealtOrder),
    ...(book.lots === null ? {} : { lots: book.lots.map(lotOf) }),
    ...(lmt.investorGate === undefined
      ? {}
      : {
          referenceHoldings: book.holdings.map((row) => ({
            ownerId: row.owner_id,
            classId: row.share_class_id,
            units: row.units,
            redeemedInPeriod: row.redeemed,
            step: row.step,
          })),
        }),
  };
}

const lotOf = (lot: NonNullable<BookOfPage["lots"]>[number]) => ({
  id: lot.lot_id,
  classId: lot.share_class_id,
  investorId: lot.investor_id,
  openedOn: lot.opened_on,
  units: lot.units,
  reference: lot.reference,
  credit: lot.credit,
  ...(lot.series === undefined ? {} : { series: lot.series }),
});

const seriesOf = ({ issue_price, series }: NonNullable<BookOfPage["classes"][number]["by_series"]>) => ({
  issuePrice: issue_price,
  series: series.map((one) => ({ id: one.series, units: one.units, price: one.nav_per_unit, fee: one.fee })),
});

function termsOf(row: BookOfPage["classes"][number]): DealingPolicy {
  const parsed = DealingPolicy.safeParse(row.policy);
  if (!parsed.success) throw new EvergreenError("EG428", `Class ${row.code} has no complete dealing policy in force.`);
  return parsed.data;
}

/** Selected tools work by themselves; of two that both set the price, the one that people put to use. */
function activeOf(book: BookOfPage, lmt: LmtPolicy): { active?: LmtTool[] } {
  const both = lmt.tools.includes("swing_pricing") && lmt.tools.includes("dual_pricing");
  if (!both) return {};
  const dropped = book.active.includes("dual_pricing") ? "swing_pricing" : "dual_pricing";
  const byDecision = ["notice_extension", "redemption_in_kind"];
  return { active: lmt.tools.filter((tool) => tool !== dropped && !byDecision.includes(tool)) };
}

/** Transfers move lots and nothing else: the engine only says how many of the units are free. */
function dealtOrder(order: Order): DealtInput["orders"] {
  const row = {
    id: order.flow_id,
    classId: order.share_class_id,
    investorId: order.investor_id,
    vintage: order.vintage,
    dealings: order.dealings,
    partialFills: order.fills,
    beneficialOwnerId: order.owner_id,
    asked: order.asked,
    kept: order.kept,
    ...(order.elected_lots.length === 0 ? {} : { electedLots: order.elected_lots }),
  };
  const asked = {
    ...(order.units === null ? {} : { units: order.units }),
    ...(order.amount === null ? {} : { amount: order.amount }),
  };
  if (order.kind === "plain") return [{ ...row, ...asked, direction: order.direction, cleared: order.cleared }];
  if (order.direction === "redemption") return [{ ...row, ...asked, direction: "switch_out" }];
  if (order.kind === "transfer") return [];
  return [{ ...row, direction: "switch_in", linkedOrderId: order.linked_flow_id ?? "" }];
}
