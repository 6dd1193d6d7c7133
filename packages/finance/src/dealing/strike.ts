// What stands in the way of striking a NAV, by name: stale or missing inputs, accruals, reconciliations, the price itself, the approvers (R4). Pure.
import { DecimalString } from "@evergreen-fund/domain";
import { IsoDate } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { BPS, decimal, ratioText } from "../money.ts";
import { Name, parseInput } from "../parse.ts";

export const StrikeInput = z.strictObject({
  navDate: IsoDate,
  inputs: z
    .array(
      z.strictObject({
        id: Name,
        kind: z.enum(["asset", "cash", "receivable", "debt", "payable", "accrual"]),
        /** null: there is none. */
        value: DecimalString.nullable(),
        ageDays: z.int().min(0),
        /** Of the type of the asset. */
        maxAgeDays: z.int().min(0),
        quarantined: z.boolean().default(false),
      }),
    )
    .max(100_000),
  /** Day up to which each fee has been accrued; null: never. */
  accruedThrough: z.strictObject({
    operating: IsoDate.nullable(),
    management: IsoDate.nullable(),
    performance: IsoDate.nullable(),
  }),
  reconciliationBreaks: z.int().min(0),
  proposedBy: Name.optional(),
  approvers: z.array(Name).max(20).default([]),
  classes: z
    .array(
      z.strictObject({
        id: Name,
        navPerUnit: DecimalString,
        /** Of the last final strike; left out for the first. */
        lastNavPerUnit: DecimalString.optional(),
        maxMoveBps: z.int().min(0).max(1_000_000).default(1_000),
      }),
    )
    .min(1)
    .max(1_000),
});
export const Blocker = z.strictObject({ code: z.string(), subject: z.string(), words: z.string() });
export type Blocker = z.infer<typeof Blocker>;
export const StrikeOutput = z.strictObject({ clear: z.boolean(), blockers: z.array(Blocker) });

/** R4: every blocker of a final strike, in the order of the list below; clear means none. Nothing here may be waived by leaving a list empty. */
export function strikeBlockers(input: z.input<typeof StrikeInput>): z.infer<typeof StrikeOutput> {
  const facts = parseInput(StrikeInput, input);
  const blockers: Blocker[] = [];
  const block = (code: string, subject: string, words: string): void => {
    blockers.push({ code, subject, words });
  };
  if (facts.inputs.length === 0) block("no_inputs", "inputs", "There is nothing to value.");
  for (const row of facts.inputs) {
    if (row.value === null) block("missing_input", row.id, `The ${row.kind} has no value.`);
    else if (row.ageDays > row.maxAgeDays)
      block("stale_input", row.id, `The ${row.kind} is ${row.ageDays} days old, ${row.maxAgeDays} are allowed.`);
    if (row.quarantined) block("quarantined_input", row.id, "The price breaker holds this value back.");
  }
  for (const [fee, through] of Object.entries(facts.accruedThrough))
    if (through === null || through < facts.navDate)
      block("accrual_not_run", fee, `The ${fee} accrual has run through ${through ?? "no day"}, not ${facts.navDate}.`);
  if (facts.reconciliationBreaks > 0)
    block("reconciliation_breaks", "reconciliation", `${facts.reconciliationBreaks} reconciliation breaks are open.`);
  for (const row of facts.classes) {
    const price = decimal(row.navPerUnit);
    if (price.lte(0)) block("price_not_positive", row.id, "The NAV per unit is not above zero.");
    if (row.lastNavPerUnit === undefined) continue;
    const last = decimal(row.lastNavPerUnit);
    const move = price.minus(last).abs().times(BPS);
    if (last.lte(0) || move.gt(last.times(row.maxMoveBps)))
      block(
        "move_against_last_strike",
        row.id,
        last.lte(0)
          ? "The last NAV per unit is not above zero."
          : `Moved ${ratioText(move.div(last).toDecimalPlaces(4))} bp since the last strike, ${row.maxMoveBps} are expected at most.`,
      );
  }
  const distinct = new Set(facts.approvers.filter((approver) => approver !== facts.proposedBy));
  if (distinct.size < 2) block("approvers", "approvers", "Two people who did not propose the NAV must approve it.");
  return { clear: blockers.length === 0, blockers };
}
