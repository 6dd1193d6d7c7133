// The other direction: parties indexed, so that a changed entry of a list finds the parties it may mean without looking at all of them.
import { type Evidence, evidenceOf } from "./evidence.ts";
import { nameOf } from "./name.ts";
import { NameIndex } from "./name-index.ts";
import { namesOf } from "./pair.ts";
import { checkedParty, entryKey, type ListEntry, type Match, type ScreenedParty } from "./party.ts";
import { POLICY } from "./policy.ts";
import { bareIdentifier, matchOf } from "./screening-index.ts";

export interface Affected {
  /** The party's id. */
  id: string;
  match: Match;
}

export interface PartyIndex {
  readonly size: number;
  /** Takes a party in, or its new values. Errors: EG400, EG413. */
  put(id: string, party: ScreenedParty): void;
  remove(id: string): void;
  /** Parties an entry may mean, best first; time proportional to the entries given. */
  affected(entries: Iterable<ListEntry>, options?: { threshold?: number }): Affected[];
}

interface Held {
  id: string;
  party: ScreenedParty;
  names: readonly string[];
  evidence: Evidence;
}

export function openPartyIndex(parties: Iterable<{ id: string; party: ScreenedParty }>): PartyIndex {
  const index = new NameIndex();
  const held: (Held | undefined)[] = [];
  const numbers = new Map<string, number>();
  const identifiers = new Map<string, Set<number>>();

  const remove = (id: string): void => {
    const number = numbers.get(id);
    if (number === undefined) return;
    index.remove(number);
    for (const { value } of held[number]?.party.identifiers ?? [])
      identifiers.get(bareIdentifier(value))?.delete(number);
    held[number] = undefined;
    numbers.delete(id);
  };
  const put = (id: string, given: ScreenedParty): void => {
    const party = checkedParty(given);
    remove(id);
    const names = namesOf(party);
    const number = held.length;
    held.push({ id, party, names, evidence: evidenceOf(party) });
    numbers.set(id, number);
    index.add(
      number,
      names.map((name) => nameOf(name, party.kind)),
    );
    for (const { value } of party.identifiers ?? []) {
      const bare = bareIdentifier(value);
      const known = identifiers.get(bare);
      if (known === undefined) identifiers.set(bare, new Set([number]));
      else known.add(number);
    }
  };
  for (const { id, party } of parties) put(id, party);

  const affected: PartyIndex["affected"] = (entries, { threshold = POLICY.alert } = {}) => {
    const found: Affected[] = [];
    for (const entry of entries) {
      const best = new Map<number, { rank: number; at: number; own: string }>();
      entry.names.forEach(({ name, quality }, at) => {
        for (const hit of index.find(nameOf(name, entry.kind), threshold)) {
          const rank = hit.score - (quality === "weak" ? 0.001 : 0);
          if (rank > (best.get(hit.record)?.rank ?? -1))
            best.set(hit.record, { rank, at, own: held[hit.record]!.names[hit.at]! });
        }
      });
      for (const { value } of entry.identifiers)
        for (const number of identifiers.get(bareIdentifier(value)) ?? [])
          if (!best.has(number)) best.set(number, { rank: 0, at: 0, own: held[number]!.names[0] ?? "" });
      const judged = { entry, evidence: evidenceOf(entry), clean: [] };
      for (const [number, { at, own }] of best) {
        const { id, party, evidence: known } = held[number]!;
        const match = matchOf(judged, at, own, party, known);
        if (
          match.features.some(({ feature, score }) =>
            feature === "name" ? score >= threshold : feature === "identifier" && score === 1,
          )
        )
          found.push({ id, match });
      }
    }
    return found.sort((a, b) => b.match.score - a.match.score || order(a, b));
  };
  return {
    get size() {
      return numbers.size;
    },
    put,
    remove,
    affected,
  };
}

const order = (a: Affected, b: Affected): number => {
  const [first, second] = [`${a.id} ${entryKey(a.match)}`, `${b.id} ${entryKey(b.match)}`];
  return first < second ? -1 : first > second ? 1 : 0;
};
