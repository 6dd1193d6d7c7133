// Who gets in and as whom: roles, row-level security, keys, forged tokens, sessions, accounts; on a real Postgres with supabase-js.
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readAccessToken } from "./access-token.ts";
import { openSupabaseApi } from "./supabase-api.ts";
import { KEY, LP, LP_EMAIL, openTestGateway, PM_EMAIL, part, SECRET, sign, type TestGateway } from "./test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
beforeEach(() => gateway.reset());
afterAll(() => gateway?.close());

describe("who is who", () => {
  it("maps the account's role to the database role, and row-level security decides what is seen", async () => {
    const { supabase } = await gateway.signIn(LP_EMAIL);
    expect((await supabase.rpc("fn_echo", { amount: "12345678901234567890.1234" })).data).toEqual({
      amount: "12345678901234567890.1234",
      role: "lp_role",
      uid: LP,
    });
    expect((await supabase.from("holdings").select("id")).data).toEqual([{ id: 1 }]);
    const pm = await gateway.signIn(PM_EMAIL);
    expect((await pm.supabase.from("holdings").select("id").order("id")).data).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("keeps amounts exact: every numeric is a string", async () => {
    const { supabase } = await gateway.signIn(PM_EMAIL);
    const { data } = await supabase.from("holdings").select("amount, units").order("id");
    expect(data).toEqual([
      { amount: "123456789012345678901234.5600", units: "9007199254740993" },
      { amount: "100.0000", units: 5 },
    ]);
  });

  it("shows a stranger nothing", async () => {
    const supabase = gateway.client();
    const read = await supabase.from("holdings").select("*");
    expect([read.data, read.status, read.error?.code]).toEqual([null, 401, "42501"]);
    expect((await supabase.rpc("fn_echo", { amount: "1" })).error?.code).toBe("42501");
  });

  it("lets nobody write, and nobody call what was not granted", async () => {
    const { supabase } = await gateway.signIn(PM_EMAIL);
    expect((await supabase.from("holdings").insert({ id: 9, amount: 1 })).error?.code).toBe("42501");
    expect((await supabase.from("holdings").update({ amount: 1 }).eq("id", 1)).error?.code).toBe("42501");
    expect((await supabase.from("holdings").delete().eq("id", 1)).error?.code).toBe("42501");
    expect((await supabase.rpc("fn_secret")).error?.code).toBe("42501");
  });

  it("changes no grant of the database by itself", async () => {
    const { rows } = await gateway.admin.query(
      "select distinct grantee from information_schema.role_table_grants where table_name = 'holdings' order by 1",
    );
    expect(rows.map((row) => row.grantee)).toEqual(["audit_role", "lp_role", "pm_role", "postgres"]);
  });
});

describe("the door", () => {
  it("refuses a request without the publishable key", async () => {
    for (const headers of [
      {} as Record<string, string>,
      { apikey: "sb_publishable_other" },
      { apikey: "sb_secret_guess" },
    ]) {
      expect((await gateway.ask("/rest/v1/holdings", { headers })).status).toBe(401);
    }
    const { token } = await gateway.signIn(PM_EMAIL);
    expect((await gateway.ask("/rest/v1/holdings", { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      401,
    );
  });

  it("refuses every token that it did not sign exactly so", async () => {
    const { token } = await gateway.signIn(PM_EMAIL);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    const now = Math.floor(Date.now() / 1000);
    const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
    const forged: Record<string, string> = {
      garbage: "garbage",
      "publishable key of another": "sb_publishable_other",
      "no signature": `${header}.${payload}.`,
      "other secret": sign(claims, { secret: "other" }),
      "service_role, own secret": sign({ ...claims, role: "service_role" }, { secret: "other" }),
      "alg none": `${part({ alg: "none" })}.${payload}.`,
      "alg None with signature": `${part({ alg: "None" })}.${payload}.${signature}`,
      "alg HS512 header": sign(claims, { header: { alg: "HS512" } }),
      "kid header": sign(claims, { header: { alg: "HS256", kid: "../../etc/passwd" } }),
      "jwk header": sign(claims, { header: { alg: "HS256", jwk: {} } }),
      "crit header": sign(claims, { header: { alg: "HS256", crit: ["x"] } }),
      "payload edited": `${header}.${part({ ...claims, role: "audit_role" })}.${signature}`,
      "signature cut": token.slice(0, -2),
      "signature padded": `${token}=`,
      "four parts": `${token}.x`,
      "upper-case sub": sign({ ...claims, sub: "ABC" }),
      expired: sign({ ...claims, iat: now - 700, exp: now - 100 }),
      "lives for ever": sign({ ...claims, exp: now + 86_400 }),
      "from the future": sign({ ...claims, iat: now + 300, exp: now + 500 }),
      "not yet": sign({ ...claims, nbf: now + 300 }),
      "no exp": sign(without("exp")),
      "no role": sign(without("role")),
      "no session": sign(without("session_id")),
      "another session": sign({ ...claims, session_id: "10000000-0000-4000-8000-00000000dead" }),
      "another person": sign({ ...claims, sub: LP }),
      "service_role, right secret": sign({ ...claims, role: "service_role" }),
      "agent role, right secret": sign({ ...claims, role: "agent_commander" }),
      "other role, right secret": sign({ ...claims, role: "audit_role" }),
      "wrong audience": sign({ ...claims, aud: "other" }),
      "1 MB": `${header}.${"A".repeat(1_000_000)}.${signature}`,
    };
    const wellSigned = ["another session", "another person", "other role, right secret"]; // refused for what the database says
    const accepted: string[] = [];
    for (const [name, candidate] of Object.entries(forged)) {
      const answer = await gateway.ask("/rest/v1/holdings", {
        headers: { apikey: KEY, authorization: `Bearer ${candidate}` },
      });
      const looksGood = readAccessToken(candidate, SECRET, now) !== undefined;
      if (looksGood !== wellSigned.includes(name)) accepted.push(`${name}: read`);
      if (answer.status !== 401) accepted.push(`${name}: ${answer.status}`);
    }
    expect(accepted).toEqual([]);
    const lowerCase = await gateway.ask("/rest/v1/holdings", {
      headers: { apikey: KEY, authorization: `bearer ${token}` },
    });
    expect(lowerCase.status).toBe(401);
    const good = await gateway.ask("/rest/v1/holdings", { headers: { apikey: KEY, authorization: `Bearer ${token}` } });
    expect(good.status).toBe(200);
  });

  it("signs tokens that live ten minutes, refreshes them, and ends a session at sign-out", async () => {
    const { supabase, token } = await gateway.signIn(PM_EMAIL);
    const now = Math.floor(Date.now() / 1000);
    expect((readAccessToken(token, SECRET, now)?.exp ?? 0) - now).toBeLessThanOrEqual(600);
    expect(readAccessToken(token, SECRET, now + 601)).toBeUndefined();
    const refreshed = await supabase.auth.refreshSession();
    expect(refreshed.error).toBeNull();
    expect((await supabase.auth.signOut()).error).toBeNull();
    const late = sessionToken(refreshed.data.session?.access_token);
    // A session seen standing is remembered for five seconds; this gateway has not seen it.
    const other = await openSupabaseApi({
      databaseUrl: gateway.database.urlFor("evergreen_api"),
      jwtSecret: SECRET,
      publishableKey: KEY,
    });
    try {
      expect(await other.sessionStands(late)).toBe(false);
    } finally {
      await other.close();
    }
  });

  it("makes no account: sign-up, recovery and the rest are switched off, and the login could not", async () => {
    const body = JSON.stringify({ email: "new@example.com", password: "long-enough-1", create_user: true });
    const headers = { apikey: KEY, "content-type": "application/json" };
    for (const path of [
      "signup",
      "magiclink",
      "recover",
      "invite",
      "admin/users",
      "verify",
      "authorize",
      "token?grant_type=pkce",
    ]) {
      expect([path, (await gateway.ask(`/auth/v1/${path}`, { method: "POST", headers, body })).status]).toEqual([
        path,
        403,
      ]);
    }
    expect((await gateway.admin.query("select count(*)::int from auth.users")).rows).toEqual([{ count: 2 }]);
    const login = new pg.Client({ connectionString: gateway.database.urlFor("evergreen_api") });
    await login.connect();
    try {
      await expect(login.query(`update auth.users set role = 'pm_role' where id = '${LP}'`)).rejects.toThrow(
        /permission denied/,
      );
      await expect(login.query(`insert into auth.users (id) values (gen_random_uuid())`)).rejects.toThrow(
        /permission denied/,
      );
      await expect(login.query("set role service_role")).rejects.toThrow(/permission denied/);
      await expect(login.query("select * from public.holdings")).rejects.toThrow(/permission denied/);
    } finally {
      await login.end();
    }
  });

  it("slows down guessing and tells an unknown address and a wrong password alike", async () => {
    const attempt = (email: string) =>
      gateway.ask("/auth/v1/token?grant_type=password", {
        method: "POST",
        headers: { apikey: KEY, "content-type": "application/json" },
        body: JSON.stringify({ email, password: "wrong" }),
      });
    const answers = await Promise.all([attempt(PM_EMAIL), attempt("nobody@example.com")]);
    const [known, unknown] = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]));
    expect(known).toEqual(unknown);
    const many = await Promise.all(Array.from({ length: 15 }, () => attempt(PM_EMAIL)));
    expect(many.map((answer) => answer.status).sort()).toEqual([...Array(9).fill(400), ...Array(6).fill(429)]);
    expect(Number((await attempt(PM_EMAIL)).headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await attempt("another@example.com")).status).toBe(400);
  });
});

function sessionToken(token: string | undefined) {
  const claims = readAccessToken(token ?? "", SECRET, Math.floor(Date.now() / 1000));
  if (!claims) throw new Error("the token is not valid");
  return claims;
}
