// The seven synthetic people who may sign in on a demo stack. Their ids never change, so that the demo fund can refer to them;
// their passwords belong to the home. On a real Supabase none of them exists.
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { ownKey } from "@evergreen-fund/config/keys.ts";
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import pg from "pg";

export interface DemoLogin {
  role: PersonRole;
  email: string;
  userId: string;
  /** Shown to people; says that nobody of that name exists. */
  personName: string;
}

const person = (role: PersonRole, name: string, email: string, number: number): DemoLogin => ({
  role,
  email: `${email}@demo.evergreen.example`,
  userId: `d0000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
  personName: `${name} (synthetic)`,
});

/** In this order they are printed; a command without --as takes the first of the role it needs. */
export const DEMO_LOGINS: readonly DemoLogin[] = [
  person("pm_role", "First portfolio manager", "pm1", 1),
  person("pm_role", "Second portfolio manager", "pm2", 2),
  person("lp_role", "First investor", "lp1", 3),
  person("lp_role", "Second investor", "lp2", 4),
  person("ops_role", "First operations officer", "ops1", 5),
  person("ops_role", "Second operations officer", "ops2", 6),
  person("audit_role", "Auditor", "audit1", 7),
];

/** The password of a demo login in this home: made from the home's own key, so that nothing else has to be kept. */
export function demoPassword(home: string, email: string): string {
  return createHmac("sha256", ownKey(home, "logins"))
    .update(email)
    .digest("base64url")
    .replace(/[-_]/g, "")
    .slice(0, 20);
}

/** What is printed to the person who started the demo. */
export function demoCredentials(home: string): { role: PersonRole; email: string; password: string }[] {
  return DEMO_LOGINS.map(({ role, email }) => ({ role, email, password: demoPassword(home, email) }));
}

/** Makes the accounts that are missing in auth.users; those that exist stay as they are. Embedded API only. */
export async function ensureDemoLogins(adminUrl: string, home: string): Promise<number> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>("select id from auth.users where id = any ($1)", [
      DEMO_LOGINS.map((login) => login.userId),
    ]);
    const missing = DEMO_LOGINS.filter((login) => !rows.some((row) => row.id === login.userId));
    for (const login of missing) await insertAccount(client, login, demoPassword(home, login.email));
    return missing.length;
  } finally {
    await client.end();
  }
}

async function insertAccount(client: pg.Client, login: DemoLogin, password: string): Promise<void> {
  // The API library compares with this one; it is its dependency, not ours.
  const { hash } = createRequire(import.meta.resolve("@supabase/lite"))("bcryptjs") as {
    hash(text: string, rounds: number): Promise<string>;
  };
  await client.query("begin");
  await client.query(
    `insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
     values ($1, 'authenticated', $2, $3, $4, now(), '{"provider":"email","providers":["email"]}', jsonb_build_object('name', $5::text))`,
    [login.userId, login.role, login.email, await hash(password, 10), login.personName],
  );
  await client.query(
    `insert into auth.identities (id, provider, provider_id, user_id, identity_data)
     values (gen_random_uuid(), 'email', $1::text, $1::uuid, jsonb_build_object('sub', $1::text, 'email', $2::text, 'email_verified', true))`,
    [login.userId, login.email],
  );
  await client.query("commit");
}
