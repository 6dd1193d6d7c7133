// The second step with supabase-js itself, on a real Postgres: added, asked for, given once, guessed at, taken away, required, carried to a device.
import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimsIn } from "./access-token.ts";
import { KEY, LP_EMAIL, ORIGIN, openTestGateway, PASSWORD_OF, PM, PM_EMAIL, type TestGateway } from "./test-gateway.ts";
import { codeOf, PERIOD_S, stepAt } from "./totp.ts";

/** The clock of the gateway: tests go on by whole steps. */
let now = Date.now();
let gateway: TestGateway;
let strict: TestGateway;
beforeAll(async () => {
  [gateway, strict] = await Promise.all([
    openTestGateway({ now: () => now }),
    openTestGateway({ required: true, now: () => now }),
  ]);
});
beforeEach(async () => {
  gateway.reset();
  await gateway.admin.query("delete from auth.mfa_factors; delete from auth.mfa_tries; delete from auth.sessions");
});
afterAll(async () => {
  await Promise.all([gateway?.close(), strict?.close()]);
});

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** What an authenticator shows now, and goes on by a step so that the next one is another. */
function nextCode(secret: string): string {
  now += PERIOD_S * 1_000;
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return codeOf(Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))), stepAt(now));
}

interface Authenticator {
  factorId: string;
  secret: string;
}
async function enrol(supabase: SupabaseClient, friendlyName = "phone"): Promise<Authenticator> {
  const { data, error } = await supabase.auth.mfa.enroll({ factorType: "totp", friendlyName });
  if (error) throw error;
  return { factorId: data.id, secret: data.totp.secret };
}
const give = (supabase: SupabaseClient, factorId: string, code: string) =>
  supabase.auth.mfa.challengeAndVerify({ factorId, code });
async function withStep(house = gateway, email = PM_EMAIL) {
  const { supabase } = await house.signIn(email);
  const authenticator = await enrol(supabase);
  expect((await give(supabase, authenticator.factorId, nextCode(authenticator.secret))).error).toBeNull();
  return { supabase, ...authenticator };
}
const tokenOf = async (supabase: SupabaseClient) => (await supabase.auth.getSession()).data.session?.access_token ?? "";
const levels = async (supabase: SupabaseClient) => {
  const { data } = await supabase.auth.mfa.getAuthenticatorAssuranceLevel();
  return [
    data?.currentLevel,
    data?.nextLevel,
    data?.currentAuthenticationMethods.map((one) => (one as { method: string }).method),
  ];
};
const read = async (supabase: SupabaseClient) => {
  const { data, error, status } = await supabase.from("holdings").select("id");
  return error === null ? data.length : [status, error.code];
};
const wrong = (code: string): string => (code === "000000" ? "111111" : "000000");

