// What screening looks at: which list or party an event is about, and how far a list's changes were held against the parties. Ids and numbers only.
import { EvergreenError } from "@evergreen-fund/domain";
import type { Reader } from "@evergreen-fund/supabase-client";

export interface ListFacts {
  listId: string;
  source: string;
  format: string;
  address: string | null;
  active: boolean;
  /** Version that is current; 0: none yet. */
  current: number;
  versionId: string | null;
  /** Up to which version its changes were held against all parties. */
  covered: number;
}

const payloadOf = async (tx: Reader, eventId: string): Promise<Record<string, unknown>> =>
  (await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } })).payload as Record<string, unknown>;

export async function readList(tx: Reader, eventId: string): Promise<ListFacts> {
  const { list_id } = await payloadOf(tx, eventId);
  const list = await tx.watchlists.findUnique({
    where: { list_id: String(list_id) },
    include: {
      versions: { where: { status: "current" }, select: { version_id: true, ordinal: true } },
      rescreens: { orderBy: { to_ordinal: "desc" }, take: 1, select: { to_ordinal: true } },
    },
  });
  if (list === null) throw new EvergreenError("EG404", "The list of the event is not there.");
  return {
    listId: list.list_id,
    source: list.source,
    format: list.format,
    address: list.address,
    active: list.active,
    current: list.versions[0]?.ordinal ?? 0,
    versionId: list.versions[0]?.version_id ?? null,
    covered: list.rescreens[0]?.to_ordinal ?? 0,
  };
}

/** Lists that a schedule may fetch. */
export async function readSources(tx: Reader): Promise<string[]> {
  const lists = await tx.watchlists.findMany({
    where: { active: true, address: { not: null } },
    select: { source: true },
    orderBy: { source: "asc" },
  });
  return lists.map(({ source }) => source);
}

export interface SubjectFacts {
  partyId: string;
  /** Null: nobody has asked for it to be screened. */
  revision: number | null;
}

/** @param partyId absent: the party of the event. */
export async function readSubject(tx: Reader, eventId: string, partyId: string | undefined): Promise<SubjectFacts> {
  const id = partyId ?? String((await payloadOf(tx, eventId)).party_id);
  const subject = await tx.screening_subjects.findUnique({ where: { party_id: id }, select: { revision: true } });
  return { partyId: id, revision: subject?.revision ?? null };
}

/** Which of these parties have a check against this version already: what a page that is taken again leaves out. */
export async function readChecked(tx: Reader, versionId: string): Promise<Set<string>> {
  const rows = await tx.screening_check_lists.findMany({
    where: { version_id: versionId },
    select: { check: { select: { party_id: true } } },
  });
  return new Set(rows.map(({ check }) => check.party_id));
}
