// What the rooms promise each other: per room and action, the input it is given and the verdict it answers.
// Inputs and verdicts hold ids, codes and counts; never rows, amounts of a person or personal data (under 2 KB).
import { z } from "zod";
import { DATA_CONTRACTS } from "./data-agents.ts";
import { DEALING_CONTRACTS } from "./dealing-agents.ts";
import { DOCUMENT_CONTRACTS } from "./document-agents.ts";
import { OWN_WORKFLOWS, PLAYBOOKS } from "./events.ts";
import { RESTATEMENT_CONTRACTS } from "./restatement-agents.ts";
import { RULE_CONTRACTS } from "./rule-agents.ts";
import { SCREENING_CONTRACTS } from "./screening-agents.ts";
import { STRESS_CONTRACTS } from "./stress-agents.ts";
import { TOKEN_CONTRACTS } from "./token-agents.ts";
import { WEBHOOK_CONTRACTS } from "./webhook-agents.ts";

const id = z.uuid();

/** Every call of a room names the run it belongs to; `fundId` is absent for events of the platform itself. */
export const RunRef = z.object({ eventId: id, workflowId: z.string(), fundId: id.optional() });
export type RunRef = z.infer<typeof RunRef>;
export const ProposalRef = RunRef.extend({ proposalId: id });
export type ProposalRef = z.infer<typeof ProposalRef>;

export const Verdict = z.object({
  result: z.enum(["passed", "failed"]),
  /** Code of the rule that decided, for people and for the compensation. */
  reason: z.string().max(200),
});
export type Verdict = z.infer<typeof Verdict>;

/** How a run ended; mirrored into workflow_runs.status. */
export const RUN_STATUS = ["running", "completed", "refused", "failed"] as const;
export type RunStatus = (typeof RUN_STATUS)[number];

/** Playbooks of the Commander: all that are no workflow of their own. */
const CommanderPlaybook = z.enum(PLAYBOOKS).exclude(Object.keys(OWN_WORKFLOWS) as (keyof typeof OWN_WORKFLOWS)[]);

const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

