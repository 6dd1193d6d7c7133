// A small synthetic pack of rules and the ways of a version: drafted, tested, live.
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "./arrange.ts";

const SENTINEL = agent("compliance-sentinel");
let made = 0;

/** Orders from 10,000 on are looked at; who is on a list is declined. Synthetic. */
export function syntheticRules(change: Args = {}): Args {
  return {
    pack: `synthetic-${++made}`,
    title: "Synthetic rules",
    version: 1,
    effectiveFrom: "2020-01-01",
    rules: [
      {
        id: "large",
        words: "Large orders are looked at.",
        on: ["order"],
        when: { fact: "order.amount", gte: "10000" },
        outcome: "review",
        source: "synthetic",
        evidence: "practice",
      },
      {
        id: "listed",
        words: "Who is on a list is declined.",
        on: ["order"],
        when: { listHit: { of: "investor", standing: ["refused"] } },
        outcome: "decline",
        source: "synthetic",
        evidence: "practice",
      },
    ],
    examples: [
      {
        name: "large",
        on: "order",
        asOf: "2026-01-01",
        facts: { order: { amount: "10000" }, investor: { screening: "clear" } },
        outcome: "review",
        fires: ["large"],
      },
      {
        name: "listed",
        on: "order",
        asOf: "2026-01-01",
        facts: { order: { amount: "1" }, investor: { screening: "refused" } },
        outcome: "decline",
        fires: ["listed"],
      },
    ],
    ...change,
  };
}

export interface Version {
  version_id: string;
  pack: string;
  version: number;
  hash: string;
  status: string;
}
export const RIGHT = [
  { name: "large", outcome: "review", passed: true },
  { name: "listed", outcome: "decline", passed: true },
];

export const drafted = (db: TestDatabase, change: Args = {}): Promise<Version> =>
  db.value<Version>(SENTINEL, "fn_draft_rules", { body: JSON.stringify(syntheticRules(change)), source: "file" });

export async function tested(db: TestDatabase, change: Args = {}): Promise<Version> {
  const version = await drafted(db, change);
  await db.call(SENTINEL, "fn_test_rules", { version_id: version.version_id, results: RIGHT });
  return version;
}

export async function live(db: TestDatabase, change: Args = {}): Promise<Version> {
  const version = await tested(db, change);
  const args = { version_id: version.version_id, hash: version.hash, reason: "synthetic" };
  await db.call(PM_ONE, "fn_activate_rules", args);
  await db.call(OPS, "fn_activate_rules", args);
  return version;
}
