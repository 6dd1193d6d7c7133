// What KYC promises about lists and screening: fetching a list, holding a party against all lists, holding a list's changes against all parties.
// Inputs are ids; answers are codes, ids and counts. No name of a party or of a list passes here.
import { z } from "zod";

const id = z.uuid();
const count = z.int().nonnegative();
const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

/** The run that a screening belongs to; nothing else is taken. */
const ScreeningRef = z.strictObject({ eventId: id, workflowId: z.string(), fundId: id.optional() });

/** What a screening comes to. `unusable`: a list is missing or too old, so nobody may be cleared; `absent`: no facts of the party are kept (any more). */
export const SCREENING_OUTCOMES = ["clear", "possible", "ask", "unusable", "absent"] as const;

export const SCREENING_CONTRACTS = {
  kyc: {
    /** Fetches the list that the event names, reads it and publishes it; what is refused or held changes nothing and says why. */
    refreshList: action(
      ScreeningRef,
      z.object({
        outcome: z.enum(["published", "unchanged", "held", "refused"]),
        reason: z.string().max(500),
        rows: count,
        added: count,
        changed: count,
        removed: count,
      }),
    ),
    /** Asks for a refresh of every active list that has an address; a schedule calls it. */
    requestRefreshes: action(z.strictObject({ workflowId: z.string() }), z.object({ lists: count })),
    /** Screens the party that is named, or the one of the event, against every active list. */
    screenParty: action(
      ScreeningRef.extend({ partyId: id.optional() }),
      z.object({
        outcome: z.enum(SCREENING_OUTCOMES),
        checkId: id.optional(),
        candidates: count,
        missing: z.array(z.string().max(40)).max(20),
        reason: z.string().max(500),
      }),
    ),
    /** Holds what the event's list changed against every party; screens up to a page of those affected and says whether more are left. */
    rescreenParties: action(
      ScreeningRef.extend({ round: z.int().nonnegative() }),
      z.object({
        outcome: z.enum(["covered", "more", "nothing"]),
        parties: count,
        affected: count,
        possible: count,
      }),
    ),
    /** Screens a page of the parties whose whole check is still missing; `next`: go on after this one. `reason`: why it stopped. */
    screenWaiting: action(
      ScreeningRef.extend({ after: id.optional() }),
      z.object({ screened: count, next: id.optional(), reason: z.string().max(500) }),
    ),
  },
} as const;
