// The NAV of a dealing day from what was read: its inputs with what blocks them, and the draft of what they amount to (R4, R5). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import {
  draftClass,
  Figures,
  feeInputs,
  figuresOf,
  type NavInput,
} from "@evergreen-fund/finance/dealing/class-figures.ts";
import { draftNav } from "@evergreen-fund/finance/dealing/draft-nav.ts";
import { priceBreaker, rollForwardMark } from "@evergreen-fund/finance/dealing/marks.ts";
import { strikeBlockers } from "@evergreen-fund/finance/dealing/strike.ts";
import { decimal, fixed, ZERO } from "@evergreen-fund/finance/money.ts";
import type { RpcResult } from "@evergreen-fund/supabase-client";
import { z } from "zod";
import type { AnnouncedDay } from "./facts.ts";

export type NavFacts = RpcResult<"fn_read_nav_facts">;
type Asset = NavFacts["assets"][number];

/** Errors: EG404 no such day, EG428 an event that opens none, or a run that is not the day's. */
export function openedDay(day: AnnouncedDay | null, workflowId: string): AnnouncedDay {
  if (day === null) throw new EvergreenError("EG404", "The event announces no dealing day.");
  if (day.type !== "DEALING_DAY_OPENED") throw new EvergreenError("EG428", `${day.type} opens no dealing day.`);
  if (day.workflowId !== workflowId) throw new EvergreenError("EG428", "The dealing day has another run.");
  return day;
}

/** What stands with the frozen inputs until it is proposed. Fund currency, decimal strings. */
export const Draft = Figures.extend({
  /** Assets flagged liquid and cash, less what is owed to investors; not below zero. */
  liquid_assets: z.string(),
  /** ELTIF: recorded certain inflows of twelve months (R9b); left out when nobody recorded any. */
  certain_inflows: z.string().optional(),
  blockers: z.array(z.object({ code: z.string(), words: z.string() })),
});
export type Draft = z.infer<typeof Draft>;

const NO_FIGURES: Figures = {
  total_assets: "0",
  liabilities: "0",
  gnav: "0",
  performance_fee: "0",
  nav: "0",
  classes: [],
  fees: [],
};

/** Inputs to freeze and the draft over them; every blocker by name, in the words that people will read. */
export function frozenNav(facts: NavFacts): { inputs: NavInput[]; draft: Draft } {
  const held = facts.assets.map((asset) => assetInput(asset, facts));
  const base = [...held, ...ledgerInputs(facts)];
  let computed: ReturnType<typeof draftNav> | undefined;
  let refusal: string | undefined;
  try {
    computed = draftNav({
      currency: facts.currency,
      navDate: facts.nav_date,
      inputs: base.map(({ kind, value }) => ({ kind, value })),
      classes: facts.classes.map((row) => draftClass(row, base, facts.currency)),
    });
  } catch (error) {
    // a class that cannot be valued blocks the strike as a stale mark does
    if (!(error instanceof EvergreenError)) throw error;
    refusal = error.message.slice(0, 150);
  }
  const codes = new Map(facts.classes.map((row) => [row.share_class_id, row.code]));
  const inputs = [...base, ...(computed === undefined ? [] : feeInputs(computed, codes, facts.nav_date))];
  const blockers = blockersOf(facts, inputs, computed);
  const byLabel = new Map(blockers.map(({ subject, words }) => [subject, words]));
  return {
    inputs: inputs.map((row) => {
      const words = row.blocked_by ?? byLabel.get(row.label);
      return words === undefined ? row : { ...row, blocked_by: words.slice(0, 200) };
    }),
    draft: {
      ...(computed === undefined ? NO_FIGURES : figuresOf(computed)),
      liquid_assets: liquidAssets(facts, held),
      ...(facts.certain_inflows === null ? {} : { certain_inflows: facts.certain_inflows }),
      // those that belong to no input
      blockers: [
        ...(refusal === undefined ? [] : [{ code: "not_computable", words: `The NAV cannot be computed: ${refusal}` }]),
        ...blockers
          .filter(({ subject }) => !inputs.some(({ label }) => label === subject))
          .map(({ code, subject, words }) => ({
            code,
            words: `${codes.get(subject) ?? subject}: ${words}`.slice(0, 200),
          })),
      ],
    },
  };
}

