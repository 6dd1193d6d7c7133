// What Compliance Sentinel promises a run by rules as data. Split from agents.ts, which puts it into the contracts.
import { z } from "zod";
import { DayRef } from "./dealing-agents.ts";

const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
const count = z.int().min(0);
const RunRef = z.object({ eventId: z.uuid(), workflowId: z.string(), fundId: z.uuid().optional() });

export const RULE_CONTRACTS = {
  "compliance-sentinel": {
    /** The orders of a dealing day by the packs the run began with; what is not approved leaves the day. */
    checkOrders: action(DayRef, z.object({ checked: count, held: count })),
    /** An applicant whom KYC would clear, and whoever stands behind; what is not approved is a case for people. */
    checkApplicant: action(RunRef, z.object({ outcome: z.enum(["approved", "held"]) })),
    /** What is due, overdue or past its cure is said once; no event asks for it, a schedule does. */
    tickCalendar: action(
      z.strictObject({ workflowId: z.string().max(200) }),
      z.object({ due: count, overdue: count, uncured: count }),
    ),
    /** The fund as it stands by the same packs; a limit with a cure clock that does not hold is a breach. */
    checkFund: action(DayRef, z.object({ checked: count, breaches: count })),
  },
} as const;
