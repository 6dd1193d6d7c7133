// Events of webhooks: an endpoint was set or changed, tested, stopped by what its receiver does; deliveries wait for a run. None of them is ever told to a webhook.
import { z } from "zod";

const id = z.uuid();
const fact = <P extends z.ZodType>(payload: P): { mode: "note"; recordedBy: readonly []; payload: P } => ({
  mode: "note",
  recordedBy: [],
  payload,
});

export const WEBHOOK_EVENTS = {
  WEBHOOK_SET: fact(
    z.object({ endpoint_id: id, change: z.enum(["add", "pause", "resume", "skip", "remove", "rotate"]) }),
  ),
  /** Sent to the one endpoint that it names. */
  WEBHOOK_TESTED: fact(z.object({ endpoint_id: id })),
  WEBHOOKS_QUEUED: {
    mode: "run" as const,
    playbook: "deliver-webhooks" as const,
    recordedBy: [] as readonly [],
    payload: z.object({ endpoint_id: id, deliveries: z.int().positive() }),
  },
  /** The receiver wants nothing more (410), its address will not do, or every attempt of days has failed. */
  WEBHOOK_STOPPED: fact(z.object({ endpoint_id: id, reason: z.enum(["gone", "refused", "failing"]) })),
} as const;
