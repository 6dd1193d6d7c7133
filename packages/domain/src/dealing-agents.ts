// What the rooms promise a dealing day, step by step (domain rules 1.10). Split from agents.ts, which puts it into the contracts.
import { z } from "zod";

const id = z.uuid();
const RunRef = z.object({ eventId: id, workflowId: z.string(), fundId: id.optional() });

/** A step of a dealing day. `round` counts the turns of its run: a step that is taken anew is another request, one that is taken again after a crash is not. */
export const DayRef = RunRef.extend({ dealingDayId: id, round: z.int().min(0) });
export type DayRef = z.infer<typeof DayRef>;

const words = z.string().max(200);
/** Where a dealing day stands, for its run: codes, names of what blocks it, times in milliseconds by the database's clock. */
export const DayPosition = z.object({
  status: z.string(),
  step: z.int(),
  /** Among the classes that deal at one NAV, one makes it for all. */
  leads: z.boolean(),
  rechecked: z.boolean(),
  lab: z.boolean(),
  cutOffInMs: z.number(),
  /** Other days that the NAV waits for. */
  waitsFor: z.array(words).max(5),
  /** Inputs that block the NAV. */
  blockers: z.array(words).max(5),
  strikeState: z.string().nullable(),
  proposalStatus: z.string().nullable(),
  proposalId: id.nullable(),
  expiresInMs: z.number().nullable(),
  proposedForMs: z.number().nullable(),
  /** The NAV was refused and somebody has knocked after that. */
  knockedSince: z.boolean(),
  suspension: z.boolean(),
  /** A liquidity tool that this run asked people for. */
  activationId: id.nullable(),
  tool: z.string().nullable(),
  toolStatus: z.string().nullable(),
});
export type DayPosition = z.infer<typeof DayPosition>;

const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
const count = z.int().min(0);
const status = z.object({ status: z.string() });

/** What the gate would do or did: `stopped` when a cap is below what must be paid. */
export const GateVerdict = z.object({
  status: z.enum(["open", "gated", "stopped", "not_active"]),
  /** Ratio at which requests are paid; null when stopped. */
  fraction: z.string().max(60).nullable(),
});
export type GateVerdict = z.infer<typeof GateVerdict>;

export const DEALING_CONTRACTS = {
  commander: {
    /** Opens the run of the day that an event announced. */
    openDay: action(z.object({ eventId: id, workflowId: z.string() }), z.object({ dealingDayId: id, fundId: id })),
    lookAtDay: action(DayRef, DayPosition),
    /** Step 1: the cut-off. */
    lockOrders: action(DayRef, z.object({ orders: count })),
    /** Step 3: unpaid subscriptions roll, the NAV's inputs are frozen with what blocks them. */
    freezeNav: action(DayRef, z.object({ strikeId: id, blockers: z.array(words).max(5), blocking: count })),
    /** Step 5: the frozen NAV is put before two people. */
    proposeNav: action(DayRef, z.object({ proposalId: id })),
    /** Nobody decided for a day: said aloud, and nothing else. */
    escalateNav: action(DayRef.extend({ proposalId: id }), z.object({ eventId: id })),
    /** Step 5: two people approved. */
    strikeNav: action(DayRef, z.object({ orders: count })),
    /** After the strike: performance fees that are due are put before two people, and posted once they approved; says what the day waits for. */
    crystalliseFees: action(DayRef, z.object({ waitsFor: words.nullable() })),
    /** Step 8: units, cash and carried orders, in one transaction. */
    postDay: action(DayRef, z.object({ carried: count })),
    /** Step 9. */
    openClaims: action(DayRef, status),
    /** Step 11: what every investor of the day is told, with its hash; again after a restatement, which adds versions. */
    prepareStatements: action(DayRef, z.object({ statements: count })),
    /** Step 12. */
    closeDay: action(DayRef, z.object({ dayHash: z.string().max(64) })),
    /** Gives the day up before it is posted; its orders wait for another one. */
    discardDay: action(DayRef.extend({ reason: words }), status),
    /** Opens the dealing days of a class whose cut-off is near at `at`; no event asks for it, a schedule does. */
    openDealingDays: action(
      z.object({ workflowId: z.string(), fundId: id, shareClassId: id, at: z.iso.datetime() }),
      z.object({ dates: z.array(z.iso.date()).max(60) }),
    ),
    /** Puts a tool to use that two people approved. */
    activateTool: action(DayRef.extend({ activationId: id }), z.object({ tool: z.string() })),
  },
  kyc: {
    /** Before rules look at orders: what they ask about personal data is answered, so that they need not see it. */
    answerTests: action(DayRef, z.object({ answered: count })),
    /** Steps 2 and 8: every party once more; whoever is not cleared leaves the day. */
    recheckOrders: action(DayRef, z.object({ held: count })),
  },
  "liquidity-engine": {
    /** Step 4: what each permitted combination of tools would do. */
    runLab: action(DayRef, GateVerdict.extend({ combinations: count })),
    /** Step 6, before the strike: would the policy as it is stop the engine? */
    foresee: action(DayRef, GateVerdict),
    /** Step 6: an active suspension ends the day; nothing is struck. */
    suspendDay: action(DayRef, status),
    /** Step 6: the gate on the unswung NAV, for every class that deals at it. */
    decideLmt: action(DayRef, GateVerdict),
    /** Drafts a suspension or longer notice, for two people to decide. */
    proposeTool: action(DayRef, z.object({ proposalId: id, activationId: id, tool: z.string() })),
    /** Step 7: fills, prices, units and cash of every class that deals at the NAV. */
    allocate: action(DayRef, z.object({ outcome: z.enum(["allocated", "stopped"]), orders: count })),
  },
} as const;
