// A real database, a home and the doors to personal data of one test file. Only tests use it; persons are synthetic.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { openDatabase, type RpcArgs, type RpcName } from "@evergreen-fund/supabase-client";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, expect } from "vitest";
import { fileJournal, fileKeys, folderStore, type PersonalCall } from "./index.ts";

/** Opened for the file that calls it, and closed after its tests. */
export async function openTestHouse() {
  const home = mkdtempSync(join(tmpdir(), "evergreen-personal-"));
  const fresh = await freshDatabase(ownCluster());
  const database = openDatabase({ url: fresh.urlFor("evergreen_app"), connections: 8 });
  const admin = new pg.Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  afterAll(async () => {
    await database.close();
    await admin.end();
    await fresh.drop();
    rmSync(home, { recursive: true, force: true });
  });
  const callAs =
    (actor: Actor): PersonalCall =>
    (fn, args) =>
      database.rpc(actor, fn as RpcName, args as RpcArgs<RpcName>);
  const documents = folderStore(join(home, "documents"));
  const journal = fileJournal(join(home, "tombstones.jsonl"));
  return {
    home,
    database,
    admin,
    callAs,
    journal,
    partsOf: (actor: Actor) => ({ call: callAs(actor), keys: fileKeys(home), documents, journal }),
    rows: async (sql: string, values: unknown[] = []) => (await admin.query(sql, values)).rows,
  };
}

export const code = (of: string) => expect.objectContaining({ code: of });
