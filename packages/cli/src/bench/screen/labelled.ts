// Labelled pairs for `bench screen`: the alternate names of OFAC's consolidated list where it is at hand, and documented perturbations of listed names.
// Entities are split in two by a hash of their id: what is tuned looks at one half, what is reported comes from the other.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { type ListEntry, readList } from "@evergreen-fund/screening";
import { makeWorld, misspelt, randomOf, reordered } from "./world.ts";

export interface LabelledPair {
  left: string;
  right: string;
  kind: "person" | "organisation";
  same: boolean;
  /** alias: an alternate name with a word like one of the name's; unrelated: one without, which no comparison of names can find. */
  how: "alias" | "unrelated" | "misspelt" | "reordered" | "initial" | "other";
  held: boolean;
}

const FILES = ["cons_prim.csv", "cons_alt.csv", "cons_comments.csv"];

/** OFAC's consolidated list, or undefined when it is not beside the checkout. */
export function ofacEntries(environment: Readonly<Record<string, string | undefined>>): ListEntry[] | undefined {
  const folder = resolve(environment.EVERGREEN_SHARED_DATA ?? resolve(REPOSITORY_ROOT, "../shared/data"), "ofac");
  const paths = FILES.map((name) => ({ name, path: resolve(folder, name) }));
  if (!paths.every(({ path }) => existsSync(path))) return undefined;
  return readList(
    paths.map(({ name, path }) => ({ name, bytes: readFileSync(path) })),
    { list: "ofac-consolidated" },
  ).entries;
}

export function labelledPairs(ofac: readonly ListEntry[] | undefined, seed: number, others = 4): LabelledPair[] {
  const random = randomOf(seed);
  const entries = ofac ?? makeWorld({ entries: 300, investors: 0 }, seed).entries;
  const known = entries.filter(({ kind }) => kind === "person" || kind === "organisation");
  const pairs: LabelledPair[] = [];
  for (const entry of known) {
    const kind = entry.kind === "person" ? "person" : "organisation";
    const held = Number.parseInt(createHash("sha256").update(entry.entityId).digest("hex").slice(0, 2), 16) % 2 === 1;
    const [first, ...aliases] = entry.names.map(({ name }) => name);
    if (first === undefined) continue;
    const add = (right: string, how: LabelledPair["how"], same = true): void => {
      pairs.push({ left: first, right, kind, same, how, held });
    };
    if (ofac !== undefined) for (const alias of aliases) add(alias, wordLike(first, alias) ? "alias" : "unrelated");
    const plain = first
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, " ")
      .trim();
    add(misspelt(random, plain), "misspelt");
    add(reordered(random, plain), "reordered");
    const parts = first.split(",").map((part) => part.trim());
    if (kind === "person" && parts.length === 2) add(`${parts[1]!.charAt(0)}. ${parts[0]}`, "initial");
    for (const other of nearest(entry, known, others)) add(other, "other", false);
  }
  return pairs;
}

const trigrams = (text: string): Set<string> => {
  const bare = ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()} `;
  return new Set(Array.from({ length: Math.max(0, bare.length - 2) }, (_, at) => bare.slice(at, at + 3)));
};
const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  let common = 0;
  for (const one of a) if (b.has(one)) common += 1;
  return common / (a.size + b.size - common || 1);
};
const wordLike = (a: string, b: string): boolean => overlap(trigrams(a), trigrams(b)) >= 0.2;

/** Names of other entities of the kind that share most groups of three letters: the hardest to tell apart. */
function nearest(entry: ListEntry, all: readonly ListEntry[], most: number): string[] {
  const own = trigrams(entry.names[0]?.name ?? "");
  return all
    .filter((other) => other !== entry && other.kind === entry.kind)
    .flatMap(({ names }) => names.map(({ name }) => ({ name, near: overlap(own, trigrams(name)) })))
    .sort((a, b) => b.near - a.near || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}

export interface Quality {
  f1: number;
  precision: number;
  recall: number;
  threshold: number;
}

export function qualityAt(
  pairs: readonly LabelledPair[],
  scores: ArrayLike<number>,
  threshold: number,
  wanted: (pair: LabelledPair) => boolean,
): Quality {
  let [right, wrong, all] = [0, 0, 0];
  pairs.forEach((pair, at) => {
    if (!wanted(pair)) return;
    if (pair.same) all += 1;
    if (scores[at]! < threshold) return;
    if (pair.same) right += 1;
    else wrong += 1;
  });
  const [precision, recall] = [right / (right + wrong || 1), right / (all || 1)];
  return { f1: (2 * precision * recall) / (precision + recall || 1), precision, recall, threshold };
}

/** The threshold that is best on one half. */
export function bestThreshold(
  pairs: readonly LabelledPair[],
  scores: ArrayLike<number>,
  wanted: (pair: LabelledPair) => boolean,
): number {
  let best = { threshold: 0.5, f1: -1 };
  for (let step = 40; step <= 99; step += 1) {
    const { f1 } = qualityAt(pairs, scores, step / 100, wanted);
    if (f1 > best.f1) best = { threshold: step / 100, f1 };
  }
  return best.threshold;
}
