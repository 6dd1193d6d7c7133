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
import { strikeBlockers } from "@evergreen-fund/finance/dealing/strike.ts";
import { BPS, decimal, fixed, ZERO } from "@evergreen-fund/finance/money.ts";
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
  const base = [...facts.assets.map((asset) => assetInput(asset, facts.nav_date)), ...ledgerInputs(facts)];
  let computed: ReturnType<typeof draftNav> | undefined;
  let refusal: string | undefined;
  try {
    computed = draftNav({
      currency: facts.currency,
      navDate: facts.nav_date,
      inputs: base.map(({ kind, value }) => ({ kind, value })),
      classes: facts.classes.map(draftClass),
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
      liquid_assets: liquidAssets(facts),
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

function assetInput(asset: Asset, navDate: string): NavInput {
  const row = { asset_id: asset.asset_id, kind: "asset" as const, label: asset.label };
  if (asset.value === null || asset.as_of === null)
    return { ...row, value: "0", as_of: navDate, source: "none", blocked_by: "there is no mark" };
  return { ...row, value: asset.value, as_of: asset.as_of, source: asset.source ?? "none" };
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
        quarantined: asset !== undefined && isQuarantined(asset),
      };
    }),
    // the accruals are part of this very computation
    accruedThrough: { operating: day, management: day, performance: day },
    reconciliationBreaks: facts.reconciliation_breaks,
    classes: computed?.classes.map((row) => {
      const last = facts.classes.find((one) => one.share_class_id === row.id)?.last;
      return {
        id: row.id,
        navPerUnit: row.navPerUnit,
        ...(last ? { lastNavPerUnit: last.nav_per_unit } : {}),
      };
    }) ?? [{ id: "fund", navPerUnit: "1" }],
  });
  // the two approvers come after, and the database counts them
  return found.blockers.filter(
    ({ code, subject }) =>
      code !== "approvers" &&
      !(code === "missing_input" && inputs.some((row) => row.label === subject && row.blocked_by)),
  );
}

/** R5: against the value of the strike before, unless a person confirmed the new one; a balance of cash is no price. Exact. */
function isQuarantined({ type, value, anchor, confirmed, max_move_bps }: Asset): boolean {
  if (type === "cash" || confirmed === true || value === null || anchor === null) return false;
  const before = decimal(anchor);
  return !before.isZero() && decimal(value).minus(before).abs().times(BPS).gt(before.abs().times(max_move_bps));
}

function liquidAssets({ assets, ledger }: NavFacts): string {
  const held = assets.filter(({ liquid }) => liquid).reduce((sum, { value }) => sum.plus(decimal(value ?? "0")), ZERO);
  const free = held
    .plus(decimal(ledger.bank))
    .minus(decimal(ledger.prepaid))
    .minus(decimal(ledger.redemptions_payable))
    .minus(decimal(ledger.compensation_payable));
  return fixed(free.lt(0) ? ZERO : free, 4);
}

const daysBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000));
