// What `bench dashboard` and `bench realtime` measure: the shipped gateway as its own process over a database of synthetic investors, and tokens of
// people who have a session there.
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownKey } from "@evergreen-fund/config";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { type Child, startScript } from "../frame/child.ts";
import type { BenchCluster } from "../frame/cluster.ts";
import { type Session, withSession } from "../frame/connection.ts";
import { atAnyEnd } from "../frame/ending.ts";
import type { Environment } from "../frame/peers.ts";
import { readStatements } from "../frame/sql-file.ts";

export const statement = readStatements(new URL("dashboard.sql", import.meta.url));

export interface Person {
  user_id: string;
  /** The one investor whom this person sees, and its code. */
  investor_id: string;
  investor: string;
}

export interface House {
  people: readonly Person[];
  /** Superuser, of this house's database. */
  adminUrl: string;
  /** evergreen_api, of this house's database. */
  apiUrl: string;
  password: string;
}

const CHUNK = 50_000;
const PARTS = ["seed-investors", "seed-access", "seed-holdings", "seed-flows", "seed-statements"] as const;

const GATEWAY = new URL("../../../../gateway/main.ts", import.meta.url);

/** As the library of the API compares a password. */
function hashOf(password: string): string {
  const library = createRequire(import.meta.resolve("@supabase/lite"));
  return (library("bcryptjs") as { hashSync(text: string, rounds: number): string }).hashSync(password, 4);
}

/** A database of this many synthetic investors; everybody in `people` may sign in as reader1@…, reader2@… with the one password. */
export async function seedHouse(
  cluster: BenchCluster,
  name: string,
  investors: number,
  say: (text: string) => void,
  readers = 200,
): Promise<House> {
  const adminUrl = await cluster.newDatabase(name, "migrated");
  const apiUrl = new URL(cluster.urlFor("evergreen_api"));
  apiUrl.pathname = `/${name}`;
  const password = randomBytes(12).toString("hex");
  const people = await withSession(adminUrl, async (session) => {
    await session.query("set session_replication_role = replica");
    await session.query(statement("seed-fund"));
    for (const part of PARTS)
      for (let from = 1; from <= investors; from += CHUNK) {
        say(`${name}: ${part.slice(5)} ${from} of ${investors}`);
        await session.query(statement(part), [from, Math.min(investors, from + CHUNK - 1)]);
      }
    await session.query(statement("settle"));
    const { rows } = await session.query<Person>(statement("people"), [investors, readers]);
    await signUp(session, rows, hashOf(password));
    return rows;
  });
  return { people, adminUrl, apiUrl: apiUrl.href, password };
}

async function signUp(session: Session, people: readonly Person[], hash: string): Promise<void> {
  const ids = people.map(({ user_id }) => user_id);
  await session.query(statement("seed-accounts"), [ids, hash]);
  await session.query(statement("seed-identities"), [ids]);
  await session.query(statement("seed-sessions"), [ids]);
}

export interface Gateway {
  port: number;
  publishableKey: string;
  jwtSecret: string;
  child: Child;
  stop(): Promise<void>;
}

/** The gateway as the stack starts it, with a home of its own. */
export async function startGateway(apiUrl: string, environment: Environment): Promise<Gateway> {
  const home = mkdtempSync(join(tmpdir(), "evergreen-bench-home-"));
  const forget = atAnyEnd(() => rmSync(home, { recursive: true, force: true }));
  const port = await freePort();
  const jwtSecret = ownKey(home, "jwt", 48);
  const publishableKey = `sb_publishable_${ownKey(home, "publishable", 16)}`;
  const child = startScript(GATEWAY, ["{}"], {
    environment: {
      PATH: environment.PATH,
      HOME: environment.HOME,
      XDG_CACHE_HOME: environment.XDG_CACHE_HOME,
      NODE_ENV: "production",
      EVERGREEN_HOME: home,
      EVERGREEN_PORT_BASE: String(port),
      DATABASE_URL: apiUrl,
    },
  });
  const stop = async (): Promise<void> => {
    await child.kill();
    forget();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await child.heard(/^ready/, 120_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, publishableKey, jwtSecret, child, stop };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token for the session of this person; good for ten minutes, as the gateway's own. */
export function tokenOf({ user_id }: Pick<Person, "user_id">, secret: string, role = "lp_role"): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: user_id, role, aud: "authenticated", session_id: user_id, iat: now, exp: now + 600 };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** @supabase/lite as it comes, over the same database, with the keys of that gateway: the same tokens are good there. */
export async function startPeer(
  apiUrl: string,
  { jwtSecret, publishableKey }: Gateway,
  environment: Environment,
): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const child = startScript(
    new URL("peer-lite.ts", import.meta.url),
    [apiUrl, jwtSecret, publishableKey, String(port)],
    { environment: { PATH: environment.PATH, HOME: environment.HOME, NODE_ENV: "production" } },
  );
  await child.heard(/^ready/, 60_000).catch(async (error: unknown) => {
    await child.kill();
    throw error;
  });
  return { port, stop: () => child.kill() };
}
