// Figures of a page, explained (prisma/sql/6w-fn-pages-figures.sql), and what a few letters may mean to who looks for a page. Amounts are decimal strings.
import { z } from "zod";

/** Every kind of figure that can be asked for, with what its id and its part name. */
export const FIGURES = {
  nav: { id: "strike_id", part: null },
  nav_change: { id: "fund_id", part: null },
  nav_per_unit: { id: "strike_id", part: "share_class_id" },
  dealing_price: { id: "strike_id", part: "share_class_id/subscription or share_class_id/redemption" },
  worth: { id: "investor_id", part: "share_class_id" },
  units: { id: "investor_id", part: "share_class_id" },
  paid_in: { id: "investor_id", part: "share_class_id" },
  paid_out: { id: "investor_id", part: "share_class_id" },
  performance: { id: "fund", part: "twr, twr_yearly, xirr, paid_in, tvpi or dpi" },
  fill: { id: "flow_id", part: null },
  fill_amount: { id: "flow_id", part: null },
  ladder_cover: { id: "fund_id", part: "bucket" },
  ladder_gap: { id: "fund_id", part: "bucket" },
  stress_nav_after: { id: "stress_run_id", part: "scenario_id" },
  stress_loss: { id: "stress_run_id", part: "scenario_id" },
  weight: { id: "fund_id", part: "sleeve" },
  drift: { id: "fund_id", part: "sleeve" },
  exposure: { id: "fund_id", part: "currency:…, issuer:… or bucket:…" },
} as const satisfies Record<string, { id: string; part: string | null }>;
export type FigureKind = keyof typeof FIGURES;
export const FigureKind = z.enum(Object.keys(FIGURES) as [FigureKind, ...FigureKind[]]);

/** Which figure is meant. */
export const FigureRef = z.object({ figure: FigureKind, id: z.string(), part: z.string().optional() });
export type FigureRef = z.infer<typeof FigureRef>;

const text = z.string().nullable().optional();

export const FigureInput = z.object({
  /** What it is in the formula, for whoever computes it again. */
  kind: z.string(),
  name: z.string(),
  value: z.string(),
  /** Left out or null: the unit of the figure's fund. */
  unit: text,
  bucket: text,
  table: z.string(),
  id: text,
  as_of: text,
  note: text,
  /** The input is a figure of its own. */
  opens: FigureRef.nullable().optional(),
});
export type FigureInput = z.infer<typeof FigureInput>;

export const Explained = z.object({
  read_at: z.string(),
  figure: FigureKind,
  fund: z.string().nullable(),
  synthetic: z.boolean().nullable(),
  title: z.string(),
  /** As in docs/rules.md; null where the formula follows no numbered rule. */
  rule: z.string().nullable(),
  formula: z.string(),
  /** Null where the page computes it from `facts` by the calculation it names. */
  value: z.string().nullable(),
  /** A currency, "units" or "ratio". */
  unit: z.string().nullable(),
  decimals: z.int().nullable(),
  as_of: text,
  direction: z.string().optional(),
  places: z.object({ units: z.int(), price: z.int() }).optional(),
  inputs: z.array(FigureInput),
  row: z.object({ table: z.string(), id: text, hash: text, recorded_at: text }),
  proposal_id: z.string().nullable(),
  workflow_id: z.string().nullable(),
  trace_id: z.string().nullable(),
  memories: z.array(
    z.object({ memory_id: z.uuid(), text: z.string(), workflow_id: z.string().nullable(), recorded_at: z.string() }),
  ),
  facts: z.unknown(),
});
export type Explained = z.infer<typeof Explained>;

export const FoundPlace = z.object({
  kind: z.enum([
    "fund",
    "investor",
    "order",
    "proposal",
    "stress",
    "dealing_day",
    "case",
    "asset",
    "import",
    "run",
    "statement",
  ]),
  id: z.string(),
  label: z.string(),
  detail: z.string(),
});
export type FoundPlace = z.infer<typeof FoundPlace>;

/** What a fund bears in a scenario of a stress run (R35); shares of the NAV. */
export const StressLimits = z.object({
  scenario_id: z.string(),
  title: z.string(),
  /** Quarters, ">=40" at the horizon; null where no gate is set. */
  survival: z.string().nullable(),
  frontier: z.array(z.object({ redemption: z.string(), haircut: z.string().nullable() })),
  largest_redemption: z.object({ bucket: z.string(), amount: z.string(), share: z.string() }).nullable(),
  smallest_haircut: z.object({ bucket: z.string(), haircut: z.string() }).nullable(),
});
export type StressLimits = z.infer<typeof StressLimits>;
