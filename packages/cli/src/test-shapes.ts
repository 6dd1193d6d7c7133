// What the tests hold the JSON answers of commands to. Strict where scripts rely on it: these keys and no other.
import { z } from "zod";

export const Addresses = z.strictObject({
  dashboardUrl: z.url(),
  supabaseUrl: z.url(),
  publishableKey: z.string().min(1),
  temporalAddress: z.string(),
  temporalUiUrl: z.url().nullable(),
  databaseUrl: z.string().startsWith("postgresql://"),
  logins: z.array(z.strictObject({ role: z.string(), email: z.string(), password: z.string() })),
});
export const Imported = z.strictObject({
  fundId: z.uuid(),
  code: z.string(),
  assets: z.int(),
  netAssets: z.string(),
  holdingsTotal: z.string(),
  difference: z.string(),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), count: z.int() })),
});
export const Trade = z.strictObject({
  assetId: z.uuid(),
  name: z.string(),
  sleeve: z.string(),
  side: z.enum(["buy", "sell"]),
  amount: z.string().regex(/^\d+\.\d{2}$/),
  cost: z.string().regex(/^\d+\.\d{2}$/),
  reason: z.object({ code: z.string(), words: z.string().min(1) }),
});
export const Proposed = z.strictObject({
  eventId: z.uuid(),
  workflowId: z.string(),
  status: z.string(),
  proposalId: z.uuid(),
  proposalHash: z.string().regex(/^[0-9a-f]{64}$/),
  trades: z.array(Trade),
  checks: z.array(z.object({ room: z.string(), rule: z.string(), result: z.string() })),
  memories: z.array(z.object({ memoryId: z.uuid(), text: z.string() })),
});
export const Allocations = z.object({
  version: z.string(),
  netAssets: z.string(),
  allocations: z.array(z.object({ assetId: z.uuid(), marketValue: z.string(), target: z.string() })),
});
export const Verified = z.strictObject({
  entries: z.int(),
  ok: z.boolean(),
  head: z.string().nullable(),
  unsealed: z.int(),
});

export const Run = z.strictObject({
  workflowId: z.string(),
  type: z.string(),
  status: z.string(),
  events: z.array(z.object({ type: z.string() })),
  audit: z.array(z.object({ message: z.string(), createdBy: z.string() })),
  complianceLogs: z.array(z.object({ rule: z.string() })),
  memories: z.array(z.object({ text: z.string() })),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
});
