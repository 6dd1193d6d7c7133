// Branded ids: a FundId cannot be passed where an AssetId is meant. All are opaque uuids; none carries meaning or personal data.
import { z } from "zod";

const uuid = z.uuid();
export const FundId = uuid.brand<"FundId">();
export const AssetId = uuid.brand<"AssetId">();
export const InvestorId = uuid.brand<"InvestorId">();
export const EventId = uuid.brand<"EventId">();
export const ProposalId = uuid.brand<"ProposalId">();
export const MemoryId = uuid.brand<"MemoryId">();
export const UserId = uuid.brand<"UserId">();
export type FundId = z.infer<typeof FundId>;
export type AssetId = z.infer<typeof AssetId>;
export type InvestorId = z.infer<typeof InvestorId>;
export type EventId = z.infer<typeof EventId>;
export type ProposalId = z.infer<typeof ProposalId>;
export type MemoryId = z.infer<typeof MemoryId>;
export type UserId = z.infer<typeof UserId>;

/** The caller's own name for a request: a retry with the same id and input returns the first answer. */
export const RequestId = z.string().min(1).max(200);

/** Workflow id of the Commander run for an event. */
export const workflowIdOf = (eventId: string): string => `event/${eventId}`;

/** Event id inside a Commander workflow id, or undefined for other workflows. */
export const eventIdOf = (workflowId: string): string | undefined => /^event\/([0-9a-f-]{36})$/.exec(workflowId)?.[1];