function assetInput(asset: Asset, { nav_date, currency }: NavFacts): NavInput {
  const row = { asset_id: asset.asset_id, kind: "asset" as const, label: asset.label };
  if (asset.value === null || asset.as_of === null)
    return { ...row, value: "0", as_of: nav_date, source: "none", blocked_by: "there is no mark" };
  const marked = { ...row, value: asset.value, as_of: asset.as_of, source: asset.source ?? "none" };
  const input: NavInput = { ...marked, ...rolled(asset, marked, nav_date, currency) };
  return { ...input, ...drift(asset, input) };
}

/** R5: a stale mark is carried to the NAV date by beta times the return of its index, with what was paid into or out of the asset since; its day, and so its age, stays that of the mark. Nothing for others. */
function rolled(
  { roll }: Asset,
  { value, as_of, source }: Pick<NavInput, "value" | "as_of" | "source">,
  navDate: string,
  currency: string,
): Partial<NavInput> {
  if (roll === null) return {};
  const { series, beta, index_at_mark, index_now } = roll;
  const payments = roll.payments.flatMap(({ on, amount, index }) => (index === null ? [] : [{ on, amount, index }]));
  const unknown = roll.payments.find(({ index }) => index === null);
  if (index_at_mark === null || index_now === null)
    return { blocked_by: `index ${series} has no value of ${index_at_mark === null ? as_of : navDate}` };
  if (unknown !== undefined) return { blocked_by: `index ${series} has no value of ${unknown.on}` };
  const made = rollForwardMark({
    value,
    beta,
    indexAtMark: index_at_mark,
    indexNow: index_now,
    flows: payments.map(({ amount, index }) =>
      amount.startsWith("-") ? { distribution: amount.slice(1), index } : { call: amount, index },
    ),
    currency,
    ageDays: daysBetween(as_of, navDate),
  });
  return {
    value: made.value,
    source: `rolled forward by ${series}, mark of ${source}`.slice(0, 200),
    mark: value,
    beta,
    index_series: series,
    index_at_mark,
    index_now,
    ...(payments.length === 0 ? {} : { payments }),
  };
}

/** The dealing account: what counts as what is the table in README.md; capital and income are where the money came from and are not counted. */
function ledgerInputs({ ledger, nav_date }: NavFacts): NavInput[] {
  const line = (kind: NavInput["kind"], label: string, value: string): NavInput[] =>
    decimal(value).isZero() ? [] : [{ kind, label, value, as_of: nav_date, source: "ledger" }];
  return [
    ...line("cash", "dealing account", ledger.bank),
    ...line("cash", "cash in transit", ledger.in_transit),
    ...line("receivable", "subscriptions dealt and not paid", ledger.receivable),
    ...line("payable", "subscriptions paid and not dealt", ledger.prepaid),
    ...line("payable", "redemptions payable", ledger.redemptions_payable),
    ...line("payable", "fees payable", ledger.fee_payable),
    ...line("payable", "compensation payable", ledger.compensation_payable),
    ...line("receivable", "compensation receivable", ledger.compensation_receivable),
    // the fee of each class is accrued from the beginning: what was paid of it is taken off
    ...line("accrual", "management fees paid", decimal(ledger.management_paid).negated().toFixed()),
  ];
}

