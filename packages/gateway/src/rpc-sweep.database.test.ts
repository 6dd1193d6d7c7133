// Every fn_* that a person may call, called with supabase-js through the embedded API over the real schema: arguments of each kind arrive, the effect is
// there once, and a refusal comes as its code. Agents and the service have no way through this door; their functions are called in prisma/tests.
import { createHmac } from "node:crypto";
import { type Actor, PERSON_ROLES } from "@evergreen-fund/domain";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import ws from "ws";
import { AUDIT, LP_A, OPS, PM_ONE, testDatabase } from "../../../prisma/tests/arrange.ts";
import { RPC_CASES } from "../../../prisma/tests/cases/index.ts";
import { askedBy } from "./page-reads.ts";
import { openSupabaseApi, type SupabaseApi } from "./supabase-api.ts";

const db = await testDatabase();
const SECRET = "a secret of this test alone, long enough";
const KEY = "sb_publishable_test";
const PEOPLE: readonly Actor[] = [PM_ONE, OPS, LP_A, AUDIT];
const granted = await db.look<{ fn: string; role: string }>(
  `select p.proname as fn, role from pg_proc p cross join unnest($1::text[]) role
    where p.pronamespace = 'public'::regnamespace and has_function_privilege(role, p.oid, 'execute')`,
  [PERSON_ROLES],
);
const mayCall = (actor: Actor, fn: string): boolean =>
  granted.some((grant) => grant.fn === fn && grant.role === actor.role);
/** Each case under a person who may call it: its own, when that is a person. */
const cases = RPC_CASES.flatMap((one) => {
  const by = [one.by, ...PEOPLE].find((actor) => mayCall(actor, one.fn));
  return by === undefined ? [] : [{ ...one, by }];
});

let api: SupabaseApi;
beforeAll(async () => {
  api = await openSupabaseApi({
    databaseUrl: db.database.urlFor("evergreen_api"),
    jwtSecret: SECRET,
    publishableKey: KEY,
  });
});
afterAll(() => api?.close());

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** supabase-js signed in as that person; the gateway in front of the API asks for a session too, and has tests of its own. */
function signedIn(actor: Actor) {
  const now = Math.floor(Date.now() / 1_000);
  const sub = "userId" in actor ? (actor.userId ?? "") : "";
  const claims = { sub, role: actor.role, aud: "authenticated", session_id: sub, iat: now, exp: now + 600 };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  const token = `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
  return createClient("http://api.test", KEY, {
    accessToken: async () => token,
    realtime: { transport: ws as never },
    global: {
      fetch: (async (input, init) => {
        const request = new Request(input, init);
        return (await api.readPage(askedBy(request), claims)) ?? api.fetch(request);
      }) as typeof fetch,
    },
  });
}
const entries = async (): Promise<number> =>
  (await db.look<{ n: number }>("select count(*)::int as n from audit_trail"))[0]?.n ?? 0;

it("every function that was granted to people has its case here", () => {
  expect(cases.map(({ fn }) => fn).sort()).toEqual([...new Set(granted.map(({ fn }) => fn))].sort());
  expect(cases.length).toBeGreaterThanOrEqual(10);
});

describe.each(cases.map((one) => [one.fn, one] as const))("%s", (fn, { by, arrange, audits }) => {
  it("answers and has its effect", async () => {
    const args = await arrange(db);
    const before = await entries();
    const { data, error } = await signedIn(by).rpc(fn, args);
    expect(error).toBeNull();
    expect(data).not.toBeUndefined();
    expect((await entries()) - before).toBe(audits);
  });

  it("is refused to a stranger with a code and without an effect", async () => {
    const args = await arrange(db);
    const before = await entries();
    const stranger = PEOPLE.find((actor) => !mayCall(actor, fn)) ?? {
      role: "anon" as never,
      userId: crypto.randomUUID(),
    };
    const { error } = await signedIn(stranger).rpc(fn, args);
    expect(error?.code).toMatch(/^(EG40[0134]|42501)$/);
    expect(await entries()).toBe(before);
  });
});
