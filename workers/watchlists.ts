// The door to the lists as a worker process uses it: fetches and reads them, keeps the opened index of the current versions, and the names of the parties that are
// held against what a list changed. Names are decrypted here and stay here: what it answers names entries and parties by id.

import { EvergreenError } from "@evergreen-fund/domain";
import type { PersonalData, SubjectData } from "@evergreen-fund/personal-data";
import {
  type ListEntry,
  type ListFormat,
  type ListVersion,
  type Match,
  openIndex,
  openPartyIndex,
  type PartyIndex,
  POLICY_VERSION,
  publicFeatures,
  type ScreenedParty,
  type ScreeningIndex,
} from "@evergreen-fund/screening";
import type { Database, Reader } from "@evergreen-fund/supabase-client";
import { type FetchedList, fetchList } from "./list-sources.ts";

/** A match of a party with an entry, without a word of the party. */
export interface Found {
  entryId: string;
  score: number;
  outcome: "alert" | "ask" | "clear";
  features: Record<string, unknown>[];
  missing: string[];
}
export interface CandidateRow {
  [key: string]: unknown;
  entry_id: string;
  score: number;
  outcome: Found["outcome"];
  features: Record<string, unknown>[];
  missing: string[];
}
export interface VersionRow {
  [key: string]: unknown;
  version_id: string;
  sha256: string;
}

/** What one screening used and found; the versions and the matches are of one moment. */
export interface Screening {
  lists: VersionRow[];
  engine: string;
  found: Found[];
}

export interface Watchlists {
  /** Errors: EG503 no answer or a server's failure, EG404 and EG400 by what it answered or what does not read, EG413 beyond the limits. */
  fetch(list: { source: string; format: string; address: string }, signal: AbortSignal): Promise<FetchedList>;
  /** Null: no facts of the party are kept. */
  screen(partyId: string): Promise<Screening | null>;
  /** Every party that an entry of the list added after version `from` may name, and how many parties were looked at. */
  affected(listId: string, from: number): Promise<{ parties: number; affected: Map<string, Screening> }>;
}

const KYC = { role: "agent_kyc" } as const;
const FIELDS = ["name", "alias", "born", "country", "nationality", "identifier"] as const;
/** The engine that a check names: another policy may come to another outcome. */
export const ENGINE = `screening ${POLICY_VERSION}`;
/** Matches of one party that are kept. */
const MOST = 50;
/** Changed entries that are held against all parties before others have their turn. */
const AT_ONCE = 500;

interface Current {
  listId: string;
  source: string;
  format: string;
  versionId: string;
  ordinal: number;
  sha256: string;
}

/** The index of one set of versions. It is replaced, never changed under a reader: whoever has it screens against exactly these. */
interface Opened {
  current: Current[];
  index: ScreeningIndex;
  /** `source:external id` → entry_id. */
  ids: ReadonlyMap<string, string>;
}

export interface WatchlistsOptions {
  database: Database;
  personal: PersonalData;
  /** Folder of list files for hosts without internet. */
  folder: string;
}

export function openWatchlists({ database, personal, folder }: WatchlistsOptions): Watchlists {
  let opened: Opened | undefined;
  let opening: Promise<Opened> | undefined;
  const parties = openParties(database, personal);

  /** The index of the versions that are current now; opened once however many ask. */
  const current = async (): Promise<Opened> => {
    const now = await database.read(KYC, readCurrent);
    if (opened !== undefined && keyOf(opened.current) === keyOf(now)) return opened;
    opening ??= database
      .read(KYC, async (tx) => openedFrom(await readCurrent(tx), tx))
      .then((fresh) => {
        opened = fresh;
        return fresh;
      })
      .finally(() => {
        opening = undefined;
      });
    return await opening;
  };

  return {
    fetch: (list, signal) => fetchList(list, folder, signal),
    async screen(partyId) {
      const party = await partyOf(personal, partyId, await kindOf(database, partyId));
      if (party === null) return null;
      const { current: lists, index, ids } = await current();
      return screeningOf(lists, index.screen(party, { limit: MOST }), ids);
    },
    async affected(listId, from) {
      const { list, rows } = await database.read(KYC, async (tx) => ({
        list: (await readCurrent(tx)).find((one) => one.listId === listId),
        rows: await tx.watchlist_entries.findMany({
          where: { list_id: listId, added_in: { gt: from }, removed_in: null },
          select: { entry_id: true, body: true },
        }),
      }));
      if (list === undefined) return { parties: 0, affected: new Map() };
      const index = await parties();
      const entries = rows.map(({ body }) => body as unknown as ListEntry);
      const ids = new Map(rows.map(({ entry_id }, at) => [`${list.source}:${entries[at]!.entityId}`, entry_id]));
      const matches = new Map<string, Match[]>();
      for (let at = 0; at < entries.length; at += AT_ONCE) {
        for (const { id, match } of index.affected(entries.slice(at, at + AT_ONCE)))
          matches.set(id, [...(matches.get(id) ?? []), match]);
        // a whole new list takes long: heartbeats and other runs have their turn
        await new Promise((resume) => setImmediate(resume));
      }
      for (const found of matches.values()) found.sort((a, b) => b.score - a.score);
      return {
        parties: index.size,
        affected: new Map([...matches].map(([id, found]) => [id, screeningOf([list], found.slice(0, MOST), ids)])),
      };
    },
  };
}

