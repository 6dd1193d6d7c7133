// Two parties, or a party and an entry, judged without an index: every name of the one against every name of the other.
import { evidenceOf } from "./evidence.ts";
import { type Name, nameOf } from "./name.ts";
import { nameScore } from "./name-score.ts";
import {
  checkedParty,
  type Judgement,
  type ListEntry,
  type ListName,
  type PartyKind,
  type ScreenedParty,
} from "./party.ts";
import { judged } from "./policy.ts";
import { cleanText } from "./text.ts";

/** Judges a pair. What is missing is missing of the left one. Errors: EG400, EG413 of a party. */
export function screenPair(left: ScreenedParty, right: ScreenedParty | ListEntry): Judgement {
  const party = checkedParty(left);
  const entry = "entityId" in right ? right : entryOf(checkedParty(right));
  const kinds = kindsOf(party.kind, entry.kind);
  const own = namesOf(party).map((raw) => ({ raw, name: nameOf(raw, kinds[0]) }));
  const theirs = entry.names.map(({ name: raw, quality }) => ({
    raw,
    weak: quality === "weak",
    name: nameOf(raw, kinds[1]),
  }));
  let best = { score: -1, weak: false, left: "", right: "" };
  let rank = -1;
  for (const one of own)
    for (const other of theirs) {
      const score = nameScore(one.name, other.name);
      const here = score - (other.weak ? 0.001 : 0);
      if (here > rank) {
        rank = here;
        best = { score, weak: other.weak, left: cleanText(one.raw), right: cleanText(other.raw) };
      }
    }
  return judged(
    { ...best, score: Math.max(0, best.score) },
    styled(evidenceOf(party), own),
    styled(evidenceOf(entry), theirs),
  );
}

/** Names and aliases of a party, each once. */
export const namesOf = (party: ScreenedParty): string[] => [...new Set([...party.names, ...(party.aliases ?? [])])];

/** A kind that one side does not know is that of the other. */
const kindsOf = (left: PartyKind | undefined, right: PartyKind): [PartyKind, PartyKind] => {
  const [a, b] = [left ?? "unknown", right];
  return [a === "unknown" ? b : a, b === "unknown" ? a : b];
};

/** Neither knows the kind: it is a person's when its names look like one. */
function styled(
  evidence: ReturnType<typeof evidenceOf>,
  names: readonly { name: Name }[],
): ReturnType<typeof evidenceOf> {
  return evidence.kind === "unknown" && names.every(({ name }) => name.style === "person")
    ? { ...evidence, kind: "person" }
    : evidence;
}

function entryOf(party: ScreenedParty): ListEntry {
  const strong = (name: string): ListName => ({ name, quality: "strong" });
  return {
    entityId: "",
    list: "",
    kind: party.kind ?? "unknown",
    names: namesOf(party).map(strong),
    born: party.born ?? [],
    countries: [...(party.countries ?? []), ...(party.nationalities ?? [])],
    identifiers: party.identifiers ?? [],
    programmes: [],
    remarks: "",
  };
}
