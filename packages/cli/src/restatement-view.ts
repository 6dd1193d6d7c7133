// What a restatement comes to: previewed before anything is written, or as it was recorded, with what is not paid yet.
import { decimal } from "@evergreen-fund/finance/money.ts";
import { RestatementFacts } from "@evergreen-fund/supabase-client/dealing-facts.ts";
import { z } from "zod";
import type { Answer } from "./command.ts";
import { facts, figure, fixed } from "./output.ts";
import { currencyDecimals, listClasses } from "./reads/classes.ts";
import { type FundRow, findFund } from "./reads/funds.ts";
import { investorCodes } from "./reads/imports.ts";
import {
  type CompensationRow,
  compensationsOf,
  findCorrection,
  type Notification,
  notificationsOf,
  owedEntries,
  type RestatementRow,
  restatementsOf,
  SeriesPart,
} from "./reads/restatements.ts";
import { dayJson, daysText, dealJsonOf, dealsText, type RestatedDay, type RestatedDeal } from "./restatement-text.ts";
import type { Session } from "./session.ts";

/** Rows of a restated day, recorded or previewed, under the names that people use. */
const dayOf = (row: Record<string, unknown>, classOf: (id: string) => string, classId: string): RestatedDay => ({
  dealingDayId: String(row.dealing_day_id),
  class: classOf(classId),
  published: String(row.published),
  correct: String(row.correct),
  error: String(row.error),
  tolerance: String(row.tolerance),
  material: row.material === true,
  direction: String(row.direction),
  fundPays: String(row.fund_pays),
  fundReceives: String(row.fund_receives),
});
const orNull = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
export const dealOf = (row: Record<string, unknown>, codes: ReadonlyMap<string, string>): RestatedDeal => ({
  orderId: String(row.flow_id),
  investor: codes.get(String(row.investor_id)) ?? String(row.investor_id),
  kind: String(row.kind),
  unitsDealt: String(row.units_dealt),
  unitsDue: orNull(row.units_due),
  cashDue: orNull(row.cash_due),
  difference: String(row.difference),
  owedTo: String(row.owed_to),
  owedBy: String(row.owed_by),
  pays: row.pays === true,
  ...partsOf(row.due),
});

const Parts = z.object({ performance_fee: z.string().optional(), series: z.array(SeriesPart).optional() });
function partsOf(due: unknown): Pick<RestatedDeal, "performanceFee" | "series"> {
  const { performance_fee: fee = "0", series = [] } = Parts.parse(due ?? {});
  return { performanceFee: fee, series };
}

interface Shown {
  days: RestatedDay[];
  deals: RestatedDeal[];
  fund: FundRow;
  cashDp: number;
  dp: { units: number; price: number };
}

export function shownJson({ days, deals, cashDp, dp }: Shown) {
  return {
    material: days.some((day) => day.material),
    days: days.map((day) => dayJson(day, cashDp, dp.price)),
    deals: deals.map((deal) => dealJsonOf(deal, cashDp, dp.units)),
  };
}
export const shownText = ({ days, deals, fund, cashDp, dp }: Shown): string[] => [
  daysText(days, fund.base_currency, cashDp),
  dealsText(deals, fund.base_currency, { cashDp, unitsDp: dp.units }),
];

/** What the correction would come to, computed as the Commander will. */
export async function preview(
  session: Session,
  fund: FundRow,
  strikeId: string,
  inputs: readonly Record<string, unknown>[],
): Promise<
  Shown & { nav: string; prices: { class: string; published: string; correct: string }[]; follows: string[] }
