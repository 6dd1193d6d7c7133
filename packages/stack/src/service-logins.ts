// The three logins of the stack. prisma/sql creates them without a password; here each gets the password of this home, and the
// API's login the right to keep accounts and sessions in the schema auth. Nothing else is granted here.
import pg from "pg";
import { ownAuthSql } from "./bootstrap-auth.ts";

/** evergreen_app: workers and dispatcher; evergreen_api: the HTTP API; evergreen_readonly: people who look (no RLS bypass). */
export const SERVICE_LOGINS = ["evergreen_app", "evergreen_api", "evergreen_readonly"] as const;
export type ServiceLogin = (typeof SERVICE_LOGINS)[number];

const SESSION_TABLES = ["sessions", "refresh_tokens", "flow_state", "audit_log_entries"];
/** Columns of an account that signing in and out changes. Not id, role or e-mail: the API can neither make an account nor raise one. */
const ACCOUNT_COLUMNS = [
  ...["last_sign_in_at", "updated_at", "encrypted_password", "raw_user_meta_data"],
  // a link by mail
  ...["recovery_token", "recovery_sent_at"],
];

/** Sets the passwords that are given. Logins that the migrations did not create are returned by name, for the caller to complain about. */
export async function setLoginPasswords(
  adminUrl: string,
  passwords: Partial<Record<ServiceLogin, string>>,
): Promise<ServiceLogin[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ rolname: string }>("select rolname from pg_roles where rolname = any ($1)", [
      SERVICE_LOGINS,
    ]);
    const present = rows.map((row) => row.rolname);
    for (const login of SERVICE_LOGINS.filter((name) => present.includes(name))) {
      const password = passwords[login];
      if (password === undefined) continue; // somebody else keeps this one
      // A role's password cannot be a parameter; both parts are quoted by the driver.
      await client.query(
        `alter role ${client.escapeIdentifier(login)} login noinherit nobypassrls nosuperuser nocreatedb nocreaterole
           password ${client.escapeLiteral(password)}`,
      );
    }
    if (present.includes("evergreen_api")) await grantAccounts(client);
    return SERVICE_LOGINS.filter((name) => !present.includes(name));
  } finally {
    await client.end();
  }
}

async function grantAccounts(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ owned: boolean }>(
    `select pg_catalog.pg_get_userbyid(nspowner) = current_user as owned from pg_catalog.pg_namespace where nspname = 'auth'`,
  );
  if (!rows[0]?.owned) return; // a hosted Supabase keeps its own accounts
  const sessions = SESSION_TABLES.map((table) => `auth.${table}`).join(", ");
  await client.query("revoke all on all tables in schema auth from evergreen_api");
  await client.query(`grant select, insert, update, delete on ${sessions} to evergreen_api`);
  await client.query("grant select on auth.users, auth.identities to evergreen_api");
  await client.query(`grant update (${ACCOUNT_COLUMNS.join(", ")}) on auth.users to evergreen_api`);
  await client.query("grant update (last_sign_in_at, updated_at) on auth.identities to evergreen_api");
  await client.query(ownAuthSql());
}
