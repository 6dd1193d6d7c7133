// What the tokenization room promises a run. Split from agents.ts, which puts it into the contracts.
import { z } from "zod";
import { TOKEN_KINDS } from "./token-events.ts";

const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
const id = z.uuid();
const RunRef = z.object({ eventId: id, workflowId: z.string(), fundId: id.optional() });
const reason = z.string().max(200);
/** The turn of a run: each asks the chain anew. */
const round = z.int().min(1);

export const TOKEN_CONTRACTS = {
  tokenization: {
    /** Registers the operation, referring to the compliance verdict. Of an operation on a class: its kind, and the proposal that two people decide on. */
    register: action(
      RunRef,
      z.object({
        actionId: id,
        status: z.string(),
        kind: z.enum(TOKEN_KINDS).optional(),
        proposalId: id.optional(),
        reason: reason.optional(),
      }),
    ),
    /** One turn of an approved operation on the chain: sends it, sends again what was lost, or says how deep it lies. */
    settle: action(
      RunRef.extend({ actionId: id, round }),
      z.object({
        outcome: z.enum(["going", "final", "refused"]),
        /** How long to wait for the next turn. */
        waitMs: z.int().min(0),
        contractId: id.optional(),
        reason: reason.optional(),
      }),
    ),
    /** People or time refused it. */
    refuse: action(RunRef.extend({ actionId: id, reason }), z.object({ status: z.string() })),
    /** Holds the register against the chain at its newest final block. `actionId`: who asked for it is told; without an event a schedule asks. */
    reconcile: action(
      RunRef.partial({ eventId: true }).extend({ contractId: id, actionId: id.optional(), round }),
      z.object({ outcome: z.enum(["agree", "differ", "later"]), breaks: z.int().min(0) }),
    ),
  },
} as const;
