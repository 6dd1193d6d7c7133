// How risky a party is (R56: additive, with floors) and when it is looked at again (R51). Pure; the terms are data.
import { z } from "zod";

export const RISK_LEVELS = ["low", "medium", "high"] as const;
export type RiskLevel = (typeof RISK_LEVELS)[number];
const Level = z.enum(RISK_LEVELS);
const Day = z.iso.date();

export const RiskScoreInput = z.strictObject({
  /** Factors that hold. */
  factors: z.array(z.string().max(60)).max(100),
  policy: z.object({
    /** From these scores on. */
    medium: z.int().min(1).max(10_000),
    high: z.int().min(1).max(10_000),
    factors: z.record(
      z.string().max(60),
      z.object({ points: z.int().min(0).max(10_000), floor: Level.nullable().default(null) }),
    ),
  }),
});
export const RiskScoreOutput = z.object({ score: z.int(), level: Level, floor: Level.nullable() });

/** Points of all factors that hold, each once; the level is what the score says and at least the highest floor. A factor nobody weighed counts nothing. */
export function riskScore(input: z.input<typeof RiskScoreInput>): z.output<typeof RiskScoreOutput> {
  const { factors, policy } = RiskScoreInput.parse(input);
  const held = [...new Set(factors)].flatMap((id) =>
    Object.hasOwn(policy.factors, id) && policy.factors[id] !== undefined ? [policy.factors[id]] : [],
  );
  const score = held.reduce((sum, { points }) => sum + points, 0);
  const floors = held.flatMap(({ floor }) => (floor === null ? [] : [RISK_LEVELS.indexOf(floor)]));
  const floor = floors.length === 0 ? -1 : Math.max(...floors);
  const said = score >= policy.high ? 2 : score >= policy.medium ? 1 : 0;
  return { score, level: RISK_LEVELS[Math.max(said, floor)]!, floor: RISK_LEVELS[floor] ?? null };
}

export const NextReviewInput = z.strictObject({
  level: z.enum([...RISK_LEVELS, "unrated"]),
  /** Day of the review that was passed. */
  from: Day,
  years: z.object({
    unrated: z.int().min(1).max(5),
    low: z.int().min(1).max(5),
    medium: z.int().min(1).max(5),
    high: z.int().min(1).max(1),
  }),
  /** Days on which documents that were relied on run out. */
  expiries: z.array(Day).max(1_000).default([]),
  /** Day from which on something that was learnt asks for a look. */
  event: Day.nullable().default(null),
});
export const NextReviewOutput = z.object({ on: Day, because: z.enum(["risk", "document", "event"]) });

/** R51: min(one year at high risk, the years of the level otherwise, first expiry of a document, event). On a tie the document, then the event is named. */
export function nextReview(input: z.input<typeof NextReviewInput>): z.output<typeof NextReviewOutput> {
  const { level, from, years, expiries, event } = NextReviewInput.parse(input);
  const candidates = [
    ...expiries.map((on) => ({ on, because: "document" as const })),
    ...(event === null ? [] : [{ on: event, because: "event" as const }]),
    { on: yearsAfter(from, years[level]), because: "risk" as const },
  ];
  return candidates.reduce((first, next) => (next.on < first.on ? next : first));
}

/** The same day so many years later; 29 February becomes the 28th. */
function yearsAfter(day: string, years: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const later = new Date(Date.UTC(year + years, month - 1, date));
  if (later.getUTCMonth() !== month - 1) later.setUTCDate(0);
  return later.toISOString().slice(0, 10);
}
