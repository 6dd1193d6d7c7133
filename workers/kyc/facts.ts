// What KYC looks at: the pending investor an event names. One snapshot; evidence names document kinds and dates, no personal data.
import type { Reader } from "@evergreen-fund/supabase-client";

export interface Applicant {
  pendingId: string;
  classification: string;
  status: string;
  evidence: Record<string, unknown>;
  investorId: string | undefined;
}

export async function readApplicant(tx: Reader, eventId: string): Promise<Applicant> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  const pending = await tx.investors_pending_kyc.findUniqueOrThrow({
    where: { pending_id: (event.payload as { pending_id: string }).pending_id },
  });
  return {
    pendingId: pending.pending_id,
    classification: pending.classification,
    status: pending.kyc_status,
    evidence: pending.evidence as Record<string, unknown>,
    investorId: pending.investor_id ?? undefined,
  };
}