export const CONTRACTS = {
  commander: {
    /** Reads the event, recalls memories, chooses the playbook and opens the run. */
    brief: action(
      z.object({ eventId: id, workflowId: z.string() }),
      z.object({ type: z.string(), fundId: id.optional(), playbook: CommanderPlaybook, memoryIds: z.array(id) }),
    ),
    /** Asks for a person's decision on a proposal whose checks are in. */
    openProposal: action(
      ProposalRef,
      z.object({ status: z.enum(["pending", "refused"]), expiresInMs: z.number(), reason: z.string() }),
    ),
    /** Reads where a proposal stands; `final` when no decision can come any more. A passed expiry is recorded as a refusal. */
    readDecision: action(ProposalRef, z.object({ status: z.string(), final: z.boolean(), expiresInMs: z.number() })),
    /** Takes a proposal back when a later step failed. */
    withdrawProposal: action(ProposalRef.extend({ reason: z.string().max(200) }), z.object({ status: z.string() })),
    /** Ends the run: workflow_runs and audit trail. */
    close: action(
      RunRef.extend({ status: z.enum(RUN_STATUS), reason: z.string().max(500), proposalId: id.optional() }),
      z.object({ status: z.string() }),
    ),
    /** One memory per run of a fund. */
    remember: action(
      RunRef.extend({ status: z.enum(RUN_STATUS), reason: z.string().max(500), proposalId: id.optional() }),
      z.object({ memoryId: id.optional() }),
    ),
    ...DEALING_CONTRACTS.commander,
    ...RESTATEMENT_CONTRACTS.commander,
    ...WEBHOOK_CONTRACTS.commander,
    ...DOCUMENT_CONTRACTS.commander,
  },
  rebalancing: {
    /** Solves the mandate and stores the proposal; a refusal says which constraints conflict. */
    propose: action(
      RunRef.extend({ memoryIds: z.array(id).max(20) }),
      z.discriminatedUnion("outcome", [
        z.object({ outcome: z.literal("proposed"), proposalId: id, trades: z.int() }),
        z.object({ outcome: z.literal("refused"), reason: z.string().max(500) }),
      ]),
    ),
    /** Applies an approved proposal to the allocations. */
    apply: action(
      ProposalRef,
      z.object({ outcome: z.enum(["applied", "refused"]), version: z.string(), reason: z.string() }),
    ),
  },
  "liquidity-engine": {
    /** 30-day assets after the trades ≥ 1.2 × stressed 30-day liabilities (R38), and the cash of the trades is reserved in its bucket. */
    reserve: action(ProposalRef, Verdict),
    release: action(ProposalRef.extend({ reason: z.string().max(200) }), z.object({ released: z.int() })),
    /** After a stress run: moves the ladder of its scenarios to what it found, and tells of breaches and of trends to one. A run of the laboratory moves nothing. */
    stressLadder: action(
      RunRef,
      z.object({
        outcome: z.enum(["moved", "laboratory"]),
        scenarios: z.int(),
        /** Rungs that moved. */
        moved: z.int(),
        breaches: z.int(),
        trends: z.int(),
      }),
    ),
    ...DEALING_CONTRACTS["liquidity-engine"],
  },
  "compliance-sentinel": {
    /** Pre-trade limits: concentration, issuer, illiquid share; writes compliance_logs. */
    checkTrades: action(ProposalRef, Verdict),
    /** Checks a tokenization request against its compliance approval. */
    checkTokenization: action(RunRef, Verdict),
    ...RULE_CONTRACTS["compliance-sentinel"],
  },
  "risk-guardian": {
    /** Turns a breach, a trend, a drift, a failed check of data or a run that differed into an alert, of liquidity with what could be done; it never acts. */
    alert: action(RunRef, z.object({ alertId: id, severity: z.enum(["notice", "warning", "critical"]) })),
  },
  kyc: {
    /** Looks whether an applicant may be cleared; assigns, says what is missing, or waits for what people have to decide first. */
    review: action(
      // `ask`: whoever may be cleared is `ready` while rules have not looked; `asked`: they have
      RunRef.extend({ rules: z.enum(["ask", "asked"]).optional() }),
      z.object({
        outcome: z.enum(["assigned", "missing", "waiting", "ready"]),
        missing: z.array(z.string()).max(20),
        investorId: id.optional(),
      }),
    ),
    /** Lets clearances run out, opens what falls due, and alerts on cases past their time. */
    tick: action(
      z.strictObject({ workflowId: z.string() }),
      z.object({ expired: z.int().min(0), opened: z.int().min(0), overdue: z.int().min(0) }),
    ),
    ...DEALING_CONTRACTS.kyc,
    ...SCREENING_CONTRACTS.kyc,
  },
  simulation: {
    /** Loss of the fund under a parallel rate shift by its reported sensitivities (`dv100_linear`). */
    stress: action(RunRef, z.object({ outcome: z.enum(["completed", "refused"]), reason: z.string() })),
    ...STRESS_CONTRACTS.simulation,
    ...DATA_CONTRACTS.simulation,
  },
  tokenization: TOKEN_CONTRACTS.tokenization,
} as const;

export type Contracts = typeof CONTRACTS;
export type RoomName = keyof Contracts;
export type ActionInput<R extends RoomName, A extends keyof Contracts[R]> = Contracts[R][A] extends {
  input: infer I extends z.ZodType;
}
  ? z.infer<I>
  : never;
export type ActionOutput<R extends RoomName, A extends keyof Contracts[R]> = Contracts[R][A] extends {
  output: infer O extends z.ZodType;
}
  ? z.infer<O>
  : never;
/** The activities of a room as a workflow calls them. */
export type RoomActivities<R extends RoomName> = {
  [A in keyof Contracts[R]]: (input: ActionInput<R, A>) => Promise<ActionOutput<R, A>>;
};
