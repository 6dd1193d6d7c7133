// What was erased stays erased: tombstones are kept apart from the database and its backups, and a database that was put back is made to forget again. What was
// recorded in clear before it was encrypted is encrypted.
import { join } from "node:path";
import type { Config } from "@evergreen-fund/config";
import { EvergreenError, isErrorCode } from "@evergreen-fund/domain/errors.ts";
import {
  fileJournal,
  keysOf,
  openAccounts,
  publicKeyOf,
  type Tombstone,
  verifyTombstone,
} from "@evergreen-fund/personal-data";
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

type As = (role: string, sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

/** A connection for as long as the work takes; each statement is a transaction under its role. */
async function withDatabase<T>(url: string, work: (as: As) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, options: "-c TimeZone=UTC" });
  client.on("error", () => undefined);
  await client.connect().catch((error: unknown) => {
    throw new EvergreenError("EG503", "Postgres does not answer: does the stack run?", { cause: error });
  });
  try {
    return await work(async (role, sql, values = []) => {
      await client.query("begin");
      try {
        await client.query(`set local role ${role}`);
        const { rows } = await client.query(sql, values);
        await client.query("commit");
        return rows as Record<string, unknown>[];
      } catch (error) {
        await client.query("rollback");
        const { code, message } = error as { code?: unknown; message?: string };
        throw isErrorCode(code) ? new EvergreenError(code, message ?? "", { cause: error }) : error;
      }
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === "EG503")
      throw new EvergreenError("EG503", "Writes are halted: erasures are repeated once they go on.", { cause: error });
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const keysIn = (config: Config, as: As) =>
  keysOf(config, async () => (await as("service_role", "select public.fn_read_vault_keys() as answer"))[0]?.answer);

/**
 * Encrypts accounts of investors that were recorded in clear before numbers were encrypted. Returns how many.
 * Errors: EG503 when writes are halted or Postgres does not answer.
 */
export const sealClearAccounts = (config: Config, url: string = loginUrl(config, "evergreen_app")): Promise<number> =>
  withDatabase(url, (as) =>
    openAccounts({
      keys: keysIn(config, as),
      call: async (fn, args) => {
        const named = Object.keys(args).map((name, at) => `${name} => $${at + 1}`);
        const values = Object.entries(args).map(([name, one]) => (name === "accounts" ? JSON.stringify(one) : one));
        // keys of subjects are read and opened by the room that screens them; the platform itself may not
        const role = ["fn_read_personal", "fn_open_subject"].includes(fn) ? "agent_kyc" : "service_role";
        const rows = await as(role, `select * from public.${fn}(${named.join(", ")})`, values);
        const [first] = rows;
        return first !== undefined && fn in first ? first[fn] : rows;
      },
    }).sealClear(),
  );

/**
 * Writes the tombstones of the database into the file, and erases again whatever the file knows and the database does not. To be asked before anybody works.
 * Errors: EG431 when a line of the file does not verify, EG503 when writes are halted or Postgres does not answer.
 */
export const repeatErasures = (
  config: Config,
  url: string = loginUrl(config, "evergreen_app"),
): Promise<RepeatedErasures> =>
  withDatabase(url, async (as) => {
    const journal = fileJournal(tombstonesFile(config.home));
    const keys = keysIn(config, as);
    // made at the first start, so that every backup of this home has them
    await keys.current();
    const kept = (await as(
      "service_role",
      "select body, signature, public_key from public.subject_tombstones",
    )) as unknown as Tombstone[];
    const noted = await journal.add(kept);
    const known = new Set(kept.map(({ body }) => body));
    const forgotten = (await journal.read()).filter(({ body }) => !known.has(body));
    if (forgotten.length === 0) return { noted, repeated: 0 };
    const trusted = [publicKeyOf(await keys.signingSeed())];
    for (const stone of forgotten) verifyTombstone(stone, trusted);
    const [row] = await as("service_role", "select public.fn_repeat_erasures($1::jsonb) as answer", [
      JSON.stringify(forgotten),
    ]);
    return { noted, repeated: (row as { answer: { repeated: number } }).answer.repeated };
  });
