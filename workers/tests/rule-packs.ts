// A synthetic pack of rules about countries and ages, live: what rules ask about personal data, for tests and journeys.
import { readPack, runExamples } from "@evergreen-fund/compliance-rules";
import type { Database } from "@evergreen-fund/supabase-client";
import { PM_ONE, PM_TWO } from "./journeys.ts";

const SENTINEL = { role: "agent_compliance_sentinel" } as const;
type Json = Record<string, unknown>;

/** `says`: what it is about and when it fires. */
const rule = (id: string, outcome: string, says: Json): Json => ({
  id,
  words: "synthetic",
  outcome,
  source: "synthetic",
  evidence: "practice",
  ...says,
});
const BOTH = ["order", "investor"];

/** Fires for residents of KP, for owners there, and for whoever is under 18; where nothing is known it holds. */
export const COUNTRY_RULES: Json = {
  pack: "synthetic-countries",
  title: "Synthetic countries and ages",
  version: 1,
  effectiveFrom: "2020-01-01",
  rules: [
    rule("country", "decline", {
      on: BOTH,
      when: {
        all: [{ fact: "investor.residence", known: true }, { country: { of: "investor.residence", in: ["KP"] } }],
      },
    }),
    rule("owner", "block_and_review", {
      on: BOTH,
      when: {
        count: {
          of: "owners",
          where: {
            all: [
              { fact: "item.residence", known: true },
              { fact: "item.residence", eq: "KP" },
            ],
          },
        },
        gt: "0",
      },
    }),
    rule("minor", "block_and_review", {
      on: BOTH,
      when: {
        all: [
          { fact: "investor.born", known: true },
          { age: { of: "investor.born", in: "years" }, lt: "18" },
        ],
      },
    }),
  ],
  examples: [
    {
      name: "all of them",
      on: "order",
      asOf: "2026-01-01",
      facts: { investor: { residence: "KP", born: "2015-01-01" }, owners: [{ residence: "KP" }] },
      outcome: "decline",
      fires: ["country", "owner", "minor"],
    },
  ],
};

/** What a transfer between holders has to leave on both sides, and, where `kinds` are named, of which kind an investor is who orders one. */
export const transferRules = (version: number, least: string, kinds?: readonly string[]): Json => {
  return {
    pack: "synthetic-transfers",
    title: "Synthetic transfers",
    version,
    effectiveFrom: "2020-01-01",
    rules: [
      rule("least", "block_and_review", {
        on: ["order"],
        where: { fact: "order.kind", eq: "transfer" },
        require: { fact: "transfer.leastHolding", gte: least },
      }),
      ...(kinds === undefined
        ? []
        : [rule("kinds", "block_and_review", { on: ["order"], require: { classification: kinds } })]),
    ],
    examples: [
      {
        name: "all of them",
        on: "order",
        asOf: "2026-01-01",
        facts: {
          investor: { classification: "retail" },
          order: { kind: "transfer", direction: "redemption" },
          transfer: { leastHolding: "1" },
        },
        outcome: "block_and_review",
        fires: ["least", ...(kinds === undefined ? [] : ["kinds"])],
      },
    ],
  };
};

/** Drafts, tests and puts a pack live by two people; one that is live already stays so. */
export async function liveRules(database: Database, body: Json = COUNTRY_RULES): Promise<string> {
  const drafted = await database.rpc(SENTINEL, "fn_draft_rules", { body, source: "file" });
  const { version_id, hash } = drafted;
  if (drafted.status === "live") return version_id;
  const { pack, problems } = readPack(body);
  if (pack === undefined) throw new Error(JSON.stringify(problems));
  const results = runExamples(pack).map((one) => ({ ...one }));
  await database.rpc(SENTINEL, "fn_test_rules", { version_id, results });
  for (const who of [PM_ONE, PM_TWO])
    await database.rpc(who, "fn_activate_rules", { version_id, hash, reason: "synthetic" });
  return version_id;
}
