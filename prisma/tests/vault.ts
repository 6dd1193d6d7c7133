// A stand-in of Supabase Vault: no test cluster has the extension, so a table of the documented columns stands for its view.
import type { TestDatabase } from "./arrange.ts";
import type { RpcCase } from "./cases/rpc-case.ts";

/** The Vault with these secrets and no others. */
export async function openVault(db: TestDatabase, secrets: Readonly<Record<string, string>>): Promise<void> {
  await db.look("create schema if not exists vault");
  await db.look("create table if not exists vault.decrypted_secrets (name text, decrypted_secret text)");
  await db.look("grant usage on schema vault to evergreen_owner");
  await db.look("grant select on vault.decrypted_secrets to evergreen_owner");
  await db.look("truncate vault.decrypted_secrets");
  for (const entry of Object.entries(secrets))
    await db.look("insert into vault.decrypted_secrets values ($1, $2)", entry);
}

/** What every function that reads the Vault refuses; `what` it lacks. */
export const vaultRefuses = (what: string): RpcCase["refuses"] => [
  {
    what: `a Vault without ${what}`,
    code: "EG404",
    change: async (a, db) => {
      await db.look("truncate vault.decrypted_secrets");
      return a;
    },
  },
  {
    what: "no Vault",
    code: "EG428",
    change: async (a, db) => {
      await db.look("drop schema vault cascade");
      return a;
    },
  },
];
