// A signed-in client of the Supabase API: `rpc()` and reads under the caller's own row-level security. The CLI holds no database client.

import { readConfig } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import type { SupabaseClient, WebSocketLikeConstructor } from "@supabase/supabase-js";
import { z } from "zod";
import { type Connection, connectionFor } from "./connection.ts";
import { renewed } from "./device-code.ts";
import { apiError, nothingAnswers } from "./exit.ts";
import { plain } from "./output.ts";
import { People } from "./people.ts";
import { SignInFile } from "./sign-in-file.ts";

interface Reply {
  data: unknown;
  error: { code?: string; message?: string; details?: string | null } | null;
  status: number;
}

/** A read in the making: the filters of supabase-js that are used here. Without a generated schema its own types say nothing more. */
export interface Query extends PromiseLike<Reply> {
  eq(column: string, value: string | number | boolean): Query;
  gt(column: string, value: string | number): Query;
  lte(column: string, value: string | number): Query;
  in(column: string, values: readonly string[]): Query;
  is(column: string, value: null): Query;
  not(column: string, operator: "is", value: null): Query;
  order(column: string, options?: { ascending: boolean }): Query;
  limit(count: number): Query;
  range(from: number, to: number): Query;
}

/** Rows per request: what hosted projects answer at most. */
export const PAGE = 1000;

export interface SessionOptions {
  role: PersonRole;
  as: string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  note: (text: string) => void;
}

const REQUEST_MS = 60_000;
/** Not one of the statuses that the client library tries again by itself. */
const NOBODY_THERE = 504;

/** fetch that answers instead of throwing when nobody is there: the sign-in library would print the thrown error with its stack. */
async function quietFetch(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  try {
    return await fetch(input, { ...init, signal: init?.signal ?? AbortSignal.timeout(REQUEST_MS) });
  } catch {
    return Response.json({ message: "no answer" }, { status: NOBODY_THERE });
  }
}

/** Who signed in, and by what: `evergreen login`, or a password. */
interface Who {
  email: string;
  userId: string;
  signedInBy: "login" | "password";
}

export class Session {
  readonly email: string;
  readonly userId: string;
  readonly signedInBy: Who["signedInBy"];
  readonly url: string;
  readonly people: People;
  readonly #client: SupabaseClient;

  constructor(client: SupabaseClient, who: Who, url: string, people: People) {
    this.#client = client;
    this.email = who.email;
    this.userId = who.userId;
    this.signedInBy = who.signedInBy;
    this.url = url;
    this.people = people;
  }

  /** Ends the session on the server too; a failure is of no consequence. That of `evergreen login` stands until `evergreen logout`. */
  async close(): Promise<void> {
    if (this.signedInBy === "password") await this.#client.auth.signOut({ scope: "local" }).catch(() => undefined);
  }

  /** Calls a `fn_*`; absent arguments are left out. Errors: the codes of the function, EG403, EG503. */
  async call<T>(fn: string, args: Readonly<Record<string, unknown>>, result: z.ZodType<T>): Promise<T> {
    const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
    const answer: Reply = await this.#client.rpc(fn, given);
    if (answer.error) throw apiError(answer.error, answer.status, this.url);
    return parsed(result, answer.data);
  }

