// What KYC looks at: the application an event names, everybody who stands behind it and what they gave; ids, kinds and dates, no personal data.
import { EvergreenError } from "@evergreen-fund/domain";
import { KycPolicy } from "@evergreen-fund/domain/policies/index.ts";
import type { Reader } from "@evergreen-fund/supabase-client";
import { z } from "zod";

const Facts = z.object({
  pending_id: z.string(),
  classification: z.string(),
  status: z.string(),
  asked: z.array(z.string()),
  investor_id: z.string().nullable(),
  party_id: z.string(),
  policy: z.object({ version: z.int(), body: KycPolicy }),
  parties: z.array(
    z.object({
      party_id: z.string(),
      kind: z.enum(["natural_person", "company", "partnership", "trust", "foundation", "unstated"]),
      code: z.string(),
    }),
  ),
  links: z.array(
    z.object({
      owner: z.string(),
      owned: z.string(),
      kind: z.enum(["ownership", "control", "director", "trustee", "settlor", "protector", "beneficiary"]),
      share: z.string().nullable(),
    }),
  ),
  evidence: z.array(
    z.object({ party_id: z.string(), kind: z.string(), on: z.string(), expires: z.string().nullable() }),
  ),
  case_stands: z.boolean(),
  /** The worst of everybody behind; `none`: no list was ever set. */
  screening: z.enum(["refused", "open", "unscreened", "clear", "none"]),
  unasked: z.array(z.string()),
  past_true_match: z.boolean(),
  /** Whether somebody lives in or is of a country that the policy names; asked for when the risk is rated. */
  high_risk_country: z.boolean().default(false),
  investors: z.int(),
});
export type Applicant = z.infer<typeof Facts>;

/** The application that the event speaks of. */
export async function readPendingId(tx: Reader, eventId: string): Promise<string> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  return (event.payload as { pending_id: string }).pending_id;
}

/** Errors: EG500 when the database answers what no review can be made on, for instance a policy that does not parse. */
export function applicantOf(answer: unknown): Applicant {
  const parsed = Facts.safeParse(answer);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  throw new EvergreenError("EG500", `The facts of the application are not what a review is made on: ${place}.`);
}