describe("an authenticator", () => {
  it("counts from its first right code: the session is raised, others end, and the next sign-in asks for a code", async () => {
    const [{ supabase }, elsewhere] = [await gateway.signIn(PM_EMAIL), await gateway.signIn(PM_EMAIL)];
    expect(await levels(supabase)).toEqual(["aal1", "aal1", ["password"]]);
    const { data } = await supabase.auth.mfa.enroll({ factorType: "totp", friendlyName: "phone" });
    expect(data?.totp.uri).toContain(`secret=${data?.totp.secret}`);
    expect(data?.totp.qr_code).toMatch(/^data:image\/svg\+xml;utf-8,<svg /);
    const factorId = data?.id ?? "";
    // not yet: it may have been mistyped
    expect(await levels((await gateway.signIn(PM_EMAIL)).supabase)).toEqual(["aal1", "aal1", ["password"]]);
    expect((await supabase.auth.mfa.listFactors()).data).toMatchObject({
      all: [{ id: factorId, status: "unverified" }],
      totp: [],
    });
    const verified = await give(supabase, factorId, nextCode(data?.totp.secret ?? ""));
    expect(verified.data).toMatchObject({ token_type: "bearer", expires_in: 600, user: { id: PM } });
    expect(claimsIn(await tokenOf(supabase))).toMatchObject({ aal: "aal2", role: "pm_role", sub: PM });
    expect(await levels(supabase)).toEqual(["aal2", "aal2", ["totp", "password"]]);
    expect(await read(supabase)).toBe(2);
    expect((await elsewhere.supabase.auth.getUser()).error?.status).toBe(401);

    const { supabase: next } = await gateway.signIn(PM_EMAIL);
    expect(await levels(next)).toEqual(["aal1", "aal2", ["password"]]);
    expect(await read(next)).toEqual([403, "EG403"]);
    expect((await next.rpc("fn_echo", { amount: "1" })).error?.code).toBe("EG403");
    expect((await next.auth.refreshSession()).error).toBeNull();
    expect(await read(next)).toEqual([403, "EG403"]);
    expect((await give(next, factorId, nextCode(data?.totp.secret ?? ""))).error).toBeNull();
    expect(await read(next)).toBe(2);
    // a renewed session stays as high, and the token before it is worth nothing
    expect((await next.auth.refreshSession()).error).toBeNull();
    expect((await levels(next))[0]).toBe("aal2");
  });

  it("gives codes that count once, for one question, and never again after a later one", async () => {
    const { supabase, factorId, secret } = await withStep();
    const code = nextCode(secret);
    const { data: asked } = await supabase.auth.mfa.challenge({ factorId });
    const challengeId = asked?.id ?? "";
    expect(asked?.expires_at).toBeGreaterThan(Date.now() / 1_000 + 290);
    expect((await supabase.auth.mfa.verify({ factorId, challengeId, code })).error).toBeNull();
    expect((await supabase.auth.mfa.verify({ factorId, challengeId, code })).error?.code).toBe("mfa_challenge_expired");
    expect((await give(supabase, factorId, code)).error?.code).toBe("mfa_verification_failed");
    // many at once with the same new code: one is right
    const again = nextCode(secret);
    const { supabase: other } = await gateway.signIn(PM_EMAIL);
    const all = await Promise.all([1, 2, 3].map(() => give(other, factorId, again)));
    expect(all.filter(({ error }) => error === null)).toHaveLength(1);
  });

  it("cannot be guessed: five wrong codes, and the right one waits ten minutes too", async () => {
    const { factorId, secret } = await withStep();
    const { supabase } = await gateway.signIn(PM_EMAIL);
    const code = nextCode(secret);
    const statuses = await Promise.all(Array.from({ length: 9 }, () => give(supabase, factorId, wrong(code))));
    expect(statuses.map(({ error }) => error?.status).sort()).toEqual([422, 422, 422, 422, 422, 429, 429, 429, 429]);
    expect((await give(supabase, factorId, code)).error).toMatchObject({
      status: 429,
      code: "over_request_rate_limit",
    });
    await gateway.admin.query("update auth.mfa_tries set at = at - interval '10 minutes 1 s'");
    expect((await give(supabase, factorId, code)).error).toBeNull();
  });

  it("is somebody's own, and is taken away only after the second step", async () => {
    const { supabase, factorId } = await withStep();
    const lp = (await gateway.signIn(LP_EMAIL)).supabase;
    expect((await lp.auth.mfa.challenge({ factorId })).error).toMatchObject({ status: 404 });
    expect((await lp.auth.mfa.unenroll({ factorId })).error).toMatchObject({ status: 404 });
    const { supabase: half } = await gateway.signIn(PM_EMAIL);
    expect((await half.auth.mfa.unenroll({ factorId })).error?.code).toBe("insufficient_aal");
    expect((await half.auth.mfa.enroll({ factorType: "totp", friendlyName: "thief" })).error?.code).toBe(
      "insufficient_aal",
    );
    expect((await supabase.auth.mfa.enroll({ factorType: "totp", friendlyName: "phone" })).error?.code).toBe(
      "mfa_factor_name_conflict",
    );
    expect((await supabase.auth.mfa.enroll({ factorType: "phone", phone: "1" })).error?.status).toBe(400);
    expect((await supabase.auth.mfa.unenroll({ factorId })).data).toEqual({ id: factorId });
    await supabase.auth.refreshSession();
    expect(await levels(supabase)).toEqual(["aal1", "aal1", ["password"]]);
    expect(await read(supabase)).toBe(2);
  });

  it("has a secret that stands in no row in clear, and its book is closed to the API's login", async () => {
    const { factorId, secret } = await withStep();
    const { rows } = await gateway.admin.query(
      `select (select jsonb_agg(to_jsonb(f)) from auth.mfa_factors f)::text || (select jsonb_agg(payload) from auth.audit_log_entries)::text as everything`,
    );
    expect(rows[0].everything).toContain(factorId);
    expect(rows[0].everything).toContain('"secret": "v1.');
    expect(rows[0].everything).not.toContain(secret);
    const { default: pg } = await import("pg");
    const login = new pg.Client({ connectionString: gateway.database.urlFor("evergreen_api") });
    await login.connect();
    try {
      for (const query of [
        "select * from auth.mfa_factors",
        `select auth.factor_reset('${PM_EMAIL}')`,
        `select auth.sessions_lowered('${PM}', '${factorId}')`,
      ])
        await expect(login.query(query)).rejects.toThrow(/permission denied/);
    } finally {
      await login.end();
    }
    // sealed for its own row: moved to another one it opens no door
    const { supabase } = await gateway.signIn(LP_EMAIL);
    const own = await enrol(supabase);
    await gateway.admin.query(
      "update auth.mfa_factors set secret = (select secret from auth.mfa_factors where id = $1) where id = $2",
      [factorId, own.factorId],
    );
    expect((await give(supabase, own.factorId, nextCode(secret))).error?.status).toBe(500);
  });

  it("is asked for by the page that opens payloads too", async () => {
    const { secret } = await withStep();
    const form = async (code: string): Promise<number> => {
      const body = new URLSearchParams({ email: PM_EMAIL, password: PASSWORD_OF[PM_EMAIL] ?? "", code });
      return (await gateway.ask("/session", { method: "POST", body, headers: { origin: ORIGIN } })).status;
    };
    const code = nextCode(secret);
    expect([await form(""), await form(wrong(code)), await form(code)]).toEqual([401, 401, 200]);
  });

  it("is reset by whoever runs the installation, who ends every session with it", async () => {
    const { supabase } = await withStep();
    const { rows } = await gateway.admin.query("select auth.factor_reset($1) as found", [` ${PM_EMAIL.toUpperCase()}`]);
    expect(rows[0].found).toMatchObject({ user_id: PM, factors: 1, sessions: 1 });
    expect((await supabase.auth.getUser()).error?.status).toBe(401);
    expect(await levels((await gateway.signIn(PM_EMAIL)).supabase)).toEqual(["aal1", "aal1", ["password"]]);
  });
});

