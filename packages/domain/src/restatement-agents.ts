// What the Commander promises a restatement (R30). Split from agents.ts, which puts it into the contracts.
import { z } from "zod";

const id = z.uuid();
const RunRef = z.object({ eventId: id, workflowId: z.string(), fundId: id.optional() });
export const RestatementRef = RunRef.extend({ strikeId: id });
export type RestatementRef = z.infer<typeof RestatementRef>;

const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
const count = z.int().min(0);

export const RESTATEMENT_CONTRACTS = {
  commander: {
    /** Opens the run of the restatement that an event began. */
    openRestatement: action(z.object({ eventId: id, workflowId: z.string() }), z.object({ strikeId: id, fundId: id })),
    /** The corrected NAV over the units it was over, put before two people. */
    proposeRestatement: action(RestatementRef, z.object({ proposalId: id })),
    /** Two people approved: the old version is superseded. */
    strikeRestatement: action(RestatementRef, z.object({ version: z.int() })),
    /** Every deal at the wrong price: what it would have been, who is owed what by whom. */
    compensate: action(RestatementRef, z.object({ material: z.boolean(), compensations: count, days: count })),
    /** A performance fee that was taken on the wrong NAV goes before two people again, and is posted in place of the first. */
    retakeFees: action(
      RestatementRef,
      z.object({ waitsFor: z.string().nullable(), posted: count, kept: z.array(z.string()) }),
    ),
    /** Statements of the days that dealt at the old price, or opened on it: new versions where something changed. */
    restateStatements: action(RestatementRef, z.object({ days: count, statements: count })),
    /** The next strike that stands on what was wrong is restated in turn; none: nothing later is affected. */
    beginNextRestatement: action(
      RestatementRef,
      z.object({ strikeId: id.optional(), navDate: z.iso.date().optional(), changed: count }),
    ),
  },
} as const;