> {
  const { compensation, correctedNav, withCorrectPrices } = await import(
    "@evergreen-fund/finance/dealing/restated-nav.ts"
  );
  const read = await session.call("fn_preview_restatement", { strike_id: strikeId, inputs }, RestatementFacts);
  const figures = correctedNav(read);
  const priced = withCorrectPrices(read, figures);
  const { classes, deals } = compensation(priced);
  const [rows, decimals, codes] = await Promise.all([
    listClasses(session, fund.fund_id),
    currencyDecimals(session),
    investorCodes(
      session,
      deals.map((deal) => String(deal.investor_id)),
    ),
  ]);
  const classOf = (id: string): string => rows.find((row) => row.share_class_id === id)?.code ?? id;
  const classOfDay = new Map(read.days.map((day) => [day.dealing_day_id, day.share_class_id]));
  return {
    fund,
    cashDp: decimals.get(fund.base_currency) ?? 2,
    dp: {
      units: Math.max(0, ...read.prices.map((row) => row.units_dp)),
      price: Math.max(0, ...read.prices.map((row) => row.price_dp)),
    },
    days: classes.map((row) => dayOf(row, classOf, classOfDay.get(String(row.dealing_day_id)) ?? "")),
    deals: deals.map((row) => dealOf(row, codes)),
    nav: figures.nav,
    prices: priced.prices.map((row) => ({
      class: classOf(row.share_class_id),
      published: fixed(row.published, row.price_dp),
      correct: fixed(row.correct ?? "0", row.price_dp),
    })),
    follows: read.later.map((row) => row.nav_date),
  };
}

/** What is recorded of a restatement, with what is still owed. */
async function recorded(session: Session, fund: FundRow, rows: readonly RestatementRow[]) {
  const [classes, decimals, found] = await Promise.all([
    listClasses(session, fund.fund_id),
    currencyDecimals(session),
    Promise.all(rows.map((row) => compensationsOf(session, row.restatement_id))),
  ]);
  const deals = found.flat();
  const codes = await investorCodes(
    session,
    deals.map((deal) => deal.investor_id),
  );
  const classOf = (id: string): string => classes.find((row) => row.share_class_id === id)?.code ?? id;
  const shown: Shown = {
    fund,
    cashDp: decimals.get(fund.base_currency) ?? 2,
    dp: {
      units: Math.max(0, ...classes.map((row) => row.units_dp)),
      price: Math.max(0, ...classes.map((row) => row.price_dp)),
    },
    days: rows.map((row) => dayOf(row, classOf, row.share_class_id)),
    deals: deals.map((row) => dealOf({ ...row }, codes)),
  };
  return { shown, unpaid: await unpaidOf(session, deals) };
}

/** Compensation that is not paid yet, by order; fund currency. */
export async function unpaidOf(session: Session, deals: readonly CompensationRow[]): Promise<Map<string, string>> {
  const owed = new Map<string, string>();
  const flows = [...new Set(deals.filter((deal) => deal.pays).map((deal) => deal.flow_id))];
  for (const { flowId, amount } of await owedEntries(session, flows))
    owed.set(
      flowId,
      decimal(owed.get(flowId) ?? "0")
        .minus(decimal(amount))
        .toFixed(),
    );
  return owed;
}

export const sum = (amounts: Iterable<string>): string =>
  [...amounts].reduce((total, amount) => total.plus(decimal(amount)), decimal("0")).toFixed();

export const notificationWords = (note: Notification | undefined): string =>
  note === undefined
    ? "not needed"
    : note.document === null
      ? `due from ${note.dueFrom}, by ${note.dueBy}`
      : `told: ${note.document}`;

export async function showOne(session: Session, strikeId: string): Promise<Answer> {
  const strike = await findCorrection(session, strikeId);
  const fund = await findFund(session, strike.fund_id);
  const rows = (await restatementsOf(session, fund.fund_id)).filter((row) => row.strike_id === strike.strike_id);
  const [{ shown, unpaid }, notes] = await Promise.all([
    recorded(session, fund, rows),
    notificationsOf(session, fund.fund_id),
  ]);
  const note = notes.get(strike.strike_id);
  const open = fixed(sum(unpaid.values()), shown.cashDp);
  return {
    json: {
      fund: fund.code,
      strikeId: strike.strike_id,
      supersedes: strike.supersedes,
      date: strike.nav_date,
      version: strike.version,
      state: strike.state,
      reason: strike.reason,
      currency: fund.base_currency,
      recorded: rows.length > 0,
      ...shownJson(shown),
      unpaid: open,
      notification: note ?? null,
    },
    text: [
      facts([
        ["Fund", fund.code],
        ["NAV date", `${strike.nav_date}, version ${strike.version}, ${strike.state}`],
        ["Because", strike.reason],
        ["Not paid yet", `${figure(open, shown.cashDp)} ${fund.base_currency}`],
        ["Authority", notificationWords(note)],
      ]),
      ...(rows.length === 0
        ? ["Nothing is recorded yet: two people approve the corrected NAV first (`evergreen nav show`)."]
        : shownText(shown)),
    ].join("\n\n"),
  };
}