function blockersOf(facts: NavFacts, inputs: readonly NavInput[], computed: ReturnType<typeof draftNav> | undefined) {
  const assets = new Map(facts.assets.map((asset) => [asset.label, asset]));
  const day = facts.nav_date;
  const found = strikeBlockers({
    navDate: day,
    inputs: inputs.map((row) => {
      const asset = row.kind === "asset" ? assets.get(row.label) : undefined;
      return {
        id: row.label,
        kind: row.kind,
        value: row.blocked_by === undefined ? row.value : null,
        ageDays: daysBetween(row.as_of, day),
        maxAgeDays: asset?.max_age_days ?? 0,
        quarantined: row.drift_bps !== undefined,
      };
    }),
    // the accruals are part of this very computation
    accruedThrough: { operating: day, management: day, performance: day },
    reconciliationBreaks: facts.reconciliation_breaks,
    classes: computed?.classes.flatMap((row) => {
      const known = facts.classes.find((one) => one.share_class_id === row.id);
      // by series the price of the class is an average, which moves with who enters and who leaves
      if (row.series.length > 0) return row.series.map((one) => seriesMove(row.id, one, known));
      return [
        {
          id: row.id,
          navPerUnit: row.navPerUnit,
          ...(known?.last ? { lastNavPerUnit: lastPrice(known.last, known.moved) } : {}),
        },
      ];
    }) ?? [{ id: "fund", navPerUnit: "1" }],
  });
  // the two approvers come after, and the database counts them
  return found.blockers.filter(
    ({ code, subject }) =>
      code !== "approvers" &&
      !(code === "missing_input" && inputs.some((row) => row.label === subject && row.blocked_by)),
  );
}

type Priced = { id: string; navPerUnit: string };

/** A series of a class against its own last price; one that no strike knows has none. */
function seriesMove(classId: string, { id, navPerUnit }: Priced, known: NavFacts["classes"][number] | undefined) {
  const last = known?.series?.find(({ series }) => series === id)?.price;
  return {
    id: classId,
    navPerUnit,
    ...(last === undefined || last === null || known?.moved !== "0" ? {} : { lastNavPerUnit: last }),
  };
}

/** The price of the strike before, without what went into side pockets since. */
function lastPrice(last: { nav: string; units: string; nav_per_unit: string }, moved: string): string {
  if (decimal(moved).isZero()) return last.nav_per_unit;
  return fixed(decimal(last.nav).minus(decimal(moved)).div(decimal(last.units)), 8);
}

/**
 * R5: against the value at the start of the window, unless a person confirmed the mark itself; a balance of cash is no price. What moved further is
 * held back with how far, and stays where it is until a person confirms it or records another.
 */
function drift({ type, anchor, confirmed, max_move_bps }: Asset, input: NavInput): Partial<NavInput> {
  const asMarked = input.mark === undefined;
  if (type === "cash" || (confirmed === true && asMarked) || input.blocked_by !== undefined || anchor === null)
    return {};
  const before = decimal(anchor);
  if (before.isZero()) return {};
  const value = before.lt(0) ? decimal(input.value).negated() : decimal(input.value);
  const { verdict, moveBps, limitBps } = priceBreaker({
    value: value.toFixed(),
    anchor: before.abs().toFixed(),
    maxBps: max_move_bps,
  });
  return verdict === "accept" ? {} : { drift_bps: moveBps, limit_bps: limitBps };
}

function liquidAssets({ assets, ledger }: NavFacts, inputs: readonly NavInput[]): string {
  const liquid = new Set(assets.filter((asset) => asset.liquid).map(({ asset_id }) => asset_id));
  const held = inputs
    .filter(({ asset_id }) => asset_id !== undefined && liquid.has(asset_id))
    .reduce((sum, { value }) => sum.plus(decimal(value)), ZERO);
  const free = held
    .plus(decimal(ledger.bank))
    .minus(decimal(ledger.prepaid))
    .minus(decimal(ledger.redemptions_payable))
    .minus(decimal(ledger.compensation_payable));
  return fixed(free.lt(0) ? ZERO : free, 4);
}

const daysBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000));
