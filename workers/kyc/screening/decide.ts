// What the matches of a party mean, and who is affected by what a list changed. Pure.
import type { CandidateRow, Found } from "../../watchlists.ts";

/** A check keeps so many of its best matches; the rest is named by their number. */
export const MOST_CANDIDATES = 50;

const RANK = { alert: 0, ask: 1, clear: 2 } as const;

/** What is stored of each match: the entry, the score and its features, which hold no word of the party. Alerts first, then by score. */
export function candidatesOf(found: readonly Found[]): CandidateRow[] {
  return [...found]
    .sort((a, b) => RANK[a.outcome] - RANK[b.outcome] || b.score - a.score || a.entryId.localeCompare(b.entryId))
    .slice(0, MOST_CANDIDATES)
    .map(({ entryId, score, outcome, features, missing }) => ({
      entry_id: entryId,
      score,
      outcome,
      features,
      missing: outcome === "ask" ? missing : [],
    }));
}

/** The parties of this page, in a fixed order, and how many are left after it. */
export function pageOf(
  affected: readonly string[],
  done: ReadonlySet<string>,
  size: number,
): { page: string[]; left: number } {
  const open = [...new Set(affected)].filter((id) => !done.has(id)).sort();
  return { page: open.slice(0, size), left: Math.max(0, open.length - size) };
}
