// What was erased stays erased: tombstones are kept apart from the database and its backups, and a database that was put back is made to forget again.
import { join } from "node:path";
import type { Config } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { fileJournal, keysOf, publicKeyOf, type Tombstone, verifyTombstone } from "@evergreen-fund/personal-data";
import pg from "pg";
import { loginUrl } from "../addresses.ts";

/** Not among what a restore replaces. */
export const tombstonesFile = (home: string): string => join(home, "tombstones.jsonl");

export interface RepeatedErasures {
  /** Tombstones of the database that the file did not have yet. */
  noted: number;
  /** Subjects that the database had forgotten to be erased. */
  repeated: number;
}

/**
 * Writes the tombstones of the database into the file, and erases again whatever the file knows and the database does not. To be asked before anybody works.
 * Errors: EG431 when a line of the file does not verify, EG503 when writes are halted or Postgres does not answer.
 */
export async function repeatErasures(
  config: Config,
  url: string = loginUrl(config, "evergreen_app"),
): Promise<RepeatedErasures> {
  const journal = fileJournal(tombstonesFile(config.home));
  const client = new pg.Client({ connectionString: url, options: "-c TimeZone=UTC" });
  client.on("error", () => undefined);
  await client.connect().catch((error: unknown) => {
    throw new EvergreenError("EG503", "Postgres does not answer: does the stack run?", { cause: error });
  });
  const asService = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
    await client.query("begin");
    try {
      await client.query("set local role service_role");
      const { rows } = await client.query(sql, values);
      await client.query("commit");
      return rows as Record<string, unknown>[];
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  };
  const keys = keysOf(config, async () => (await asService("select public.fn_read_vault_keys() as answer"))[0]?.answer);
  try {
    // made at the first start, so that every backup of this home has them
    await keys.current();
    const kept = (await asService(
      "select body, signature, public_key from public.subject_tombstones",
    )) as unknown as Tombstone[];
    const noted = await journal.add(kept);
    const known = new Set(kept.map(({ body }) => body));
    const forgotten = (await journal.read()).filter(({ body }) => !known.has(body));
    if (forgotten.length === 0) return { noted, repeated: 0 };
    const trusted = [publicKeyOf(await keys.signingSeed())];
    for (const stone of forgotten) verifyTombstone(stone, trusted);
    const [row] = await asService("select public.fn_repeat_erasures($1::jsonb) as answer", [JSON.stringify(forgotten)]);
    return { noted, repeated: (row as { answer: { repeated: number } }).answer.repeated };
  } catch (error) {
    if ((error as { code?: unknown }).code === "EG503")
      throw new EvergreenError("EG503", "Writes are halted: erasures are repeated once they go on.", { cause: error });
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
