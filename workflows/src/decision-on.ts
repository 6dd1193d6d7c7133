// What people decided on a proposal, or that it has expired.
import type { RoomActivities, RunRef } from "@evergreen-fund/domain/agents.ts";
import type { Knocks } from "./knocks.ts";

type Commander = RoomActivities<"commander">;
type Decision = Awaited<ReturnType<Commander["readDecision"]>>;

/** Waits for as long as it takes: until the last approval, a rejection or the expiry. */
export async function decisionOn(
  proposal: RunRef & { proposalId: string },
  commander: Commander,
  knocks: Knocks,
): Promise<Decision> {
  for (;;) {
    const heard = knocks.heard();
    const decision = await commander.readDecision(proposal);
    if (decision.final) return decision;
    // a second beyond the expiry: the database clock decides, and it must have passed
    await knocks.beyond(heard, decision.expiresInMs + 1_000);
  }
}
