// What the codes of a case are called, and what has to happen next: one catalogue for the queue and the page of a case.
import type { CasePage, CaseQueue } from "@evergreen-fund/domain/desk-pages.ts";

type WaitsFor = NonNullable<CaseQueue["cases"][number]["waits_for"]>;

export const WAITS_FOR: Readonly<Record<WaitsFor, string>> = {
  owner: "Nobody has claimed it",
  verdict: "The verdict of whoever claimed it",
  second_person: "A second person confirms",
  third_person: "Two people disagree: a third decides",
  more_facts: "Evidence that was asked for",
};

export const VERDICTS = [
  [
    "false_match",
    "No match",
    "The party is not who the list names. The pair is not shown again while neither changes.",
  ],
  [
    "true_match",
    "Match",
    "The party is who the list names. It is frozen: orders and units stop. Nobody outside is told.",
  ],
  [
    "need_more",
    "More evidence",
    "Open applications of the party are asked for details that tell people of one name apart.",
  ],
] as const;
export type Verdict = (typeof VERDICTS)[number][0];

export const verdictName = (verdict: string): string =>
  VERDICTS.find(([code]) => code === verdict)?.[1] ?? verdict.replaceAll("_", " ");

type Candidate = CasePage["candidates"][number];

export const isSettled = (candidate: Candidate): boolean => ["true_match", "false_match"].includes(candidate.status);

/** Where one candidate stands, in words. */
export const standing = (candidate: Candidate): string =>
  candidate.status === "first"
    ? `${verdictName(candidate.first_verdict ?? "")}, not confirmed`
    : candidate.status === "escalated"
      ? "in dispute"
      : isSettled(candidate)
        ? verdictName(candidate.status)
        : candidate.status === "need_more"
          ? "evidence asked for"
          : "open";

/** Why somebody cannot decide now, or null. A hint: the database has the last word. */
export function cannotDecide(page: CasePage, role: string | undefined, chosen: readonly Candidate[]): string | null {
  if (page.status === "decided") return "It is decided.";
  if (role !== "ops_role" && role !== "pm_role") return "Operations and portfolio managers decide; you may read.";
  if (page.claimed_by !== null && !page.mine) return "Somebody else has claimed it; it has to be released first.";
  if (chosen.some(({ status, decided_before }) => ["first", "escalated"].includes(status) && decided_before))
    return "You have given your verdict: another person decides now.";
  return null;
}
