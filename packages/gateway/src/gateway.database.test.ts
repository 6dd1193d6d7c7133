// What the gateway answers around and besides the API: errors without rows, strict headers, health, the codec endpoint.
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KEY, LP_EMAIL, ORIGIN, openTestGateway, PM_EMAIL, type TestGateway } from "./test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
beforeEach(() => gateway.reset());
afterAll(() => gateway?.close());

describe("errors", () => {
  it("carry the code and the sentence, never the row", async () => {
    const { supabase } = await gateway.signIn(PM_EMAIL);
    const refused = await supabase.rpc("fn_refuse");
    expect([refused.status, refused.error]).toEqual([
      400,
      expect.objectContaining({ code: "EG420", message: "Four eyes: own proposal.", details: null, hint: null }),
    ]);
    const broken = await supabase.rpc("fn_break");
    expect(broken.error?.code).toBe("23514");
    const unknown = await supabase.from("holding").select("*");
    expect(JSON.stringify([refused, broken, unknown])).not.toMatch(/canary|41739|Perhaps/);
  });

  it("tell the API's log no more than the caller", async () => {
    const { inspect } = await import("node:util");
    const { publicError } = await import("./public-error.ts");
    const error = Object.assign(new Error("violates check"), {
      code: "23514",
      detail: "canary",
      where: "canary",
      query: "canary",
    });
    expect(inspect(publicError(error))).toBe('refused: {"code":"23514","message":"violates check"}');
    expect(inspect(publicError(Object.assign(new Error("canary"), { code: "XX000" })))).not.toContain("canary");
  });
});

describe("a body beyond the limit", () => {
  it("is refused with a code, whether it says its length or not", async () => {
    const large = "x".repeat(16 * 1024 * 1024 + 1);
    const { token } = await gateway.signIn(PM_EMAIL);
    const headers = { apikey: KEY, authorization: `Bearer ${token}`, "content-type": "application/json" };
    const unsized = new ReadableStream({
      start(controller) {
        for (let at = 0; at < large.length; at += 65_536)
          controller.enqueue(new TextEncoder().encode(large.slice(at, at + 65_536)));
        controller.close();
      },
    });
    for (const body of [large, unsized]) {
      const answer = await gateway.ask("/rest/v1/rpc/fn_echo", {
        method: "POST",
        headers,
        body,
        duplex: "half",
      } as RequestInit);
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ code: "EG413", details: null, hint: null });
    }
  });
});

describe("around the API", () => {
  it("exposes nothing of the library but REST and sign-in", async () => {
    for (const path of [
      "/_system/config",
      "/_system/info",
      "/_system/introspect",
      "/storage/v1/bucket",
      "/rest/v1/../../_system/info",
    ]) {
      expect([path, (await gateway.ask(path, { headers: { apikey: KEY } })).status]).toEqual([path, 404]);
    }
    expect((await gateway.ask("/rest/v1/", { headers: { apikey: KEY } })).status).toBe(403);
  });

  it("answers /health, /config.json and / with strict headers", async () => {
    expect(await (await gateway.ask("/health")).json()).toEqual({ ok: true, database: true, temporal: true });
    expect(await (await gateway.ask("/config.json")).json()).toEqual({
      supabaseUrl: "http://127.0.0.1:24320",
      publishableKey: KEY,
      temporalUiUrl: "http://127.0.0.1:24324",
      demoLogins: [{ role: "pm_role", email: PM_EMAIL }],
      embedded: true,
      staffSecondStep: "offered",
      chainId: null,
    });
    const page = await gateway.ask("/");
    expect(page.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-.*frame-ancestors 'none'$/,
    );
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const html = await page.text();
    expect(html).toContain("http://127.0.0.1:24324");
    expect(html).toContain("https://evergreen.example/codec");
    expect(html).toContain("It uses what was set: Langfuse.");
    expect(html).not.toMatch(/<script|src="http|cdn/);
    const rest = await gateway.ask("/rest/v1/holdings", { headers: { apikey: KEY, origin: "http://evil.example" } });
    expect(rest.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("decodes payloads for a signed-in PM only, by bearer or by the page's cookie", async () => {
    const payloads = { payloads: [{ metadata: { encoding: "eA==" }, data: Buffer.from("abc").toString("base64") }] };
    const decode = (headers: Record<string, string>) =>
      gateway.ask("/codec/decode", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(payloads),
      });
    expect((await decode({})).status).toBe(401);
    expect((await decode({ authorization: `Bearer ${(await gateway.signIn(LP_EMAIL)).token}` })).status).toBe(403);
    const { token } = await gateway.signIn(PM_EMAIL);
    const answer = await decode({ authorization: `Bearer ${token}`, origin: "http://127.0.0.1:24324" });
    expect(await answer.json()).toEqual({
      payloads: [{ metadata: { encoding: "eA==" }, data: Buffer.from("cba").toString("base64") }],
    });
    expect(answer.headers.get("access-control-allow-origin")).toBe("http://127.0.0.1:24324");
    const evil = await decode({ authorization: `Bearer ${token}`, origin: "http://evil.example" });
    expect(evil.headers.get("access-control-allow-origin")).toBeNull();

    const form = new URLSearchParams({ email: PM_EMAIL, password: "pm_role-password" });
    const session = await gateway.ask("/session", { method: "POST", body: form });
    const cookie = session.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/; Secure; HttpOnly; SameSite=Strict$/);
    expect((await decode({ cookie: cookie.split(";")[0] ?? "" })).status).toBe(200);
    // A browser says the page's origin, as it sees it, only under a policy that lets it; else it says "null".
    expect((await gateway.ask("/")).headers.get("referrer-policy")).toBe("same-origin");
    const signInFrom = async (origin: string) =>
      (await gateway.ask("/session", { method: "POST", body: form, headers: { origin } })).status;
    expect(await Promise.all([ORIGIN, "https://evergreen.example"].map(signInFrom))).toEqual([200, 200]);
    expect(await Promise.all(["http://evil.example", "null"].map(signInFrom))).toEqual([403, 403]);
    expect(
      (
        await gateway.ask("/session", {
          method: "POST",
          body: new URLSearchParams({ email: PM_EMAIL, password: "no" }),
        })
      ).status,
    ).toBe(401);
  });
});

it("learns the schema from a role that sees every column that any person sees", async () => {
  const database = await freshDatabase(ownCluster());
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  try {
    const { rows } = await admin.query(`
      select c.relname, a.attname, role
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       cross join unnest(array['pm_role', 'lp_role', 'ops_role']) role
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
         and has_column_privilege(role, c.oid, a.attnum, 'select')
         and not has_column_privilege('audit_role', c.oid, a.attnum, 'select')`);
    expect(rows).toEqual([]);
    const { rows: seen } = await admin.query(
      "select count(*)::int from pg_class where relnamespace = 'public'::regnamespace and has_table_privilege('audit_role', oid, 'select')",
    );
    expect(seen[0]?.count).toBeGreaterThan(20);
  } finally {
    await admin.end();
    await database.drop();
  }
});