describe("where staff must have one", () => {
  it("an aal1 token reads nothing and calls nothing, but for adding an authenticator; an investor's is as ever", async () => {
    const { supabase, token } = await strict.signIn(PM_EMAIL);
    expect(await read(supabase)).toEqual([403, "EG403"]);
    const refused = await Promise.all(
      [
        ["POST", "/rest/v1/rpc/fn_echo"],
        ["GET", "/rest/v1/"],
        ["POST", "/functions/v1/device-login"],
        ["POST", "/codec/decode"],
        ["POST", "/mcp"],
      ].map(async ([method = "", path = ""]) => {
        const answer = await strict.ask(path, {
          method,
          headers: { apikey: KEY, authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(method === "POST" ? { body: '{"amount":"1","payloads":[]}' } : {}),
        });
        return [path, answer.status === 401 || answer.status === 403];
      }),
    );
    expect(refused.filter(([, isRefused]) => !isRefused)).toEqual([]);
    expect(await read((await strict.signIn(LP_EMAIL)).supabase)).toBe(1);
    const { factorId, secret } = await enrol(supabase);
    expect((await give(supabase, factorId, nextCode(secret))).error).toBeNull();
    expect(await read(supabase)).toBe(2);
    // without it again: nothing again
    await supabase.auth.mfa.unenroll({ factorId });
    await supabase.auth.refreshSession();
    expect(await read(supabase)).toEqual([403, "EG403"]);
  });

  it("a device gets a session as high as the one in which it was approved, and loses it with the authenticator", async () => {
    await strict.admin.query("delete from auth.mfa_factors; delete from auth.sessions");
    const { supabase, factorId } = await withStep(strict);
    const post = async (path: string, body: object, token?: string) => {
      const headers = new Headers({ apikey: KEY, "content-type": "application/json" });
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      return (await strict.ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json() as Promise<
        Record<string, string>
      >;
    };
    const asked = await post("/device/code", { host: "laptop" });
    const code = asked.user_code;
    expect(
      (await post("/functions/v1/device-login", { step: "decide", code, approve: true }, await tokenOf(supabase)))
        .state,
    ).toBe("decided");
    const session = await post("/device/token", {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: asked.device_code,
    });
    const device = strict.client();
    await device.auth.setSession({
      access_token: session.access_token ?? "",
      refresh_token: session.refresh_token ?? "",
    });
    expect(await levels(device)).toEqual(["aal2", "aal2", ["totp", "otp"]]);
    expect(await read(device)).toBe(2);
    expect((await supabase.auth.mfa.unenroll({ factorId })).error).toBeNull();
    await device.auth.refreshSession();
    expect(await read(device)).toEqual([403, "EG403"]);
  });
});
