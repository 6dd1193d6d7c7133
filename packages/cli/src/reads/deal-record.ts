// The public rows of a dealing date as the verifier wants them. Reads and renames; computes nothing that is checked.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { DealRecord, RecordedDay, RecordedStrike } from "@evergreen-fund/verifier";
import { z } from "zod";
import type { Session } from "../session.ts";
import { currencyDecimals, listClasses } from "./classes.ts";
import { type DayRow, daysOn, fillsOf } from "./deals.ts";
import type { FundRow } from "./funds.ts";
import { type OrderRow, ordersOfDay } from "./orders.ts";
import { offerShareOf, ownersOn } from "./owners.ts";
import {
  activatedTools,
  DateRow,
  entriesOf,
  marksOf,
  ordersOf,
  pastOf,
  redeemedBefore,
  withPast,
} from "./record-history.ts";
import { navsBefore } from "./record-navs.ts";
import { seriesBefore, seriesOf } from "./record-series.ts";
import { approvalsOf, classNavsOf, inputsOf, proposalOf, strikeById } from "./strikes.ts";

const LeafRow = z.object({
  position: z.number(),
  flow_id: z.string(),
  salt: z.string(),
  canonical: z.string(),
  leaf: z.string(),
});
const PolicyRow = z.object({ policy_id: z.string(), body: z.record(z.string(), z.unknown()) });

/**
 * Everything public about a fund's dealing date, over every class that deals on it. Errors: EG404 when nothing does.
 */
export async function dealRecord(session: Session, fund: FundRow, date: string): Promise<DealRecord> {
  const all = (await daysOn(session, fund.fund_id, date)).filter(
    (day) => !["suspended", "discarded"].includes(day.status),
  );
  const [first] = all;
  if (first === undefined)
    throw new EvergreenError("EG404", `Nothing of ${fund.code} deals on ${date}; see \`evergreen deal list\`.`);
  const strikeId = all.find((day) => day.strike_id !== null)?.strike_id ?? null;
  const [classes, decimals, lmt, strike, dates] = await Promise.all([
    listClasses(session, fund.fund_id),
    currencyDecimals(session),
    first.lmt_policy_id === null
      ? undefined
      : session.one(
          "lmt_policies",
          "policy_id,body",
          (query) => query.eq("policy_id", first.lmt_policy_id ?? ""),
          PolicyRow,
        ),
    strikeId === null ? null : recordedStrike(session, strikeId),
    session.all(
      "dealing_days",
      "dealing_day_id,dealing_date,status",
      "dealing_day_id",
      (row) => row.dealing_day_id,
      (query) => query.eq("fund_id", fund.fund_id),
      DateRow,
    ),
  ]);
  const classOf = new Map(classes.map((row) => [row.share_class_id, row]));
  const pockets = classes.filter((row) => row.pocket_of !== null).map((row) => row.share_class_id);
  const days: RecordedDay[] = [];
  const orders = new Map<string, OrderRow>();
  for (const day of all) {
    const [recorded, own] = await Promise.all([
      recordedDay(session, day, classOf.get(day.share_class_id)),
      ordersOfDay(session, day.dealing_day_id),
    ]);
    days.push(recorded);
    for (const order of own) orders.set(order.flow_id, order);
  }
  const gone = days.flatMap(({ leaves }) => leaves.map(({ flowId }) => flowId)).filter((id) => !orders.has(id));
  for (const order of await ordersOf(session, gone)) orders.set(order.flow_id, order);
  const [owners, offerShare] = await Promise.all([ownersOn(session, date), offerShareOf(session, fund.fund_id, date)]);
  const recordedOrders = await withPast(session, [...orders.values()], owners);
  const dateOf = new Map(dates.map((row) => [row.dealing_day_id, row.dealing_date]));
  const leaving = recordedOrders.filter((order) => order.direction === "redemption");
  const inSeries = (strike?.classes ?? []).filter((row) => row.series !== undefined).map((row) => row.classId);
  const [entries, past, navs, redeemed, activated, marks, before] = await Promise.all([
    entriesOf(session, fund.fund_id, days, leaving, { dateOf, date, owners }),
    pastOf(session, lmt?.body ?? {}, leaving, { dateOf, date, owners }),
    navsBefore(session, fund.fund_id, strikeId, date, pockets),
    redeemedBefore(session, dates, date),
    activatedTools(session, fund.fund_id, first.dealing_day_id),
    marksOf(session, [...classOf.keys()], first.dealing_day_id),
    seriesBefore(session, fund.fund_id, inSeries, strikeId, dates, date),
  ]);
  return {
    fundId: fund.fund_id,
    fund: fund.code,
    currency: fund.base_currency,
    cashDp: decimals.get(fund.base_currency) ?? 2,
    date,
    strike:
      strike === null
        ? null
        : {
            ...strike,
            classes: strike.classes.map((row) => ({
              ...row,
              classCode: classOf.get(row.classId)?.code ?? row.classId,
              unitsDp: classOf.get(row.classId)?.units_dp ?? 0,
              priceDp: classOf.get(row.classId)?.price_dp ?? 0,
              pocket: pockets.includes(row.classId),
              issuePrice: classOf.get(row.classId)?.issue_price ?? null,
            })),
          },
    lmt: lmt?.body ?? null,
    activated,
    offerShare,
    navsBefore: navs,
    redeemedBefore: redeemed,
    days,
    orders: recordedOrders,
    entries,
    marks,
    ...(before.length === 0 ? {} : { seriesBefore: before }),
    past,
  };
}

