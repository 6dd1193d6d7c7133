// What a fund's manager wants: targets with bands per sleeve, limits, the liquidity rule, trading costs and the objective. Stored as JSON,
// shown and edited by people. With holdings it becomes a rebalancing problem.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Band } from "./bands.ts";
import { BucketShares } from "./liquidity.ts";
import { byId, decimal, ratioText } from "./money.ts";
import { Bps, Name, parseInput, Share } from "./parse.ts";
import { CASH, type RebalanceInput, RebalanceProblem } from "./rebalancing/problem.ts";
import { refuseRepeats } from "./repeats.ts";

const shape = RebalanceProblem.shape;

export const Mandate = z.strictObject({
  version: z.literal(1),
  /** Shown wherever the mandate is: says where it comes from. */
  label: z.string().min(1).max(200),
  source: z.enum(["default", "manager"]),
  currency: CurrencyCode,
  asOf: z.iso.date(),
  form: shape.form,
  sleeves: shape.sleeves,
  cash: z.strictObject({ target: Share, band: Band.optional(), min: Share.default("0"), max: Share.optional() }),
  limits: shape.limits,
  liquidity: shape.liquidity,
  /** Trading cost in basis points of the amount; the first row that fits a holding's categories wins, "*" fits anything. */
  costs: z
    .array(
      z.strictObject({ category: z.string().max(50), issuerCategory: z.string().max(50), buyBps: Bps, sellBps: Bps }),
    )
    .min(1)
    .max(200),
  objective: shape.objective,
  /** What was assumed or changed while the mandate was made. */
  notes: z
    .array(z.strictObject({ code: z.string().max(100), words: z.string().max(500) }))
    .max(100)
    .default([]),
});
export type Mandate = z.output<typeof Mandate>;

export const MandateHolding = z.strictObject({
  id: Name,
  sleeve: Name,
  issuer: Name.optional(),
  value: MoneyString,
  tradable: z.boolean(),
  liquidity: BucketShares,
  category: z.string().max(50).default("*"),
  issuerCategory: z.string().max(50).default("*"),
});
export type MandateHolding = z.output<typeof MandateHolding>;

export const MandateProblemInput = z.strictObject({
  mandate: Mandate,
  holdings: z.array(MandateHolding).max(20_000),
  /** Cash and the asset that stands for it. */
  cash: z.strictObject({ id: Name.default(CASH), value: MoneyString }),
});

/** The rebalancing problem of a mandate and the holdings as they stand. Errors: EG400 when a holding's sleeve is not in the mandate or no cost row fits. */
export function mandateProblem(input: z.input<typeof MandateProblemInput>): RebalanceProblem {
  const { mandate, holdings, cash } = parseInput(MandateProblemInput, input);
  const sleeves = new Set(mandate.sleeves.map((sleeve) => sleeve.id));
  const unknown = [...new Set(holdings.map((holding) => holding.sleeve))]
    .filter((sleeve) => !sleeves.has(sleeve))
    .sort(byId);
  if (unknown.length > 0)
    throw new EvergreenError(
      "EG400",
      `The mandate has no sleeve ${unknown.slice(0, 5).join(", ")}; add it with a target.`,
    );
  const fits = (pattern: string, value: string) => pattern === "*" || pattern === value;
  const problem: RebalanceInput = {
    currency: mandate.currency,
    form: mandate.form,
    assets: holdings.map(({ category, issuerCategory, ...holding }, position) => {
      const cost = mandate.costs.find(
        (row) => fits(row.category, category) && fits(row.issuerCategory, issuerCategory),
      );
      if (!cost)
        throw new EvergreenError("EG400", `holdings.${position}: no row of the mandate's costs fits its categories.`);
      return { ...holding, buyBps: cost.buyBps, sellBps: cost.sellBps };
    }),
    cash: { ...mandate.cash, ...cash },
    sleeves: mandate.sleeves,
    limits: mandate.limits,
    liquidity: mandate.liquidity,
    objective: mandate.objective,
  };
  return parseInput(RebalanceProblem, problem);
}

export const RetargetInput = z.strictObject({
  mandate: Mandate,
  /** New target per sleeve; "cash" for the cash target; sleeves left out keep theirs. */
  targets: z
    .array(z.strictObject({ id: Name, target: Share }))
    .min(1)
    .max(1_001),
});

/** The mandate with other targets. Errors: EG400 for an unknown sleeve, a repeated id, or targets that with cash do not add up to exactly 1. */
export function retarget(input: z.input<typeof RetargetInput>): Mandate {
  const { mandate, targets } = parseInput(RetargetInput, input);
  refuseRepeats("targets", targets);
  const wanted = new Map(targets.map((row) => [row.id, row.target]));
  const cash = wanted.get(CASH) ?? mandate.cash.target;
  wanted.delete(CASH);
  const sleeves = mandate.sleeves.map((sleeve) => {
    const target = wanted.get(sleeve.id) ?? sleeve.target;
    wanted.delete(sleeve.id);
    return { ...sleeve, target };
  });
  if (wanted.size > 0)
    throw new EvergreenError(
      "EG400",
      `The mandate has no sleeve ${[...wanted.keys()].sort(byId).slice(0, 5).join(", ")}.`,
    );
  const total = sleeves.reduce((acc, sleeve) => acc.plus(sleeve.target), decimal(cash));
  if (!total.eq(1)) throw new EvergreenError("EG400", `The targets with cash add up to ${ratioText(total)}, not 1.`);
  return { ...mandate, source: "manager", sleeves, cash: { ...mandate.cash, target: cash } };
}
