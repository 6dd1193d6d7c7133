// What the Commander promises about webhooks: one turn of deliveries that an event queued. Split from agents.ts, which puts it into the contracts.
import { z } from "zod";

const id = z.uuid();
const count = z.int().min(0);

export const WEBHOOK_CONTRACTS = {
  commander: {
    /** Sends what is due of the deliveries that the event of the run queued, and records what came of each attempt. */
    sendWebhooks: {
      input: z.object({ eventId: id, workflowId: z.string(), fundId: id.optional(), round: z.int().min(1) }),
      output: z.object({
        /** Attempts of this turn. */
        sent: count,
        /** Deliveries of the run that still wait. */
        left: count,
        /** How long until the first of them is due. */
        waitMs: count,
        /** The endpoint takes nothing any more: what is left waits for a person. */
        stopped: z.boolean(),
      }),
    },
  },
} as const;