  /**
   * At most one page of rows. `columns` as PostgREST's select: cast amounts to text, so that no digit is lost; but never the column that
   * is ordered by, because an API may then order the text.
   */
  async read<T>(
    table: string,
    columns: string,
    narrow: (query: Query) => Query,
    row: z.ZodType<T>,
    size = PAGE,
  ): Promise<T[]> {
    const answer = await narrow((this.#client.from(table).select(columns) as unknown as Query).limit(size));
    if (answer.error) throw apiError(answer.error, answer.status, this.url);
    return parsed(z.array(row), answer.data);
  }

  /** The one row, or undefined. */
  async one<T>(
    table: string,
    columns: string,
    narrow: (query: Query) => Query,
    row: z.ZodType<T>,
  ): Promise<T | undefined> {
    const rows = await this.read(table, columns, (query) => narrow(query).limit(1), row);
    return rows[0];
  }

  /** Every row, page by page behind the last key. `key` is a unique column that sorts as `keyOf` reads it; it must be in `columns`. */
  async *pages<T>(
    table: string,
    columns: string,
    key: string,
    keyOf: (row: T) => string,
    narrow: (query: Query) => Query,
    row: z.ZodType<T>,
    size = PAGE,
  ): AsyncGenerator<T[]> {
    let last: string | undefined;
    for (;;) {
      const behind = last;
      const page = await this.read(
        table,
        columns,
        (query) => {
          const asked = narrow(query).order(key, { ascending: true });
          return behind === undefined ? asked : asked.gt(key, behind);
        },
        row,
        size,
      );
      if (page.length > 0) yield page;
      const end = page.at(-1);
      if (end === undefined || page.length < size) return;
      last = keyOf(end);
    }
  }

  /** All pages in one list. */
  async all<T>(...asked: Parameters<typeof this.pages<T>>): Promise<T[]> {
    const rows: T[] = [];
    for await (const page of this.pages(...asked)) for (const row of page) rows.push(row);
    return rows;
  }
}

function parsed<T>(schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const place = result.error.issues[0]?.path.join(".") ?? "";
  throw new EvergreenError("EG500", `The API answered something unexpected${place === "" ? "" : ` at ${place}`}.`, {
    cause: result.error,
  });
}

/** Signs in. Errors: EG401 wrong login, EG404 unknown demo login, EG503 nothing answers. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const connection = await connectionFor(options.environment);
  const handed = await handedSession(connection, options);
  if (handed !== undefined) return handed;
  const kept = await keptSession(connection, options);
  if (kept !== undefined) return kept;
  const login = chooseLogin(connection, options);
  // supabase-js is loaded only by commands that need it, so that `--help` stays quick.
  const { createClient } = await import("@supabase/supabase-js");
  const { default: ws } = await import("ws");
  const client = createClient(connection.url, connection.publishableKey, {
    // A token that has run out is renewed by the next request; no timer keeps the process alive.
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: quietFetch },
    realtime: { transport: ws as unknown as WebSocketLikeConstructor },
  });
  const { data, error } = await client.auth.signInWithPassword({ email: login.email, password: login.password });
  if (error) {
    if (
      error.name === "AuthRetryableFetchError" ||
      error.status === undefined ||
      error.status === 0 ||
      error.status >= 500
    )
      throw nothingAnswers(connection.url, error);
    if (error.status === 429) throw new EvergreenError("EG401", "Too many sign-ins; wait a minute.", { cause: error });
    throw new EvergreenError("EG401", `The sign-in of ${plain(login.email)} was refused.`, { cause: error });
  }
  const own = [{ userId: data.user.id, email: login.email, role: "" }];
  return new Session(
    client,
    { email: login.email, userId: data.user.id, signedInBy: "password" },
    connection.url,
    new People([...connection.people, ...own]),
  );
}

const TokenClaims = z.object({ sub: z.string(), email: z.string().default("") });

/** The session of EVERGREEN_TOKEN, unless somebody else is named. Errors: EG401 it is none; whether it is good the API says. */
async function handedSession(
  { url, publishableKey, people }: Connection,
  { as, environment }: SessionOptions,
): Promise<Session | undefined> {
  const token = readConfig(environment).accessToken;
  if (token === null || as !== undefined) return undefined;
  const claims = TokenClaims.safeParse(claimsIn(token));
  if (!claims.success) throw new EvergreenError("EG401", "EVERGREEN_TOKEN is no access token.");
  const { createClient } = await import("@supabase/supabase-js");
  const { default: ws } = await import("ws");
  const client = createClient(url, publishableKey, {
    accessToken: async () => token,
    global: { fetch: quietFetch },
    realtime: { transport: ws as unknown as WebSocketLikeConstructor },
  });
  const { sub: userId, email } = claims.data;
  return new Session(client, { email, userId, signedInBy: "login" }, url, new People(people));
}

function claimsIn(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The session of `evergreen login`, unless somebody else is named. */
async function keptSession(connection: Connection, { as, environment }: SessionOptions): Promise<Session | undefined> {
  if (as !== undefined || connection.person.email !== null) return undefined;
  const file = new SignInFile(readConfig(environment).home);
  const { url, publishableKey } = connection;
  const kept = file.read(url);
  if (kept === undefined) return undefined;
  const token = () => file.token(url, (refreshToken) => renewed(connection, refreshToken));
  await token();
  const { createClient } = await import("@supabase/supabase-js");
  const { default: ws } = await import("ws");
  const client = createClient(url, publishableKey, {
    accessToken: token,
    global: { fetch: quietFetch },
    realtime: { transport: ws as unknown as WebSocketLikeConstructor },
  });
  const { email, userId, role } = kept;
  const people = new People([...connection.people, { userId, email, role }]);
  return new Session(client, { email, userId, signedInBy: "login" }, url, people);
}

function chooseLogin(
  { logins, person, url }: Connection,
  options: SessionOptions,
): { email: string; password: string } {
  const { email, password } = person;
  const wanted = options.as ?? email ?? undefined;
  if (wanted !== undefined) {
    // a password that was set for this person is what is tried, also when it is wrong
    if (password !== null && (email === null || email === wanted)) return { email: wanted, password };
    const known = logins.find((login) => login.email === wanted);
    if (known) return known;
    const names = logins.map((login) => login.email).join(", ");
    throw logins.length > 0
      ? new EvergreenError("EG404", `There is no demo login ${plain(wanted)}; there are ${names}.`)
      : new EvergreenError("EG401", `EVERGREEN_PASSWORD is not set: ${plain(wanted)} cannot sign in at ${url}.`);
  }
  const first = logins.find((login) => login.role === options.role);
  if (!first)
    throw new EvergreenError(
      "EG401",
      `Run \`evergreen login\`, or set EVERGREEN_EMAIL and EVERGREEN_PASSWORD, to sign in at ${url} (this command needs ${options.role}).`,
    );
  options.note(`acting as ${first.email} (${first.role})`);
  return first;
}
