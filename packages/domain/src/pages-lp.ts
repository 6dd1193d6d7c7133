// Pages of an investor as the database answers them: the own record, and the windows in which a redemption could be paid. Shares are decimal strings.
import { z } from "zod";

const day = z.iso.date();
/** As Postgres writes it, with its zone. */
const time = z.string();

/** Who read the own personal data, and what was done to the own orders and data; cases and holds are never told. */
export const OwnRecord = z.object({
  read_at: time,
  investors: z.array(
    z.object({
      investor_id: z.uuid(),
      investor: z.string(),
      party_id: z.uuid().nullable(),
      has_personal_data: z.boolean(),
    }),
  ),
  looks: z.array(
    z.object({ at: time, what: z.string(), fields: z.array(z.string()), purpose: z.string(), by: z.string() }),
  ),
  changes: z.array(
    z.object({ at: time, entity: z.string(), entity_id: z.string(), message: z.string(), by: z.string() }),
  ),
});
export type OwnRecord = z.infer<typeof OwnRecord>;

export const Windows = z.object({
  read_at: time,
  class: z.object({ share_class_id: z.uuid(), code: z.string(), currency: z.string(), units_dp: z.int() }),
  /** What becomes of units that a gate left over. */
  carry: z.string(),
  /** On so many dealing dates an order is dealt at most; null: without end. */
  most_dealings: z.int().nullable(),
  gate: z.unknown(),
  /** The share of what was asked for that was paid, the newest date first. */
  history: z.array(z.object({ date: day, gate: z.boolean(), fraction: z.string() })),
  windows: z.array(z.object({ date: day, notice_until: time, paid_on: day })),
});
export type Windows = z.infer<typeof Windows>;
