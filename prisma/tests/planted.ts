// Faults planted on purpose: in the functions of a test file's own database, and in its rows. What is planted is taken out again.
import { describe, expect, it } from "vitest";
import type { TestDatabase } from "./arrange.ts";

/** What a checker says: the invariants that are broken, or the code with which a step was refused. */
export type Findings = string[];

export interface Mutant {
  what: string;
  /** Name of a function, and what in its body becomes what; every place. */
  plant: readonly [fn: string, from: string, to: string][];
  /** What is done before the fault is there. */
  before?: () => Promise<unknown>;
  /** The work that the fault spoils; answers what checkers find. */
  scenario: () => Promise<Findings>;
  /** What is found with the fault; without it nothing is. */
  finds: Findings;
}

export const definitionOf = async (db: TestDatabase, name: string): Promise<string> =>
  String(
    (
      await db.look(
        "select pg_get_functiondef(p.oid) as source from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proname = $1 and n.nspname in ('public', 'evergreen')",
        [name],
      )
    )[0]?.source,
  );

async function planted<T>(db: TestDatabase, plant: Mutant["plant"], work: () => Promise<T>): Promise<T> {
  const originals: string[] = [];
  try {
    for (const [name, from, to] of plant) {
      const original = await definitionOf(db, name);
      expect(original.includes(from), `${name} has no "${from}"`).toBe(true);
      originals.push(original);
      await db.look(original.replaceAll(from, to));
    }
    return await work();
  } finally {
    for (const original of originals.reverse()) await db.look(original);
  }
}

/** A test of every mutant: it is found, and nothing is found without it. */
export function describeMutants(db: TestDatabase, mutants: readonly Mutant[]): void {
  describe.each(mutants.filter(({ plant }) => plant.length > 0))("$what", ({ plant, before, scenario, finds }) => {
    it("is found", async () => {
      await before?.();
      expect(await planted(db, plant, scenario)).toEqual(finds);
    });

    it("and is not there without it", async () => {
      const clean = await scenario();
      // what the fault had taken away refuses, or nothing is wrong
      expect(clean.filter((finding) => !/^EG\d/.test(finding))).toEqual([]);
    });
  });

  describe.each(mutants.filter(({ plant }) => plant.length === 0))("$what", ({ scenario, finds }) => {
    it(`finds ${JSON.stringify(finds)}`, async () => {
      expect(await scenario()).toEqual(finds);
    });
  });
}

/** What the checker says of a fund whose rows somebody changed behind the functions' back: every trigger off, and rolled back after it was asked. */
export async function findingsWith(db: TestDatabase, fundId: string, changes: string): Promise<Findings> {
  const client = await db.admin.connect();
  try {
    await client.query("begin");
    await client.query(`set local session_replication_role = replica; ${changes}`);
    const { rows } = await client.query<{ invariant: string; detail: string }>(
      "select distinct invariant, detail from evergreen.broken_invariants($1) order by 1, 2",
      [fundId],
    );
    return rows.map(({ invariant, detail }) => `${invariant}: ${detail}`);
  } finally {
    await client.query("rollback");
    client.release();
  }
}
