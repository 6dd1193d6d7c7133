// A gateway on a real Postgres for tests: a small schema with the traps in it, two accounts, and the ways in which people and forgers call.
import { createHmac, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { setLoginPasswords } from "@evergreen-fund/stack/service-logins.ts";
import { type FreshDatabase, freshCluster, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import pg from "pg";
import ws from "ws";
import type { Payload } from "./codec-endpoint.ts";
import { createGateway } from "./gateway.ts";
import { openSupabaseApi } from "./supabase-api.ts";

export const LP = "10000000-0000-4000-8000-000000000001";
export const PM = "10000000-0000-4000-8000-000000000002";
export const KEY = "sb_publishable_test";
export const SECRET = randomBytes(48).toString("hex");
/** Seals the secrets of authenticators. */
export const FACTOR_KEY = randomBytes(32);
export const LP_EMAIL = "lp1@demo.evergreen.example";
export const PM_EMAIL = "pm1@demo.evergreen.example";
export const PASSWORD_OF: Record<string, string> = { [LP_EMAIL]: "lp_role-password", [PM_EMAIL]: "pm_role-password" };
export const ORIGIN = "http://127.0.0.1:24320";

const SCHEMA = `
do $$ declare name text; begin
  foreach name in array array['pm_role', 'lp_role', 'ops_role', 'audit_role'] loop
    execute format('create role %I nologin', name);
  end loop;
  create role evergreen_api login noinherit;
  grant anon, authenticated, pm_role, lp_role, ops_role, audit_role to evergreen_api;
end $$;
create table public.holdings (id int primary key, owner uuid, amount numeric(38,4) not null check (amount > 0), units bigint);
alter table public.holdings enable row level security;
alter table public.holdings force row level security;
create policy lp__own on public.holdings for select to lp_role using (owner = (select auth.uid()));
create policy pm__all on public.holdings for select to pm_role using (true);
grant select on public.holdings to lp_role, pm_role, audit_role;
insert into public.holdings values
  (1, '${LP}', 123456789012345678901234.5600, 9007199254740993),
  (2, '${PM}', 100, 5);
create function public.fn_echo(amount numeric) returns jsonb language sql as
  $$ select jsonb_build_object('amount', amount::text, 'role', current_user, 'uid', auth.uid()) $$;
create function public.fn_refuse() returns void language plpgsql as
  $$ begin raise exception 'Four eyes: own proposal.' using errcode = 'EG420', detail = 'row (1, canary-detail)', hint = 'canary-hint'; end $$;
create function public.fn_break() returns void language plpgsql security definer set search_path = '' as
  $$ begin insert into public.holdings values (3, null, -41739, 0); end $$;
create function public.fn_secret() returns int language sql as $$ select 1 $$;
revoke execute on all functions in schema public from public;
grant execute on function public.fn_echo(numeric), public.fn_refuse(), public.fn_break() to lp_role, pm_role;`;

export interface TestGateway {
  database: FreshDatabase;
  /** Superuser, for arranging and looking. */
  admin: pg.Client;
  /** What was mailed. */
  mail: { to: string; tokenHash: string }[];
  /** How the book keeps a code that a person reads. */
  codeHash(code: string): string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  client(): SupabaseClient;
  signIn(email: string): Promise<{ supabase: SupabaseClient; token: string }>;
  /** Forgets the failed sign-ins of earlier tests. */
  reset(): void;
  close(): Promise<void>;
}

/** A codec that reverses the bytes: enough to see that it is called and only for whom it may be. */
export const reversed = async (payloads: Payload[]): Promise<Payload[]> =>
  payloads.map(({ metadata, data }) => ({ metadata: metadata ?? {}, data: new Uint8Array(data ?? []).reverse() }));

/** @param step what a test needs of the second step: whether staff must have it, and what time it is. */
export async function openTestGateway(step: { required?: boolean; now?: () => number } = {}): Promise<TestGateway> {
  const cluster = await freshCluster({ migrationsDir: null });
  const database = await freshDatabase(cluster.adminUrl);
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query(SCHEMA);
  await setLoginPasswords(database.adminUrl, {
    evergreen_app: "test",
    evergreen_api: "test",
    evergreen_readonly: "test",
  });
  await insertAccount(admin, LP, LP_EMAIL, "lp_role");
  await insertAccount(admin, PM, PM_EMAIL, "pm_role");
  const mail: { to: string; tokenHash: string }[] = [];
  const api = await openSupabaseApi({
    databaseUrl: database.urlFor("evergreen_api"),
    jwtSecret: SECRET,
    publishableKey: KEY,
    sendLink: (to, tokenHash) => void mail.push({ to, tokenHash }),
    secondStep: { key: FACTOR_KEY, required: step.required === true, ...(step.now ? { now: step.now } : {}) },
  });
  const make = () =>
    createGateway({
      api,
      project: null,
      demoLogins: [{ role: "pm_role", email: PM_EMAIL }],
      elsewhere: ["Langfuse"],
      jwtSecret: SECRET,
      publishableKey: KEY,
      supabaseUrl: ORIGIN,
      publicUrl: "https://evergreen.example",
      temporalUiUrl: "http://127.0.0.1:24324",
      codec: { encode: reversed, decode: reversed },
      temporalAnswers: async () => true,
      withContent: null,
      dashboard: null,
      openapi: null,
    });
  let gateway = make();
  const ask = async (path: string, init: RequestInit = {}) => gateway.request(`${ORIGIN}${path}`, init);
  const client = () =>
    createClient(ORIGIN, KEY, {
      auth: { persistSession: false, autoRefreshToken: false },
      realtime: { transport: ws as never },
      global: { fetch: (async (input: string, init?: RequestInit) => gateway.request(input, init)) as typeof fetch },
    });
  return {
    database,
    admin,
    mail,
    codeHash: (code) =>
      createHmac("sha256", SECRET)
        .update(`device code ${code.replace("-", "")}`)
        .digest("hex"),
    ask,
    client,
    async signIn(email) {
      const supabase = client();
      const { data, error } = await supabase.auth.signInWithPassword({ email, password: PASSWORD_OF[email] ?? "" });
      if (error || !data.session) throw error ?? new Error("no session");
      return { supabase, token: data.session.access_token };
    },
    reset: () => {
      gateway = make();
    },
    close: async () => {
      await api.close();
      await admin.end();
      await cluster.stop();
    },
  };
}

async function insertAccount(admin: pg.Client, id: string, email: string, role: string): Promise<void> {
  const bcrypt = createRequire(import.meta.resolve("@supabase/lite"))("bcryptjs") as {
    hashSync(text: string, rounds: number): string;
  };
  await admin.query(
    "insert into auth.users (id, email, encrypted_password, role, email_confirmed_at) values ($1, $2, $3, $4, now())",
    [id, email, bcrypt.hashSync(PASSWORD_OF[email] ?? "", 4), role],
  );
}

export const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with these claims, signed with the right secret unless told otherwise. */
export function sign(
  claims: object,
  { secret = SECRET, header = { alg: "HS256", typ: "JWT" } as object } = {},
): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
