// One turn of the deliveries of a run: what is due is sent, each under its own id, and what came of it is recorded. Whoever dies in between sends it again
// under the same id.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import type { House } from "../../rooms.ts";
import { bodyOf, recordOf } from "./decide.ts";
import { readQueue } from "./facts.ts";

export const webhookActions = (house: House): Pick<RoomActions<"commander">, "sendWebhooks"> => ({
  sendWebhooks: async (context, { eventId }) => {
    const queue = await context.facts((tx) => readQueue(tx, eventId, new Date()));
    const due = queue?.active === true ? queue.due : [];
    const messages = await context.decide(() => due.map((delivery) => ({ delivery, body: bodyOf(delivery) })));
    const { left, wait_ms, stopped } = await context.record(async (rpc) => {
      if (house.webhooks === undefined) throw new EvergreenError("EG503", "This process sends no webhooks.");
      const outcomes = queue === null || due.length === 0 ? [] : await house.webhooks.send(queue, messages);
      return rpc("fn_record_webhook_attempts", {
        queued_by: eventId,
        outcomes: outcomes.map(recordOf),
      });
    });
    return { sent: due.length, left, waitMs: wait_ms, stopped };
  },
});
