// A synthetic pack that uses every operator, and synthetic events it is asked about: numbers are counted, so that every run has the same.
import { countedRandom } from "./counted-random.ts";

const OUTCOMES = ["review", "block_and_review", "decline"] as const;
const COUNTRIES = ["LU", "DE", "FR", "IE", "NL", "US", "CH", "HT", "KP", "VN"] as const;

type Json = Record<string, unknown>;
/** One rule per way of asking; `step` moves its level. */
const KINDS: readonly ((step: number) => Json)[] = [
  (step) => ({
    when: { listHit: { of: "investor", standing: step % 2 === 0 ? ["refused"] : ["open", "unscreened"] } },
  }),
  (step) => ({
    when: {
      any: [
        { country: { of: "investor.residence", in: "watched" } },
        { fact: "order.amount", gte: String(90_000 + step * 1_000) },
      ],
    },
  }),
  (step) => ({
    require: {
      all: [
        { fact: "investor.kycStatus", eq: "approved" },
        { age: { of: "investor.kycValidUntil", in: "days" }, lte: String(step) },
      ],
    },
  }),
  (step) => ({
    where: { classification: ["retail", "semi_professional"] },
    when: {
      amountInWindow: { days: 30 + step, where: { fact: "item.direction", eq: "subscription" } },
      gte: String(40_000 + step * 500),
    },
  }),
  (step) => ({
    when: {
      count: {
        of: "history",
        where: {
          all: [
            { fact: "item.amount", gte: "9000" },
            { fact: "item.amount", lt: "10000" },
          ],
        },
      },
      gt: String(step % 4),
    },
  }),
  (step) => ({
    where: { fact: "investor.kind", in: ["company", "trust"] },
    when: {
      ownership: { take: "largest", where: { not: { fact: "item.verified", eq: true } } },
      gte: `0.${20 + step}`,
    },
  }),
  (step) => ({
    require: { navShare: { largest: "issuer", where: { fact: "item.issuer", known: true } }, lte: `0.${20 + step}` },
  }),
  (step) => ({ require: { navShare: { where: { fact: "item.liquid", eq: true } }, gte: `0.0${(step % 9) + 1}` } }),
  (step) => ({
    require: { bucketShare: { side: "asset", within: step % 2 === 0 ? "30d" : "90d" }, gte: `0.${10 + step}` },
  }),
  (step) => ({
    where: { fact: "investor.kind", eq: "natural_person" },
    when: { age: { of: "investor.born", in: "years" }, lt: String(18 + step) },
  }),
];

export function syntheticPack(rules: number): Json {
  const made = Array.from({ length: rules }, (_, i) => ({
    id: `rule-${i}`,
    words: "synthetic",
    on: ["order"],
    ...(KINDS[i % KINDS.length] as (step: number) => Json)(Math.floor(i / KINDS.length)),
    outcome: OUTCOMES[i % 3],
    source: "synthetic",
    evidence: "practice",
  }));
  return {
    pack: "synthetic",
    title: "Synthetic rules",
    version: 1,
    effectiveFrom: "2020-01-01",
    sets: { watched: { source: "synthetic", asOf: "2026-01-01", values: ["KP", "HT"] } },
    rules: made,
    // the bench judges its own events: these lines say only that each rule is named
    examples: [
      { name: "named", on: "investor", asOf: "2026-01-01", outcome: "approve", fires: made.map(({ id }) => id) },
    ],
  };
}

export interface SyntheticEvent {
  asOf: string;
  facts: Record<string, Json | Json[] | null>;
}

export function syntheticEvents(count: number, seed: number): SyntheticEvent[] {
  const random = countedRandom(seed);
  const whole = (most: number): number => Math.floor(random() * most);
  const one = <T>(values: readonly T[]): T => values[whole(values.length)] as T;
  const cents = (most: number): string => `${whole(most)}.${String(whole(100)).padStart(2, "0")}`;
  const day = (year: number): string =>
    `${year}-${String(1 + whole(12)).padStart(2, "0")}-${String(1 + whole(28)).padStart(2, "0")}`;
  // one event in twenty lacks the fact: a person looks
  const known = <T>(value: T): T | null => (random() < 0.05 ? null : value);
  return Array.from({ length: count }, () => ({
    asOf: day(2026),
    facts: {
      investor: {
        classification: one(["retail", "semi_professional", "professional"]),
        kind: one(["natural_person", "company", "trust"]),
        residence: known(one(COUNTRIES)),
        born: known(day(1940 + whole(75))),
        screening: known(one(["clear", "clear", "clear", "open", "refused"])),
        kycStatus: one(["approved", "approved", "expired"]),
        kycValidUntil: known(day(2025 + whole(4))),
      },
      order: { direction: one(["subscription", "redemption"]), amount: known(cents(120_000)), channel: "portal" },
      fund: { nav: "100000000.00" },
      history: Array.from({ length: whole(9) }, () => ({
        on: day(2025 + whole(2)),
        direction: one(["subscription", "redemption"]),
        amount: cents(20_000),
        channel: "portal",
      })),
      owners: Array.from({ length: whole(4) }, () => ({
        share: `0.${String(whole(1000)).padStart(3, "0")}`,
        verified: random() < 0.5,
      })),
      positions: Array.from({ length: 8 }, (_, i) => ({
        id: `a${i}`,
        issuer: i === 7 ? null : `issuer ${whole(4)}`,
        value: cents(20_000_000),
        liquid: known(i > 4),
      })),
      ladder: [
        { side: "asset", bucket: "7d", amount: cents(12_000_000) },
        { side: "asset", bucket: "30d", amount: cents(12_000_000) },
        { side: "asset", bucket: "gt365d", amount: cents(90_000_000) },
      ],
    },
  }));
}