const keyOf = (current: readonly Current[]): string => current.map(({ versionId }) => versionId).join();

async function readCurrent(tx: Reader): Promise<Current[]> {
  const rows = await tx.watchlist_versions.findMany({
    where: { status: "current", list: { active: true } },
    select: {
      version_id: true,
      ordinal: true,
      sha256: true,
      list: { select: { list_id: true, source: true, format: true } },
    },
    orderBy: { list_id: "asc" },
  });
  return rows.map(({ version_id, ordinal, sha256, list }) => ({
    listId: list.list_id,
    source: list.source,
    format: list.format,
    versionId: version_id,
    ordinal: ordinal ?? 0,
    sha256,
  }));
}

async function openedFrom(current: Current[], tx: Reader): Promise<Opened> {
  const rows = await tx.watchlist_entries.findMany({
    where: { list_id: { in: current.map(({ listId }) => listId) }, removed_in: null },
    select: { entry_id: true, list_id: true, external_id: true, body: true },
  });
  const sources = new Map(current.map(({ listId, source }) => [listId, source]));
  const versions: ListVersion[] = current.map(({ source, format, sha256 }) => ({
    list: source,
    format: format as ListFormat,
    date: null,
    sha256,
    entries: rows.length,
  }));
  return {
    current,
    index: openIndex(
      rows.map(({ body }) => body as unknown as ListEntry),
      versions,
    ),
    ids: new Map(
      rows.map(({ entry_id, list_id, external_id }) => [`${sources.get(list_id)}:${external_id}`, entry_id]),
    ),
  };
}

const screeningOf = (
  lists: readonly Current[],
  matches: readonly Match[],
  ids: ReadonlyMap<string, string>,
): Screening => ({
  lists: lists.map(({ versionId, sha256 }) => ({ version_id: versionId, sha256 })),
  engine: ENGINE,
  found: matches.map(({ list, entityId, score, outcome, features, missing }) => ({
    entryId: idOf(ids, `${list}:${entityId}`),
    score,
    outcome,
    features: publicFeatures(features).map((feature) => ({ ...feature })),
    missing: [...missing],
  })),
});

function idOf(ids: ReadonlyMap<string, string>, key: string): string {
  const id = ids.get(key);
  if (id === undefined) throw new EvergreenError("EG500", "A match names an entry that is not in the list.");
  return id;
}

const PERSONS = new Set(["natural_person"]);
const kindOf = async (database: Database, partyId: string): Promise<ScreenedParty["kind"]> =>
  kindBy(
    (await database.read(KYC, (tx) => tx.parties.findUnique({ where: { party_id: partyId }, select: { kind: true } })))
      ?.kind,
  );
const kindBy = (kind: string | undefined): ScreenedParty["kind"] =>
  kind === undefined || kind === "unstated" ? "unknown" : PERSONS.has(kind) ? "person" : "organisation";

async function partyOf(
  personal: PersonalData,
  partyId: string,
  kind: ScreenedParty["kind"],
): Promise<ScreenedParty | null> {
  const subject = (await personal.readMany([partyId], FIELDS, "screening")).get(partyId);
  return subject === undefined ? null : screened(subject, kind);
}

const many = (value: string | readonly string[] | undefined): string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : [...value];

/** Null: erased, or without a name. */
function screened({ state, fields }: SubjectData, kind: ScreenedParty["kind"]): ScreenedParty | null {
  const names = many(fields.name);
  if (state === "destroyed" || names.length === 0) return null;
  return {
    names,
    ...(kind === undefined ? {} : { kind }),
    aliases: many(fields.alias),
    born: many(fields.born),
    countries: many(fields.country),
    nationalities: many(fields.nationality),
    identifiers: many(fields.identifier).map(identifierOf),
  };
}

/** `passport:X123:FR`, or the bare number. */
function identifierOf(text: string): { kind: string; value: string; country?: string } {
  const [kind = "", value, country] = text.split(":").map((part) => part.trim());
  return value === undefined || value === ""
    ? { kind: "other", value: text }
    : { kind, value, ...(country === undefined || country === "" ? {} : { country }) };
}

/** All parties that are screened, opened once; later only those whose facts have changed are read again. */
function openParties(database: Database, personal: PersonalData): () => Promise<PartyIndex> {
  const index = openPartyIndex([]);
  const known = new Map<string, number>();
  let turn: Promise<unknown> = Promise.resolve();
  const refresh = async (): Promise<PartyIndex> => {
    const subjects = await database.read(KYC, (tx) =>
      tx.screening_subjects.findMany({ select: { party_id: true, revision: true, party: { select: { kind: true } } } }),
    );
    const changed = subjects.filter(({ party_id, revision }) => known.get(party_id) !== revision);
    const read = await personal.readMany(
      changed.map(({ party_id }) => party_id),
      FIELDS,
      "screening",
    );
    for (const { party_id, revision, party } of changed) {
      const subject = read.get(party_id);
      const facts = subject === undefined ? null : screened(subject, kindBy(party.kind));
      if (facts === null) index.remove(party_id);
      else index.put(party_id, facts);
      known.set(party_id, revision);
    }
    return index;
  };
  return () => {
    const next = turn.then(refresh, refresh);
    turn = next;
    return next;
  };
}
