// The statement that an event asks for as files, as its row says it.
import { EVENTS, EvergreenError } from "@evergreen-fund/domain";
import type { Reader } from "@evergreen-fund/supabase-client";

export interface StatementFacts {
  fundId: string;
  investorId: string;
  statementId: string;
  version: number;
  hash: string;
  /** ISO 8601. */
  createdAt: string;
  body: unknown;
}

/** Errors: EG400 the event is about something else, EG404 there is no such statement. */
export async function readStatement(tx: Reader, eventId: string): Promise<StatementFacts> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  const asked = EVENTS.STATEMENT_DOCUMENTS_REQUESTED.payload.safeParse(event.payload);
  if (!asked.success) throw new EvergreenError("EG400", "The event asks for the files of no statement.");
  const row = await tx.statements.findUnique({
    where: asked.data,
    include: { dealing_day: { select: { fund_id: true } } },
  });
  if (row === null) throw new EvergreenError("EG404", "The statement of the event is not there.");
  return {
    fundId: row.dealing_day.fund_id,
    investorId: row.investor_id,
    statementId: row.statement_id,
    version: row.version,
    hash: row.hash,
    createdAt: row.created_at.toISOString(),
    body: row.body,
  };
}
