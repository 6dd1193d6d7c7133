// What the schedule of a class on a chain starts: the register is held against the chain, once the class is at rest. A break says so by its own event.
import { sleep, workflowInfo } from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";

export interface ReconcileTokensArgs {
  contractId: string;
  rooms: Rooms;
}

/** Looks at a class that has operations under way; after the last one the next firing looks again. */
const LOOKS = 20;
const BETWEEN = "15s";

export async function reconcileTokens({
  contractId,
  rooms,
}: ReconcileTokensArgs): Promise<{ outcome: "agree" | "differ" | "later"; breaks: number }> {
  const { workflowId } = workflowInfo();
  for (let round = 1; ; round++) {
    const found = await callRoom("tokenization", rooms).reconcile({ workflowId, contractId, round });
    if (found.outcome !== "later" || round >= LOOKS) return found;
    await sleep(BETWEEN);
  }
}
