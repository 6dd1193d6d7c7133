// The matching policy (R51): name and evidence to one score, a score and what is missing to an outcome. Every number of it stands here.
import { type Evidence, type Finding, findings } from "./evidence.ts";
import type { Feature, Judgement, Missing } from "./party.ts";

export const POLICY = {
  /** At and above it a match is an alert. */
  alert: 0.7,
  /** So many differences of the hard kind clear a match by themselves. */
  hardMismatchesToClear: 2,
  /** The score of names that are the same when nothing else is known: the rest belongs to evidence. */
  nameAlone: 0.92,
  /** What is taken when the list itself calls the name weak. */
  weakName: 0.1,
} as const;

/** Stored with every check: what was decided by other numbers is another decision. */
export const POLICY_VERSION = "2026-11-22";

export interface NameEvidence {
  /** How far the names agree, 0 to 1. */
  score: number;
  weak: boolean;
  left: string;
  right: string;
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

/** Names that agree wholly leave room for evidence; at the threshold the score is that of the names. */
function fromName(score: number): number {
  if (score <= POLICY.alert) return score;
  return POLICY.alert + ((score - POLICY.alert) * (POLICY.nameAlone - POLICY.alert)) / (1 - POLICY.alert);
}

/** The judgement of one pair. More agreeing evidence never lowers the score, more differing evidence never raises it. */
export function judged(name: NameEvidence, left: Evidence, right: Evidence): Judgement {
  const others = findings(left, right);
  const base = fromName(name.score);
  let score = base;
  if (name.weak) score *= 1 - POLICY.weakName;
  // what differs first, then what agrees: the same whatever the order of the findings
  for (const { weight } of others) if (weight < 0) score *= 1 + weight;
  const support = base >= POLICY.alert ? 1 : base / POLICY.alert;
  for (const { weight } of others) if (weight > 0) score += (1 - score) * weight * support * support;
  const identified = others.some(({ feature, score: agreement }) => feature === "identifier" && agreement === 1);
  if (identified) score = Math.max(score, 0.9 + 0.1 * Math.min(1, base));
  const missing = missingOf(left, right, identified);
  score = rounded(score);
  return {
    score,
    outcome: outcomeOf(score, name.score, others, missing, identified),
    features: featuresOf(name, others),
    missing,
  };
}

function missingOf(left: Evidence, right: Evidence, identified: boolean): Missing[] {
  if (identified || (left.kind !== "person" && right.kind !== "person")) return [];
  const missing: Missing[] = [];
  if (left.born.length === 0) missing.push("born");
  if (left.countries.length === 0 && left.nationalities.length === 0) missing.push("country");
  return missing;
}

function outcomeOf(
  score: number,
  name: number,
  others: readonly Finding[],
  missing: readonly Missing[],
  identified: boolean,
): Judgement["outcome"] {
  if (identified) return "alert";
  if (others.filter(({ hard }) => hard).length >= POLICY.hardMismatchesToClear) return "clear";
  if (Math.max(score, name) < POLICY.alert) return "clear";
  if (missing.includes("born")) return "ask";
  return score >= POLICY.alert ? "alert" : "ask";
}

function featuresOf(name: NameEvidence, others: readonly Finding[]): Feature[] {
  const features: Feature[] = [
    {
      feature: "name",
      score: rounded(name.score),
      weight: 1,
      says: `"${name.left}" and "${name.right}" ${inWords(name.score)}.`,
    },
    ...others.map(({ feature, score, weight, says }) => ({ feature, score, weight, says })),
  ];
  if (name.weak)
    features.push({
      feature: "quality",
      score: 0,
      weight: -POLICY.weakName,
      says: "The list itself calls this name weak.",
    });
  return features;
}

function inWords(score: number): string {
  if (score >= 0.995) return "are the same name once spelling, order and forms are set aside";
  if (score >= 0.85) return "are close spellings of one name";
  if (score >= POLICY.alert) return "agree in most of their words";
  return "agree in few of their words";
}

/** Features in the form that is stored: no word of the party, and none of the list either. */
export function publicFeatures(features: readonly Feature[]): Feature[] {
  return features.map((feature) =>
    feature.feature === "name" ? { ...feature, says: `The names ${inWords(feature.score)}.` } : { ...feature },
  );
}
