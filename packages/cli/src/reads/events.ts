// Events and dead letters as the caller may see them.
import { z } from "zod";
import type { Session } from "../session.ts";

const EventRow = z.object({
  event_id: z.string(),
  seq: z.coerce.string(),
  type: z.string(),
  fund_id: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()),
  source: z.string(),
  created_by: z.string(),
  recorded_at: z.string(),
});
export type EventRow = z.infer<typeof EventRow>;
const COLUMNS = "event_id,seq,type,fund_id,payload,source,created_by,recorded_at";

/** Events by their number. */
export function eventsWhere(session: Session, narrow: Parameters<Session["read"]>[2]): Promise<EventRow[]> {
  return session.read("fund_events", COLUMNS, (query) => narrow(query).order("seq"), EventRow);
}

export interface EventFilter {
  fundId: string | undefined;
  type: string | undefined;
}

const filtered = (filter: EventFilter): Parameters<Session["read"]>[2] => {
  return (query) => {
    const byFund = filter.fundId === undefined ? query : query.eq("fund_id", filter.fundId);
    return filter.type === undefined ? byFund : byFund.eq("type", filter.type);
  };
};

/** The newest events, oldest of them first. */
export async function newestEvents(session: Session, filter: EventFilter, limit: number): Promise<EventRow[]> {
  const rows = await session.read(
    "fund_events",
    COLUMNS,
    (query) =>
      filtered(filter)(query)
        .order("seq", { ascending: false })
        .range(0, limit - 1),
    EventRow,
  );
  return rows.reverse();
}

/** A dead letter: one event, or a batch whose events share one fate. Any event id of a batch retries it. */
export interface DeadLetter {
  kind: "event" | "batch";
  eventId: string;
  batchId: string | null;
  type: string;
  events: number;
  attempts: number;
  deadAt: string;
  reason: string | null;
}

const DeadEvent = z.object({
  event_id: z.string(),
  type: z.string(),
  attempts: z.number(),
  dead_at: z.string(),
  reason: z.string().nullable(),
});
const DeadBatch = z.object({
  batch_id: z.string(),
  type: z.string(),
  events: z.number(),
  event_ids: z.array(z.string()),
  attempts: z.number(),
  dead_at: z.string(),
  reason: z.string().nullable(),
});

/** At most one page of each kind, oldest first. */
export async function deadLetters(session: Session, fundId: string | undefined): Promise<DeadLetter[]> {
  const [events, batches] = await Promise.all([
    session.read(
      "event_outbox",
      "event_id,type,attempts,dead_at,reason",
      (query) => {
        const dead = query.not("dead_at", "is", null).order("dead_at");
        return fundId === undefined ? dead : dead.eq("fund_id", fundId);
      },
      DeadEvent,
    ),
    // a batch holds events of several funds
    fundId === undefined
      ? session.read(
          "event_batches",
          "batch_id,type,events,event_ids,attempts,dead_at,reason",
          // one that was given up and was done after all is no dead letter any more
          (query) => query.not("dead_at", "is", null).is("done_at", null).order("dead_at"),
          DeadBatch,
        )
      : [],
  ]);
  return [
    ...events.map(
      (row): DeadLetter => ({
        kind: "event",
        eventId: row.event_id,
        batchId: null,
        type: row.type,
        events: 1,
        attempts: row.attempts,
        deadAt: row.dead_at,
        reason: row.reason,
      }),
    ),
    ...batches.map(
      (row): DeadLetter => ({
        kind: "batch",
        eventId: row.event_ids[0] ?? "",
        batchId: row.batch_id,
        type: row.type,
        events: row.events,
        attempts: row.attempts,
        deadAt: row.dead_at,
        reason: row.reason,
      }),
    ),
  ];
}
