// A NAV restated (R30): the corrected figures over the units they were over, what every deal is owed, and which later strike stands on what was wrong. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { NavErrorPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { currencyExponent, decimal, ZERO } from "../money.ts";
import {
  type ClassFigures,
  draftClass,
  type Figures,
  feeInputs,
  figuresOf,
  managementLabel,
  type NavInput,
} from "./class-figures.ts";
import { draftNav } from "./draft-nav.ts";
import { type DealValue, dealValue, type FeeCompared, type RestatedOrder } from "./restated-deals.ts";
import { navError } from "./restatement.ts";

interface Input {
  asset_id: string | null;
  kind: NavInput["kind"];
  label: string;
  value: string;
  as_of: string;
  source: string;
}

/** What a restatement is computed from, as the database answers it (fn_read_restatement, fn_preview_restatement). */
export interface RestatementFacts {
  strike_id: string;
  currency: string;
  nav_date: string;
  version: number;
  reason: string | null;
  inputs: Input[];
  old_inputs: Input[];
  classes: ClassFigures[];
  regime: string | null;
  nav_error: unknown;
  /** `correct` is null until the corrected figures are computed; `fee` only of a class with a performance fee. */
  prices: {
    share_class_id: string;
    units_dp: number;
    price_dp: number;
    published: string;
    correct: string | null;
    fee?: FeeCompared | null | undefined;
  }[];
  days: { dealing_day_id: string; share_class_id: string }[];
  deals: ({
    dealing_day_id: string;
    flow_id: string;
    share_class_id: string;
    investor_id: string;
    amount: string;
  } & RestatedOrder)[];
  later: {
    strike_id: string;
    nav_date: string;
    inputs: Input[];
    classes: ClassFigures[];
    struck?: { share_class_id: string; performance_accrued: string }[] | undefined;
  }[];
  /** Classes whose mark is another since their performance fee was taken again. */
  marks_moved?: string[] | undefined;
}

const sameLine = (a: Input, b: Input): boolean => a.kind === b.kind && a.label === b.label;
const sameValue = (a: Input, b: Input): boolean => a.as_of === b.as_of && decimal(a.value).eq(decimal(b.value));
const feeLabels = (classes: readonly ClassFigures[]): Set<string> =>
  new Set(classes.map(({ code }) => managementLabel(code)));

/** The figures of the corrected inputs, fees as those inputs state them. Errors: EG428 for inputs that say the same as before; those of `draftNav`. */
export function correctedNav(facts: RestatementFacts): Figures {
  const { inputs, old_inputs, classes, currency, nav_date, marks_moved } = facts;
  const changed =
    (marks_moved ?? []).length > 0 ||
    inputs.length !== old_inputs.length ||
    inputs.some((row) => !old_inputs.some((old) => sameLine(row, old) && sameValue(row, old)));
  if (!changed)
    throw new EvergreenError("EG428", "The corrected inputs are those of before: there is nothing to restate.");
  return figuresOf(draftNav({ currency, navDate: nav_date, ...statedOf(inputs, classes, currency) }));
}

/** Inputs without the fees of classes, which go with their class. */
function statedOf(inputs: readonly Input[], classes: readonly ClassFigures[], currency: string) {
  const fees = feeLabels(classes);
  const lineOf = (label: string): string => inputs.find((row) => row.label === label)?.value ?? "0";
  return {
    inputs: inputs.filter(({ label }) => !fees.has(label)).map(({ kind, value }) => ({ kind, value })),
    classes: classes.map((row) => ({
      ...draftClass(row, inputs, currency),
      stated: { managementAccrued: lineOf(managementLabel(row.code)) },
    })),
  };
}

export interface Restated {
  material: boolean;
  classes: Record<string, unknown>[];
  deals: Record<string, unknown>[];
}

/** The terms of R30: those of the policy, or the class of tolerance that the regime of the fund has by itself. */
function errorTerms({ regime, nav_error }: RestatementFacts) {
  const terms = NavErrorPolicy.nullable().parse(nav_error ?? null);
  const {
    fundKind,
    tolerance,
    deMinimis = "0",
    analysis,
  } = terms ?? {
    fundKind: regime === "mmf" ? ("money_market" as const) : ("equity_or_other" as const),
  };
  return { fundKind, deMinimis, ...(tolerance === undefined ? {} : { tolerance }), ...(analysis ? { analysis } : {}) };
}

/** The facts with the prices of the corrected figures in their place, before anything of them is struck. */
export function withCorrectPrices(facts: RestatementFacts, figures: Pick<Figures, "classes">): RestatementFacts {
  const computed = new Map(figures.classes.map((row) => [row.share_class_id, row]));
  return {
    ...facts,
    prices: facts.prices.map((row) => {
      const found = computed.get(row.share_class_id);
      if (found === undefined) return row;
      const series = new Map((found.series ?? []).map((one) => [one.series, one]));
      const fee = row.fee && {
        ...row.fee,
        correct_value: decimal(found.nav).plus(decimal(found.performance_accrued)).toFixed(),
        series: row.fee.series.map((one) => ({
          ...one,
          correct: series.get(one.series)?.nav_per_unit ?? one.correct,
          correct_fee: series.get(one.series)?.performance_accrued ?? one.correct_fee,
        })),
      };
      return { ...row, correct: found.nav_per_unit, ...(fee ? { fee } : {}) };
    }),
  };
}

/**
 * Materiality and compensation of every deal at the superseded price (R30, CSSF 24/856), by day, which is one class; tolerance and smallest amount by the
 * fund's policy. Errors: EG500 for a class without a correct price; those of `navError`.
 */
