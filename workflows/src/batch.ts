// Many events of one type in one run: one local activity, one set-based RPC. Bulk work is never one workflow per row.
import { proxyActivities, proxyLocalActivities } from "@temporalio/workflow";
import type { Rooms } from "./proxies.ts";

export interface BatchArgs {
  batchId: string;
  type: string;
  rooms: Rooms;
}
interface BatchActivities {
  "kyc.intakeOrders"(input: {
    batchId: string;
    type: string;
  }): Promise<{ accepted: number; held: number; skipped: number }>;
}

export async function batch({
  batchId,
  type,
  rooms,
}: BatchArgs): Promise<{ accepted: number; held: number; skipped: number }> {
  const options = {
    startToCloseTimeout: "120s",
    retry: { initialInterval: "200ms", maximumInterval: "30s" },
    summary: `batch ${type}`,
  } as const;
  const activities =
    rooms === "local"
      ? proxyLocalActivities<BatchActivities>(options)
      : proxyActivities<BatchActivities>({ ...options, taskQueue: "kyc" });
  return await activities["kyc.intakeOrders"]({ batchId, type });
}
