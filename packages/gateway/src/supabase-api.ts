// The embedded Supabase API: @supabase/lite over Postgres, under a login that holds nothing until it takes the caller's role.
// Everything that library would do by itself and must not (grants, roles, details in errors, sign-up) is switched off here.
import { App, InMemoryEmailDriver } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { type Claims, TOKEN_LIFE_S } from "./access-token.ts";
import { publicError } from "./public-error.ts";
import type { Change } from "./realtime/changes.ts";

export interface SupabaseApiOptions {
  /** Login evergreen_api: NOINHERIT, NOBYPASSRLS. */
  databaseUrl: string;
  jwtSecret: string;
  publishableKey: string;
}

export interface SupabaseApi {
  /** Answers /rest/v1 and /auth/v1. */
  fetch(request: Request): Promise<Response>;
  /** Whether the session of these claims still stands: not signed out, same role, account not banned. Known for up to 5 s. */
  sessionStands(claims: Claims): Promise<boolean>;
  /** Rows that functions have written since a place in the audit trail, at most 1,000; null: none, and the place where it ends now. */
  changesAfter(place: string | null): Promise<{ place: string; changes: Change[] }>;
  /** Whether the database answers. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

type Sql = ReturnType<typeof createPostgresConnection>["driver"];
type Schema = Awaited<ReturnType<ReturnType<typeof createPostgresConnection>["introspect"]>>;

/** Whoever audits sees every table, so its view is the one the API learns the schema from. */
const SCHEMA_READER = "audit_role";

const jsonText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Connects, learns the schema once (a migration needs a restart) and returns the API. Throws when the schema cannot be read. */
export async function openSupabaseApi(options: SupabaseApiOptions): Promise<SupabaseApi> {
  const connection = createPostgresConnection({
    url: options.databaseUrl,
    postgresOptions: {
      max: 10,
      onnotice: () => undefined,
      connection: { application_name: "evergreen-gateway" },
      types: {
        // Money and large counts are strings on the wire: a JavaScript number would round them.
        numeric: { to: 1700, from: [1700], serialize: String, parse: (text: string) => text },
        bigint: { to: 20, from: [20], serialize: String, parse: safeInteger },
        // Arguments of an RPC arrive as JSON text already; serialised once more they would be a JSON string, not an object.
        json: { to: 114, from: [114], serialize: jsonText, parse: JSON.parse },
        jsonb: { to: 3802, from: [3802], serialize: jsonText, parse: JSON.parse },
      },
    },
  });
  // The library would create roles and grant every table to anon on first use. Say that this has been done.
  Object.assign(connection, { rlsState: "active" });
  const schema = await learnSchema(options.databaseUrl);
  connection.introspect = () => Promise.resolve(schema);
  connection.normalizeDbError = publicError;
  const app = new App({
    connection,
    api: { schemas: ["public"], max_rows: 1_000 },
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      jwt_expiry: TOKEN_LIFE_S,
      publishable_key: options.publishableKey,
      enable_signup: false,
      enable_refresh_token_rotation: true,
      email: { enable_signup: false },
    },
    options: {
      // No admin mode ever: it would serve requests without a key as service_role. No secret key either.
      server: { admin: false, disableStudio: true, disableFallback: true },
      // The default prints mail, codes included, to the log.
      drivers: { email: new InMemoryEmailDriver({ maxKeepCount: 1 }) },
    },
  });
  return {
    fetch: (request) => app.fetch(request, { peerAddress: null }),
    sessionStands: standingSessions(connection.driver),
    changesAfter: (place) => changesAfter(connection.driver, place),
    ping: () =>
      connection.driver`select 1`.then(
        () => true,
        () => false,
      ),
    close: () => connection.driver.end({ timeout: 5 }),
  };
}

/** The API's own login sees no table (NOINHERIT), so the catalogue is read once over a session that has taken a role. */
async function learnSchema(url: string): Promise<Schema> {
  const reader = createPostgresConnection({
    url,
    postgresOptions: { max: 1, onnotice: () => undefined, connection: { role: SCHEMA_READER } },
  });
  try {
    const schema = await reader.introspect({ useCache: false });
    // On an error the library logs and returns an empty schema; an API that knows no function must not start.
    if (!schema.functions?.length) throw new Error("The API could not read the schema of the database.");
    return schema;
  } finally {
    await reader.driver.end({ timeout: 5 });
  }
}

const KNOWN_FOR_MS = 5_000;

/** Sessions seen standing are remembered for KNOWN_FOR_MS, so that a burst of requests costs one look. */
function standingSessions(sql: Sql): (claims: Claims) => Promise<boolean> {
  const seen = new Map<string, number>();
  return async ({ sub, role, session_id }) => {
    const key = `${session_id}/${sub}/${role}`;
    const now = Date.now();
    if ((seen.get(key) ?? 0) > now) return true;
    const rows = await sql`
      select from auth.sessions s join auth.users u on u.id = s.user_id
       where s.id = ${session_id} and u.id = ${sub} and u.role = ${role} and u.deleted_at is null
         and (s.not_after is null or s.not_after > now()) and (u.banned_until is null or u.banned_until < now())`;
    if (seen.size > 10_000) seen.clear();
    if (rows.length === 1) seen.set(key, now + KNOWN_FOR_MS);
    return rows.length === 1;
  };
}

function safeInteger(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** The feed is the audit trail, so it is read as an auditor reads it. */
function changesAfter(sql: Sql, place: string | null): ReturnType<SupabaseApi["changesAfter"]> {
  return sql.begin(async (asAuditor) => {
    await asAuditor`set local role audit_role`;
    const [row] = await asAuditor`select fn_read_changes(${place}) as found`;
    const found = (row as { found: { place: string; changes: { table: string; id: string; is_new: boolean }[] } })
      .found;
    return {
      place: found.place,
      changes: found.changes.map(({ table, id, is_new: isNew }) => ({ table, id, isNew })),
    };
  });
}
