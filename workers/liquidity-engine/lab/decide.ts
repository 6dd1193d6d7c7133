// What each permitted combination of liquidity tools would do on the day: gate levels × basis × carry, the swing's tiers and who pays them, longer notice,
// and the 30-day cover before and after; compact enough to stand with the decision. Pure.
import type { CarryPolicy, GatePolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { dealRead } from "@evergreen-fund/finance/dealing/deal.ts";
import { readDay } from "@evergreen-fund/finance/dealing/deal-book.ts";
import { compareGates } from "@evergreen-fund/finance/dealing/deal-gate.ts";
import type { DealOutput } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import type { GateSummary } from "@evergreen-fund/finance/dealing/fund-gate.ts";
import { liquidityCoverage } from "@evergreen-fund/finance/liquidity.ts";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import { type Book, dealBook, dealInput, toolsOf } from "../dealing/facts.ts";

export interface LabRow {
  share: string | null;
  basis: GatePolicy["basis"];
  carry: CarryPolicy;
  status: string;
  fraction: string | null;
  paid: string;
  waiting: string;
  lapsing: string;
}

/** One way to set the factors of the swing: what the price would be, and what who deals would leave in the fund. */
export interface SwingRow {
  tiers: (typeof TIERS)[number]["tiers"];
  /** Signed, of the first class: minus for net redemptions. */
  factor: string;
  price: string;
  paid_by: "redemptions" | "subscriptions" | "nobody";
  amount: string;
}

/** Longer notice instead of dealing: everything of the date waits, whatever the length. */
export interface NoticeRow {
  notice: { n: number; basis: string };
  paid: string;
  waiting: string;
  subscriptions_waiting: string;
}

/** 30-day assets over stressed 30-day liabilities (R33), before the day and after it: what is paid leaves both. Null: nothing is due. */
export interface CoverRow {
  when: "before" | "after";
  assets: string;
  liabilities: string;
  ratio: string | null;
}

export interface Lab {
  cover: CoverRow[];
  as_is: LabRow;
  combinations: LabRow[];
  swing: SwingRow[];
  notice: NoticeRow[];
}

const TIERS = [
  { tiers: "none", times: "0" },
  { tiers: "half", times: "0.5" },
  { tiers: "as set", times: "1" },
  { tiers: "half as much again", times: "1.5" },
] as const;
const CARRIES: readonly CarryPolicy[] = ["auto_pari_passu", "priority_by_vintage", "lapse_resubmit"];

/** Amounts at NAV per unit in the fund's currency. The levels lie between what must be paid at least (the threshold) and the share of the policy. */
export function compareTools(book: Book): { asIs: DealOutput; lab: Lab } {
  const lmt = toolsOf(book);
  const day = readDay(dealInput(book, lmt));
  const asIs = dealRead(day);
  const own = rowOf(lmt, asIs.gate, lmt.carry);
  const { gate } = lmt;
  const others = { cover: coverRows(book, asIs), swing: swingRows(book, lmt, asIs), notice: noticeRows(lmt, asIs) };
  if (gate === undefined || !lmt.tools.includes("redemption_gate"))
    return { asIs, lab: { as_is: own, combinations: [], ...others } };
  const levels = levelsOf(gate).flatMap((share) =>
    (["gross", "net"] as const).map((basis) => ({ ...gate, basis, ...(share === null ? {} : { share }) })),
  );
  // who is carried and who lapses gets the same today: those two are one computation
  const tried = levels.flatMap((level) => [
    { gate: level, carry: "auto_pari_passu" as const },
    { gate: level, carry: "priority_by_vintage" as const },
  ]);
  const summaries = compareGates(day, tried);
  const combinations = levels.flatMap((level, position) =>
    CARRIES.map((carry) => {
      const summary = summaries[2 * position + (carry === "priority_by_vintage" ? 1 : 0)];
      return rowOf({ ...lmt, gate: level }, summary as GateSummary, carry);
    }),
  );
  return { asIs, lab: { as_is: own, combinations, ...others } };
}

/** The tiers without their factors, with half of them, as set, and half as much again up to the published maximum; nothing for a day that the gate stops. */
function swingRows(book: Book, lmt: LmtPolicy, asIs: DealOutput): SwingRow[] {
  const { swing } = lmt;
  if (swing === undefined || !lmt.tools.includes("swing_pricing") || asIs.status === "stopped") return [];
  const isPlain = [...swing.tiers.map(({ factor }) => factor), swing.maxFactor].every((text) => !text.includes("/"));
  // thirds and the like are not scaled
  const ways = isPlain ? TIERS : TIERS.filter(({ tiers }) => tiers === "none" || tiers === "as set");
  return ways.map(({ tiers, times }) => {
    const scaled = (factor: string): string => {
      if (times === "1") return factor;
      const wanted = decimal(factor).times(times);
      const most = isPlain ? decimal(swing.maxFactor) : wanted;
      return (wanted.gt(most) ? most : wanted).toFixed();
    };
    const tried = swing.tiers.map((tier) => ({ ...tier, factor: times === "0" ? "0" : scaled(tier.factor) }));
    return { tiers, ...swungBy(dealBook(book, { ...lmt, swing: { ...swing, tiers: tried } })) };
  });
}

/** Who deals on the side that moves the price pays: units × what the dealing price is off the NAV per unit, over all classes. */
function swungBy({ classes }: DealOutput): Omit<SwingRow, "tiers"> {
  const [first] = classes;
  const factor = decimal(first?.swingFactor ?? "0");
  const leaving = factor.lt(0);
  const amount = classes.reduce((sum, row) => {
    const price = decimal(leaving ? row.dealingPriceRedemption : row.dealingPriceSubscription);
    const off = price.minus(decimal(row.navPerUnit)).abs();
    return sum.plus(off.times(decimal(leaving ? row.filledUnits : row.issuedUnits)));
  }, ZERO);
  return {
    factor: factor.toFixed(),
    price: (leaving ? first?.dealingPriceRedemption : first?.dealingPriceSubscription) ?? "0",
    paid_by: factor.isZero() ? "nobody" : leaving ? "redemptions" : "subscriptions",
    amount: factor.isZero() ? "0" : amount.toDecimalPlaces(4).toFixed(),
  };
}

function coverRows({ cover }: Book, { gate }: DealOutput): CoverRow[] {
  const row = (when: CoverRow["when"], paid: string): CoverRow => {
    const rest = (of: string): string => {
      const left = decimal(of).minus(decimal(paid));
      return (left.lt(0) ? ZERO : left).toDecimalPlaces(4).toFixed();
    };
    const [assets, liabilities] = [rest(cover.assets), rest(cover.liabilities)];
    const { ratio } = liquidityCoverage({ assets30d: assets, stressedLiabilities30d: liabilities });
    return { when, assets, liabilities, ratio };
  };
  return [row("before", "0"), row("after", gate.pay)];
}

function noticeRows({ noticeExtension, tools }: LmtPolicy, { gate }: DealOutput): NoticeRow[] {
  if (noticeExtension === undefined || !tools.includes("notice_extension")) return [];
  const { redemptions, subscriptions } = gate;
  return [{ notice: noticeExtension.upTo, paid: "0", waiting: redemptions, subscriptions_waiting: subscriptions }];
}

/** At most four: the threshold, half-way, the policy's own, and half as much again. */
function levelsOf({ share, threshold }: GatePolicy): (string | null)[] {
  if (share === undefined || share.includes("/")) return [null];
  const own = decimal(share);
  const least =
    threshold?.kind === "nav_share" && !threshold.share.includes("/") ? decimal(threshold.share) : own.div(2);
  const levels = [least, least.plus(own).div(2), own, own.times("1.5")].filter((level) => level.gt(0) && level.lte(1));
  return [...new Set(levels.map((level) => level.toDecimalPlaces(18).toFixed()))];
}

function rowOf(lmt: LmtPolicy, gate: GateSummary, carry: CarryPolicy): LabRow {
  const rest = decimal(gate.redemptions).minus(decimal(gate.pay)).toFixed();
  const lapses = carry === "lapse_resubmit";
  return {
    share: lmt.gate?.share ?? null,
    basis: lmt.gate?.basis ?? "gross",
    carry,
    status: gate.status,
    fraction: gate.fraction,
    paid: gate.pay,
    waiting: lapses ? "0" : rest,
    lapsing: lapses ? rest : "0",
  };
}
