// Events of compliance rules, breaches and the regulatory calendar: recorded by the functions that cause them, and nothing follows by itself.
import { z } from "zod";

const id = z.uuid();
const day = z.iso.date();
const fact = <P extends z.ZodType>(payload: P): { mode: "note"; recordedBy: readonly []; payload: P } => ({
  mode: "note",
  recordedBy: [],
  payload,
});

export const RULE_EVENTS = {
  RULES_DRAFTED: fact(z.object({ version_id: id, pack: z.string().max(60), version: z.int().positive() })),
  RULES_TESTED: fact(z.object({ version_id: id, examples: z.int().positive(), passed: z.int().min(0) })),
  RULES_ACTIVATED: fact(z.object({ version_id: id, pack: z.string().max(60), version: z.int().positive() })),
  /** The last good one stays live. */
  RULE_PACK_REFUSED: fact(
    z.object({
      pack: z.string().max(200),
      source: z.enum(["file", "infisical"]),
      problems: z.array(z.string()).min(1).max(50),
    }),
  ),
  RULE_SNOOZED: fact(z.object({ snooze_id: id, pack: z.string().max(60), rule: z.string().max(60) })),
  RULES_CHECKED: fact(z.object({ checked: z.int().min(0), held: z.int().min(0) })),
  BREACH_RECORDED: fact(z.object({ breach_id: id, rule: z.string().max(121), class: z.enum(["active", "passive"]) })),
  BREACH_CURED: fact(z.object({ breach_id: id })),
  BREACH_OVERDUE: fact(z.object({ breach_id: id, rule: z.string().max(121) })),
  OBLIGATION_DUE: fact(z.object({ obligation_id: id, code: z.string().max(60), due_on: day })),
  OBLIGATION_OVERDUE: fact(z.object({ obligation_id: id, code: z.string().max(60), due_on: day })),
  OBLIGATION_DONE: fact(z.object({ obligation_id: id, code: z.string().max(60) })),
} as const;
