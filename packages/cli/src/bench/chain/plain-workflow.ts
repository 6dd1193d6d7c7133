// The plain style that `bench chain` compares with: one workflow, five ordinary activities one after the other. Runs in Temporal's sandbox.
import { proxyActivities } from "@temporalio/workflow";
import type { PlainActivities, PlainRun } from "./plain-activities.ts";

const activities = proxyActivities<PlainActivities>({ startToCloseTimeout: "60s" });

export async function plainChain(run: PlainRun): Promise<string> {
  await activities.open(run);
  await activities.judge(run);
  await activities.register(run);
  await activities.close(run);
  return await activities.remember(run);
}
