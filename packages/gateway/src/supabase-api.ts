// The embedded Supabase API: @supabase/lite over Postgres, under a login that holds nothing until it takes the caller's role.
// Everything that library would do by itself and must not (grants, roles, details in errors, sign-up) is switched off here.

import { openReadCaller } from "@evergreen-fund/supabase-client/read-caller.ts";
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { type Claims, claimsIn, TOKEN_LIFE_S } from "./access-token.ts";
import { assured, type ReadAssurance } from "./assurance.ts";
import type { ApprovedBy, DeviceBook } from "./device-login.ts";
import { LinkMailer } from "./link-mailer.ts";
import { type Asked, answerPageRead } from "./page-reads.ts";
import { publicError } from "./public-error.ts";
import type { Change, Row } from "./realtime/changes.ts";
import { type FactorBook, type FactorState, type SecondStep, secondStep } from "./second-step.ts";

export interface SupabaseApiOptions {
  /** Login evergreen_api: NOINHERIT, NOBYPASSRLS. */
  databaseUrl: string;
  jwtSecret: string;
  publishableKey: string;
  /** Tables of which changes are told, with their keys; absent: none are. */
  liveTables?: Readonly<Record<string, string>>;
  /** Takes a link to somebody's mailbox; absent: there is none, and no link arrives. */
  sendLink?: (to: string, tokenHash: string) => void;
  /** A second step with authenticators, and whether staff must have one; the key seals their secrets. Absent: none is offered. */
  secondStep?: { key: Uint8Array; required: boolean; now?: () => number };
}

/** What the session of some claims may do: good: all that its role may; code, enrol: sign in only, until a code is given or an authenticator is added; ended: nothing. */
export type Standing = "good" | "code" | "enrol" | "ended";

