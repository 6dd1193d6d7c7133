// The deliveries of a run that are due, with what is needed to send them; the sealed secrets are opened only where they sign.
import type { Reader } from "@evergreen-fund/supabase-client";

/** Deliveries of one turn: with five at a time and fifteen seconds for each it is over within a minute. */
export const PER_TURN = 20;

export interface DueDelivery {
  deliveryId: string;
  attempts: number;
  eventId: string;
  type: string;
  recordedAt: string;
  fund: string | null;
}
export interface QueueFacts {
  endpointId: string;
  url: string;
  active: boolean;
  ownerRole: "pm_role" | "ops_role" | "lp_role";
  ownerId: string;
  sealed: string[];
  due: DueDelivery[];
}

/** @param now when something counts as due @returns null when nothing of the run waits */
export async function readQueue(tx: Reader, queuedBy: string, now: Date): Promise<QueueFacts | null> {
  const rows = await tx.webhook_deliveries.findMany({
    where: { queued_by: queuedBy, status: "pending", next_at: { lte: now } },
    orderBy: [{ created_at: "asc" }, { delivery_id: "asc" }],
    take: PER_TURN,
    include: { endpoint: { include: { secrets: true } }, event: { include: { fund: { select: { code: true } } } } },
  });
  const endpoint = rows[0]?.endpoint;
  if (endpoint === undefined) return null;
  return {
    endpointId: endpoint.endpoint_id,
    url: endpoint.url,
    active: endpoint.status === "active",
    ownerRole: endpoint.owner_role as QueueFacts["ownerRole"],
    ownerId: endpoint.owner_id,
    // the newest first: a receiver that looks at one signature alone finds the one that stays
    sealed: endpoint.secrets
      .filter(({ valid_until }) => valid_until === null || valid_until > now)
      .sort((one, other) => other.created_at.getTime() - one.created_at.getTime())
      .map(({ sealed }) => sealed),
    due: rows.map(({ delivery_id, attempts, event_id, event }) => ({
      deliveryId: delivery_id,
      attempts,
      eventId: event_id,
      type: event.type,
      recordedAt: event.recorded_at.toISOString(),
      fund: event.fund?.code ?? null,
    })),
  };
}
