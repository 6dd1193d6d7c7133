// WEBHOOKS_QUEUED: what was queued for an endpoint is sent, and what fails is sent again when it is due, for days, until nothing is left or the endpoint stops.
import type { PlaybookFunction } from "./playbook.ts";

/** A turn that had nothing to send does not come again at once, whatever the clocks say. */
const LEAST_WAIT_MS = 1_000;

export const deliverWebhooks: PlaybookFunction = async ({ run }, { room, stage, knocks }) => {
  stage("sending");
  for (let round = 1; ; round++) {
    const heard = knocks.heard();
    const { sent, left, waitMs, stopped } = await room("commander").sendWebhooks({ ...run, round });
    if (left === 0) return { status: "completed", reason: `nothing is left after ${round} turns` };
    if (stopped) return { status: "refused", reason: `the endpoint takes nothing any more: ${left} wait` };
    if (sent > 0 && waitMs === 0) continue;
    stage("waiting for the next attempt");
    await knocks.beyond(heard, Math.max(waitMs, LEAST_WAIT_MS));
  }
};