export interface SupabaseApi {
  /** Answers /rest/v1 and /auth/v1. */
  fetch(request: Request): Promise<Response>;
  /** Answers the call of a page by a shorter way, with the claims of a token that was found good; undefined: `fetch` answers it. */
  readPage(asked: Asked, claims: Claims): Promise<Response | undefined>;
  /** Whether the session of these claims still stands (not signed out, same role, account not banned) and has taken the steps it must. Known for up to 5 s. */
  standing(claims: Claims): Promise<Standing>;
  /** Whether that is good. */
  sessionStands(claims: Claims): Promise<boolean>;
  /** Null: none is offered. */
  secondStep: SecondStep | null;
  /** The rows with these keys that this person may see, of a table of LIVE_TABLES; amounts are text. None of a table that the role may not read at all. */
  rowsAs(claims: Claims, table: string, ids: readonly string[]): Promise<readonly Row[]>;
  /** Rows that functions have written since a place in the audit trail, at most 1,000; null: none, and the place where it ends now. */
  changesAfter(place: string | null): Promise<{ place: string; changes: Change[] }>;
  /** Mails a link that signs in once, when there is such an account; the same for whoever asks when there is none. */
  mailLink(email: string): Promise<void>;
  /** A new session of the account with this e-mail, as the sign-in answers it, as high as the one that approved it. For a caller who has found out whose it is. */
  sessionFor(email: string, approved: ApprovedBy): Promise<Response>;
  /** Sign-ins by device code. */
  devices: DeviceBook;
  /** What people may reach, by fn_describe_api. */
  describe(): Promise<unknown>;
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
  const pages = await openReadCaller(options.databaseUrl, options.liveTables);
  connection.introspect = () => Promise.resolve(schema);
  connection.normalizeDbError = publicError;
  const mailer = new LinkMailer(options.sendLink ?? (() => undefined));
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
      email: { enable_signup: false, otp_length: LINK_DIGITS, otp_expiry: LINK_LIFE_S },
    },
    options: {
      // No admin mode ever: it would serve requests without a key as service_role. No secret key either.
      server: { admin: false, disableStudio: true, disableFallback: true },
      // The default prints mail, codes included, to the log.
      drivers: { email: mailer },
    },
  });
  const sql = connection.driver;
  const read: ReadAssurance = (sessionId, method) =>
    one(sql`select auth.session_assurance(${sessionId}, ${method}) as found`);
  const fetch = async (request: Request): Promise<Response> =>
    assured(request, await app.fetch(request, { peerAddress: null }), options.jwtSecret, read);
  const ask = (path: string, body: object): Promise<Response> =>
    fetch(
      new Request(`http://gateway/auth/v1/${path}`, {
        method: "POST",
        headers: { apikey: options.publishableKey, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  const renew = (refreshToken: string) => ask("token?grant_type=refresh_token", { refresh_token: refreshToken });
  const standing = standings(sql, options.secondStep?.required === true);
  const askForLink = (email: string): Promise<Response> => ask("otp", { email, create_user: false });
  return {
    mailLink: (email) => mailer.posting(() => askForLink(email)).then(() => undefined),
    sessionFor: async (email, { aal, factorId }) => {
      const token = await mailer.catching(() => askForLink(email));
      if (token === undefined) return new Response(null, { status: 403 });
      const answer = await ask("verify", { type: "magiclink", token_hash: token });
      if (!answer.ok || aal !== "aal2") return answer;
      const { access_token, refresh_token } = (await answer.json()) as Record<string, string>;
      await sql`select auth.session_as(${String(claimsIn(access_token ?? "").session_id)}, ${aal}, ${factorId})`;
      return renew(refresh_token ?? "");
    },
    devices: deviceBook(connection.driver),
    secondStep: options.secondStep
      ? secondStep(factorBook(sql), options.secondStep.key, renew, options.secondStep.now)
      : null,
    fetch,
    readPage: (asked, claims) => answerPageRead(pages, asked, claims),
    standing,
    sessionStands: async (claims) => (await standing(claims)) === "good",
    rowsAs: async (claims, table, ids) => {
      try {
        return JSON.parse(await pages.rows([claims.role, JSON.stringify(claims)], table, ids)) as Row[];
      } catch (error) {
        if ((error as { code?: unknown }).code === "42501") return [];
        throw error;
      }
    },
    changesAfter: (place) => changesAfter(connection.driver, place),
    describe: () =>
      connection.driver.begin(async (asAuditor) => {
        await asAuditor`set local role audit_role`;
        const [row] = await asAuditor`select fn_describe_api() as found`;
        return (row as { found: unknown }).found;
      }),
    ping: () =>
      connection.driver`select 1`.then(
        () => true,
        () => false,
      ),
    close: async () => {
      await Promise.all([connection.driver.end({ timeout: 5 }), pages.close()]);
    },
  };
}

/** The library makes the token of a link of so many digits and of the e-mail: nobody guesses it. */
const LINK_DIGITS = 40;
const LINK_LIFE_S = 900;

/** The answer of a function that was asked for as `found`. */
async function one<T>(rows: PromiseLike<readonly unknown[]>): Promise<T> {
  const [row] = await rows;
  return (row as { found: T }).found;
}

function deviceBook(sql: Sql): DeviceBook {
  return {
    ask: (device, code, host, address) =>
      one(sql`select auth.device_ask(${device}, ${code}, ${host}, ${address}) as found`),
    look: (code, who) => one(sql`select auth.device_look(${code}, ${who}) as found`),
    decide: (code, who, approve, session) =>
      one(sql`select auth.device_decide(${code}, ${who}, ${approve}, ${session}) as found`),
    collect: (device) => one(sql`select auth.device_collect(${device}) as found`),
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

/**
 * The one place where a second step is asked for: of whoever has an authenticator, and of staff where they must have one.
 * Sessions seen good are remembered for KNOWN_FOR_MS, so that a burst of requests costs one look.
 */
function standings(sql: Sql, isRequired: boolean): (claims: Claims) => Promise<Standing> {
  const seen = new Map<string, number>();
  return async ({ sub, role, session_id, aal = "aal1" }) => {
    const key = `${session_id}/${sub}/${role}/${aal}`;
    const now = Date.now();
    if ((seen.get(key) ?? 0) > now) return "good";
    const [row] = await sql`select auth.session_standing(${session_id}, ${sub}, ${role}) as found`;
    const { found } = row as { found: { aal: string; has_factor: boolean } | null };
    if (found === null) return "ended";
    // neither an old token of a session that was raised nor one of a session that was lowered
    const isRaised = aal === "aal2" && found.aal === "aal2";
    if (!isRaised && found.has_factor) return "code";
    if (!isRaised && isRequired && role !== "lp_role") return "enrol";
    if (seen.size > 10_000) seen.clear();
    seen.set(key, now + KNOWN_FOR_MS);
    return "good";
  };
}

function factorBook(sql: Sql): FactorBook {
  return {
    add: (id, session, name, sealed) =>
      one(sql`select auth.factor_add(${id}, ${session}, ${name}, ${sealed}) as found`),
    challenge: (session, factor) => one<FactorState>(sql`select auth.factor_challenge(${session}, ${factor}) as found`),
    try: (session, factor, challenge) => one(sql`select auth.factor_try(${session}, ${factor}, ${challenge}) as found`),
    accept: (session, factor, challenge, tried, step) =>
      one(sql`select auth.factor_accept(${session}, ${factor}, ${challenge}, ${tried}, ${step}) as found`),
    remove: (session, factor) => one(sql`select auth.factor_remove(${session}, ${factor}) as found`),
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