async function recordedStrike(session: Session, strikeId: string): Promise<RecordedStrike | null> {
  const [strike, inputs, classes, series] = await Promise.all([
    strikeById(session, strikeId),
    inputsOf(session, strikeId),
    classNavsOf(session, strikeId),
    seriesOf(session, strikeId),
  ]);
  if (strike === undefined) return null;
  const [proposal, approvals] =
    strike.proposal_id === null
      ? [undefined, []]
      : await Promise.all([proposalOf(session, strike.proposal_id), approvalsOf(session, strike.proposal_id)]);
  const figure = (name: string): string | null => {
    const found = strike.body[name];
    return typeof found === "string" || typeof found === "number" ? String(found) : null;
  };
  return {
    navDate: strike.nav_date,
    version: strike.version,
    state: strike.state,
    inputsHash: strike.inputs_hash,
    totalAssets: strike.total_assets,
    liabilities: strike.liabilities,
    gnav: strike.gnav,
    performanceFee: strike.performance_fee,
    nav: strike.nav,
    liquidAssets: figure("liquid_assets"),
    certainInflows: figure("certain_inflows"),
    inputs: inputs.map((row) => ({
      kind: row.kind,
      label: row.label,
      assetId: row.asset_id,
      value: row.value,
      asOf: row.as_of,
      source: row.source,
      blockedBy: row.blocked_by,
      rolled:
        row.mark === null || row.beta === null || row.index_at_mark === null || row.index_now === null
          ? null
          : {
              mark: row.mark,
              beta: row.beta,
              series: row.index_series ?? "",
              indexAtMark: row.index_at_mark,
              indexNow: row.index_now,
              ...(row.payments === null ? {} : { payments: row.payments }),
            },
    })),
    classes: classes.map((row) => ({
      classId: row.share_class_id,
      classCode: row.share_class_id,
      unitsDp: 0,
      priceDp: 0,
      nav: row.nav,
      units: row.units,
      navPerUnit: row.nav_per_unit,
      performanceAccrued: row.performance_accrued,
      issuePrice: null,
      priceSubscription: row.dealing_price_sub,
      priceRedemption: row.dealing_price_red,
      ...(series.has(row.share_class_id) ? { series: series.get(row.share_class_id) ?? [] } : {}),
    })),
    proposal:
      proposal === undefined
        ? null
        : {
            proposalId: proposal.proposal_id,
            kind: proposal.kind,
            hash: proposal.hash,
            body: proposal.body,
            inputs: proposal.inputs,
            expiresAt: proposal.expires_at,
            approvalsNeeded: proposal.approvals_needed,
            proposedBy: proposal.proposed_by,
            requestedBy: proposal.requested_by,
            approvals: approvals.map((row) => ({
              by: row.decided_by,
              hash: row.proposal_hash,
              decision: row.decision,
            })),
          },
  };
}

async function recordedDay(
  session: Session,
  day: DayRow,
  of: { code: string; units_dp: number; price_dp: number } | undefined,
): Promise<RecordedDay> {
  const [leaves, fills, policy] = await Promise.all([
    pagesOfLeaves(session, day.dealing_day_id),
    fillsOf(session, day.dealing_day_id),
    session.one("dealing_policies", "policy_id,body", (query) => query.eq("policy_id", day.policy_id), PolicyRow),
  ]);
  return {
    dealingDayId: day.dealing_day_id,
    classId: day.share_class_id,
    classCode: of?.code ?? day.share_class_id,
    unitsDp: of?.units_dp ?? 0,
    priceDp: of?.price_dp ?? 0,
    status: day.status,
    orderRoot: day.order_root,
    orders: day.orders,
    decision: day.decision,
    dayHash: day.day_hash,
    terms: policy?.body ?? {},
    leaves: leaves.map((row) => ({
      position: row.position,
      flowId: row.flow_id,
      salt: row.salt,
      canonical: row.canonical,
      leaf: row.leaf,
    })),
    fills: fills.map((row) => ({
      flowId: row.flow_id,
      cohort: row.cohort,
      requestedUnits: row.requested_units,
      filledUnits: row.filled_units,
      carriedUnits: row.carried_units,
      price: row.price,
      grossAmount: row.gross_amount,
      levy: row.levy,
      fee: row.fee,
      credit: row.credit,
      refund: row.refund,
      performanceFee: row.performance_fee,
      highWater: row.high_water,
      equalisationCredit: row.equalisation_credit,
      netAmount: row.net_amount,
      childFlowId: row.child_flow_id,
      ...(row.series === "" ? {} : { series: row.series }),
      ...(row.pieces.length === 0
        ? {}
        : {
            pieces: row.pieces.map((piece) => ({
              lotId: piece.lot_id,
              series: piece.series,
              units: piece.units,
              price: piece.price,
              amount: piece.amount,
              performanceFee: piece.performance_fee,
            })),
          }),
    })),
  };
}

const pagesOfLeaves = (session: Session, dealingDayId: string): Promise<z.infer<typeof LeafRow>[]> =>
  session.all(
    "order_leaves",
    "position,flow_id,salt,canonical,leaf",
    "flow_id",
    (row) => row.flow_id,
    (query) => query.eq("dealing_day_id", dealingDayId),
    LeafRow,
  );