export function compensation(facts: RestatementFacts): Restated {
  const { analysis, ...terms } = errorTerms(facts);
  const minorDp = currencyExponent(facts.currency);
  const days = facts.days.map((day) => {
    const price = facts.prices.find(({ share_class_id }) => share_class_id === day.share_class_id);
    if (price === undefined || price.correct === null)
      throw new EvergreenError("EG500", "A dealing day has no price in the strike that restates its own.");
    const found = facts.deals.filter(({ dealing_day_id }) => dealing_day_id === day.dealing_day_id);
    const priced = { ...price, correct: price.correct };
    const values = new Map(
      price.fee
        ? found.map((deal) => [deal.flow_id, dealValue(deal, price.fee as FeeCompared, priced, minorDp)] as const)
        : [],
    );
    const result = navError({
      currency: facts.currency,
      ...terms,
      published: price.published,
      correct: price.correct,
      unitsDp: price.units_dp,
      priceDp: price.price_dp,
      deals: found.map(({ flow_id, investor_id, direction, units, amount }) => ({
        id: flow_id,
        investorId: investor_id,
        direction,
        units,
        ...(direction === "subscription" ? { amount } : {}),
        ...withoutFee(values.get(flow_id)),
      })),
    });
    const fee = [...values.values()].reduce((sum, row) => sum.plus(decimal(row.fee)), ZERO);
    return { day, price: priced, result, values, fee: fee.toFixed(minorDp) };
  });
  return {
    material: days.some(({ result }) => result.material),
    classes: days.map(({ day, price, result, fee }) => ({
      dealing_day_id: day.dealing_day_id,
      published: price.published,
      correct: price.correct,
      error: result.error,
      tolerance: result.tolerance,
      material: result.material,
      direction: result.direction,
      fund_pays: result.fund.paysToInvestors,
      fund_receives: result.fund.receivesFromResponsibleParty,
      body: {
        fund_kind: terms.fundKind,
        de_minimis: terms.deMinimis,
        ...(analysis === undefined ? {} : { analysis }),
        investors: result.investors.length,
        reason: facts.reason,
        // CSSF 24/856: the authority is told, and a plan to put it right follows
        notify: result.material ? "within 4 to 8 weeks" : null,
        // what redemptions took along of the performance fee and should not have; below zero: what they should have
        ...(/^-?0(\.0*)?$/.test(fee) ? {} : { performance_fee: fee }),
      },
    })),
    deals: days.flatMap(({ day, result, values }) => {
      const pays = new Set(result.investors.filter((one) => one.pays).map(({ id }) => id));
      return result.deals.map((deal) => ({
        dealing_day_id: day.dealing_day_id,
        flow_id: deal.id,
        investor_id: deal.investorId,
        kind: deal.case,
        units_dealt: deal.unitsDealt,
        units_due: deal.unitsDue,
        cash_due: deal.cashDue,
        difference: deal.difference,
        owed_to: deal.owedTo,
        owed_by: deal.owedBy,
        pays: deal.owedTo === "investor" && pays.has(deal.investorId),
        // for who looks at it before it is recorded; what is recorded is computed by the database
        ...(values.has(deal.id) ? { due: { performance_fee: values.get(deal.id)?.fee } } : {}),
      }));
    }),
  };
}

const withoutFee = (row: DealValue | undefined) => {
  if (row === undefined) return {};
  const { fee: _fee, ...value } = row;
  return { value };
};

export interface NextRestatement {
  strikeId: string;
  navDate: string;
  inputs: NavInput[];
  changed: number;
}

/** The earliest later strike that a corrected value or its fees change, with its inputs put right; null when there is none. */
export function nextAffected(facts: RestatementFacts): NextRestatement | null {
  for (const later of facts.later) {
    const corrected = later.inputs.map((row): Input => {
      const wrong = facts.old_inputs.find((old) => sameLine(old, row) && sameValue(old, row));
      const right = wrong && facts.inputs.find((one) => sameLine(one, wrong));
      return row.kind === "asset" && right !== undefined && !sameValue(right, row)
        ? { ...row, value: right.value, as_of: right.as_of, source: right.source }
        : row;
    });
    const codes = new Map(later.classes.map((row) => [row.share_class_id, row.code]));
    const fees = feeLabels(later.classes);
    const others = corrected.filter(({ label }) => !fees.has(label));
    const computed = draftNav({
      currency: facts.currency,
      navDate: later.nav_date,
      inputs: others.map(({ kind, value }) => ({ kind, value })),
      classes: later.classes.map((row) => draftClass(row, others, facts.currency)),
    });
    const inputs = [
      ...others.map(({ asset_id, ...row }): NavInput => (asset_id === null ? row : { ...row, asset_id })),
      ...feeInputs(computed, codes, later.nav_date),
    ];
    const changed = inputs.filter(
      (row) =>
        !later.inputs.some(
          (old) => old.kind === row.kind && old.label === row.label && decimal(old.value).eq(decimal(row.value)),
        ),
    ).length;
    // a mark that moved changes the fee of every strike above it, whatever its inputs
    const moved = computed.classes.some(
      (row) =>
        (facts.marks_moved ?? []).includes(row.id) &&
        later.struck?.some(
          (old) =>
            old.share_class_id === row.id && !decimal(old.performance_accrued).eq(decimal(row.performanceAccrued)),
        ),
    );
    if (changed > 0 || moved) return { strikeId: later.strike_id, navDate: later.nav_date, inputs, changed };
  }
  return null;
}
