// The fn_* of statements and performance: their arguments and what they answer. Units and money are decimal strings.
import { z } from "zod";
import { amount, day, type Rpc, request_id, rpc, uuid } from "./rpc-shape.ts";

const fund = z.object({ code: z.string(), name: z.string(), synthetic: z.boolean() });
const known_on = z.iso.datetime({ offset: true }).optional();

/** What a statement or a performance figure is made from; `finance` says what each field means. */
export const STATEMENT_RPCS = {
  fn_statement_books: rpc(
    "one",
    z.object({ investor_id: uuid, share_class_id: uuid, known_on }),
    z.object({
      fund,
      shareClass: z.object({ id: uuid, code: z.string() }),
      feesStated: z.boolean(),
      takenOver: z.boolean(),
      currency: z.string(),
      unitsDp: z.int(),
      investor: uuid,
      knownOn: z.string(),
      // of a distribution or a roll-up there is an entry per lot, whose id is a digest
      entries: z.array(z.looseObject({ id: z.string(), effectiveOn: day, units: amount })),
      lots: z.array(z.looseObject({ lot: uuid, effectiveOn: day, units: amount })),
      strikes: z.array(z.looseObject({ date: day, navPerUnit: amount })),
    }),
  ),
  fn_performance_books: rpc(
    "one",
    z.object({
      fund: z.string(),
      investor_ids: z.array(uuid).optional(),
      share_class: z.string().optional(),
      known_on,
    }),
    z.object({
      fund,
      currency: z.string(),
      knownOn: z.string(),
      holders: z.int(),
      classes: z.array(
        z.object({
          /** Of a class; of a series the class, a stroke and the series. */
          id: z.string(),
          code: z.string(),
          prices: z.array(z.object({ date: day, price: amount })),
          flows: z.array(
            z.object({
              date: day,
              via: z.enum(["cash", "switch", "transfer", "taken_over"]),
              units: amount,
              paidIn: amount,
              paidOut: amount,
            }),
          ),
        }),
      ),
      dates: z.array(z.object({ date: day, staleShare: amount.nullable(), borrows: z.boolean() })),
    }),
  ),
  fn_prepare_statements: rpc(
    "one",
    z.object({ dealing_day_id: uuid, request_id }),
    z.object({ dealing_day_id: uuid, investors: z.int(), written: z.int(), stale_days: z.array(uuid) }),
  ),
  fn_request_documents: rpc(
    "one",
    z.object({ statement_id: uuid, request_id }),
    z.object({ event_id: uuid, workflow_id: z.string() }),
  ),
} as const satisfies Record<string, Rpc>;
