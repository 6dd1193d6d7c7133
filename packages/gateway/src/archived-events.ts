// Events of `fn_read_events` on their way through the gateway: the database has decided who reads them, the archive has the content of the old ones.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/** A row as the database answers it; the rest travels as it is. */
export interface ReadEvent {
  event_id: string;
  payload: unknown;
  archive_id: string | null;
  content_digest: string | null;
}

/**
 * The rows of an answer. A query could rename columns, and then a value of another kind would stand where an id is looked for: it is refused.
 * Errors: EG400 with a query, EG500 when the answer is no list of events.
 */
export function readEventsOf(url: URL, answer: string): ReadEvent[] {
  if ([...url.searchParams.keys()].some((name) => name !== "apikey"))
    throw new EvergreenError("EG400", "fn_read_events takes its arguments in the body and no query.");
  const rows: unknown = JSON.parse(answer);
  if (Array.isArray(rows) && rows.every(isEvent)) return rows;
  throw new EvergreenError("EG500", "The answer of the database is no list of events.");
}

function isEvent(row: unknown): row is ReadEvent {
  if (typeof row !== "object" || row === null) return false;
  const { event_id, archive_id, content_digest } = row as Record<string, unknown>;
  const text = (value: unknown): boolean => value === null || typeof value === "string";
  return typeof event_id === "string" && text(archive_id) && text(content_digest) && "payload" in row;
}
