// The index of list entries: screens a party in time that hardly grows with the list, takes deltas, and goes to bytes and back.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { ListDelta } from "./delta.ts";
import { type Evidence, evidenceOf } from "./evidence.ts";
import { nameOf } from "./name.ts";
import { NameIndex } from "./name-index.ts";
import { nameScore } from "./name-score.ts";
import { namesOf } from "./pair.ts";
import { checkedParty, entryKey, type ListEntry, type ListVersion, type Match, type ScreenedParty } from "./party.ts";
import { judged, POLICY } from "./policy.ts";
import { cleanText } from "./text.ts";

export interface ScreenOptions {
  /** At most so many matches, best first. */
  limit?: number;
  /** Least score of the names. */
  threshold?: number;
}

export interface ScreeningIndex {
  readonly versions: readonly ListVersion[];
  /** Entries. */
  readonly size: number;
  /** Possible matches, best first. Errors: EG400, EG413 of a party. */
  screen(party: ScreenedParty, options?: ScreenOptions): Match[];
  /** Takes the difference of two versions in time proportional to it. */
  apply(delta: ListDelta, versions?: ListVersion | readonly ListVersion[]): void;
  entry(list: string, entityId: string): ListEntry | undefined;
  entries(): Iterable<ListEntry>;
  toBytes(): Uint8Array;
}

const asMany = <T>(given: T | readonly T[]): readonly T[] => (Array.isArray(given) ? given : [given as T]);
const FORMAT = "evergreen-screening-index/1";
export const bareIdentifier = (value: string): string =>
  value
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, "");

export function openIndex(
  entries: Iterable<ListEntry>,
  versions: ListVersion | readonly ListVersion[],
): ScreeningIndex {
  return new EntryIndex(entries, asMany(versions));
}

/** Errors: EG400 the bytes are no index of this version. */
export function restoreIndex(bytes: Uint8Array): ScreeningIndex {
  let held: { format?: unknown; versions?: ListVersion[]; entries?: ListEntry[] };
  try {
    held = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as typeof held;
  } catch (error) {
    throw new EvergreenError("EG400", "These bytes are no screening index; build it again from the lists.", {
      cause: error,
    });
  }
  if (
    held === null ||
    typeof held !== "object" ||
    held.format !== FORMAT ||
    !Array.isArray(held.entries) ||
    !Array.isArray(held.versions)
  )
    throw new EvergreenError("EG400", "This screening index is of another version; build it again from the lists.");
  return new EntryIndex(held.entries, held.versions);
}

interface Held {
  entry: ListEntry;
  evidence: Evidence;
  /** Its names as they are printed, filled in as they are needed. */
  clean: string[];
}

class EntryIndex implements ScreeningIndex {
  readonly #names = new NameIndex();
  readonly #held: (Held | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #identifiers = new Map<string, Set<number>>();
  #versions: readonly ListVersion[];

  constructor(entries: Iterable<ListEntry>, versions: readonly ListVersion[]) {
    this.#versions = versions;
    for (const entry of entries) this.#put(entry);
  }

  get versions(): readonly ListVersion[] {
    return this.#versions;
  }

  get size(): number {
    return this.#numbers.size;
  }

  entry(list: string, entityId: string): ListEntry | undefined {
    return this.#held[this.#numbers.get(entryKey({ list, entityId })) ?? -1]?.entry;
  }

  *entries(): Iterable<ListEntry> {
    for (const number of this.#numbers.values()) yield this.#held[number]!.entry;
  }

  apply(delta: ListDelta, versions?: ListVersion | readonly ListVersion[]): void {
    for (const key of delta.removed) this.#drop(key);
    for (const entry of delta.changed) this.#put(entry);
    for (const entry of delta.added) this.#put(entry);
    if (versions !== undefined) this.#versions = asMany(versions);
  }

  screen(given: ScreenedParty, { limit = 10, threshold = POLICY.alert }: ScreenOptions = {}): Match[] {
    const party = checkedParty(given);
    const best = new Map<number, { score: number; exact: number; at: number; own: string }>();
    for (const own of namesOf(party))
      for (const { record, at, score } of this.#names.find(nameOf(own, party.kind), threshold)) {
        const known = best.get(record);
        const rank = score - (this.#held[record]!.entry.names[at]!.quality === "weak" ? 0.001 : 0);
        if (known === undefined || rank > known.score) best.set(record, { score: rank, exact: score, at, own });
      }
    for (const { value } of party.identifiers ?? [])
      for (const record of this.#identifiers.get(bareIdentifier(value)) ?? [])
        if (!best.has(record)) best.set(record, { score: 0, exact: -1, at: 0, own: party.names[0] ?? "" });
    const evidence = evidenceOf(party);
    const matches: Match[] = [];
    for (const [record, { at, own, exact }] of best) {
      const match = matchOf(this.#held[record]!, at, own, party, evidence, exact);
      if (
        match.features.some(({ feature, score }) =>
          feature === "name" ? score >= threshold : feature === "identifier" && score === 1,
        )
      )
        matches.push(match);
    }
    matches.sort((a, b) => b.score - a.score || (entryKey(a) < entryKey(b) ? -1 : 1));
    return matches.slice(0, limit);
  }

  toBytes(): Uint8Array {
    return new TextEncoder().encode(
      JSON.stringify({ format: FORMAT, versions: this.#versions, entries: [...this.entries()] }),
    );
  }

  #put(entry: ListEntry): void {
    this.#drop(entryKey(entry));
    const number = this.#held.length;
    this.#held.push({ entry, evidence: evidenceOf(entry), clean: [] });
    this.#numbers.set(entryKey(entry), number);
    this.#names.add(
      number,
      entry.names.map(({ name }) => nameOf(name, entry.kind)),
    );
    for (const { value } of entry.identifiers) {
      const bare = bareIdentifier(value);
      if (bare.length < 5) continue;
      const known = this.#identifiers.get(bare);
      if (known === undefined) this.#identifiers.set(bare, new Set([number]));
      else known.add(number);
    }
  }

  #drop(key: string): void {
    const number = this.#numbers.get(key);
    if (number === undefined) return;
    this.#names.remove(number);
    for (const { value } of this.#held[number]!.entry.identifiers)
      this.#identifiers.get(bareIdentifier(value))?.delete(number);
    this.#held[number] = undefined;
    this.#numbers.delete(key);
  }
}

/** The judgement of one candidate. `exact`: the score of the two names where both kinds were known; else they are scored anew with what both sides know. */
export function matchOf(
  held: Held,
  at: number,
  own: string,
  party: ScreenedParty,
  evidence: Evidence,
  exact = -1,
): Match {
  const { entry } = held;
  const name = entry.names[at] ?? { name: "", quality: "strong" as const };
  let score = exact;
  let known = evidence;
  if (exact < 0 || isUnknown(party.kind) || isUnknown(entry.kind)) {
    const left = nameOf(own, isUnknown(party.kind) ? entry.kind : party.kind);
    score = nameScore(left, nameOf(name.name, isUnknown(entry.kind) ? party.kind : entry.kind));
    if (evidence.kind === "unknown" && left.style === "person" && isUnknown(entry.kind))
      known = { ...evidence, kind: "person" };
  }
  held.clean[at] ??= cleanText(name.name);
  const right = held.clean[at];
  const judgement = judged({ score, weak: name.quality === "weak", left: cleanText(own), right }, known, held.evidence);
  return { entityId: entry.entityId, list: entry.list, name: right, ...judgement };
}

function isUnknown(kind: ScreenedParty["kind"]): boolean {
  return kind === undefined || kind === "unknown";
}
