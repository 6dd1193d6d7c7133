// The door to the lists as a worker process uses it: fetches and reads them, keeps the opened index of the current versions, and the names of the parties that are
// held against what a list changed. What it answers names entries and parties by id.

/** One entry as it is published: `hash` covers the body. */
export interface EntryRow {
  [key: string]: unknown;
  id: string;
  hash: string;
  body: Record<string, unknown>;
}

export interface FetchedList {
  /** Of the bytes. */
  sha256: string;
  /** When its source said that this is the list, ISO; of a file when it was last changed. */
  fetchedAt: string;
  /** The list's own date, if it has one. */
  publishedOn: string | null;
  entries: EntryRow[];
}

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
