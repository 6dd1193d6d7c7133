// More forged tokens, by the list of attacks on JSON Web Tokens: keys named in a header, other kinds of token, doubled keys, a signature of another token.
// Each is refused alike, and what was tried is written nowhere.
import { createHmac, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { KEY, LP_EMAIL, openTestGateway, PM_EMAIL, part, SECRET, sign, type TestGateway } from "./test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
beforeEach(() => gateway.reset());
afterAll(() => gateway?.close());

const hmac = (text: string): string => createHmac("sha256", SECRET).update(text).digest("base64url");
/** Signed rightly over a payload that is written by hand. */
const byHand = (payload: string, header = part({ alg: "HS256", typ: "JWT" })): string => {
  const text = `${header}.${Buffer.from(payload).toString("base64url")}`;
  return `${text}.${hmac(text)}`;
};

async function variants(): Promise<Record<string, string>> {
  const { supabase, token } = await gateway.signIn(PM_EMAIL);
  const other = await gateway.signIn(LP_EMAIL);
  const [header = "", payload = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const refresh = (await supabase.auth.getSession()).data.session?.refresh_token ?? "";
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
  const named = (extra: object) => sign(claims, { header: { alg: "HS256", typ: "JWT", ...extra } });
  const rs = `${part({ alg: "RS256", typ: "JWT" })}.${payload}`;
  const es = `${part({ alg: "ES256", typ: "JWT" })}.${payload}`;
  return {
    "kid with a path": named({ kid: "../../../../dev/null" }),
    "kid with SQL": named({ kid: "x' union select 'key" }),
    "kid with an address": named({ kid: "https://evil.example/key" }),
    jku: named({ jku: "https://evil.example/jwks.json" }),
    x5u: named({ x5u: "https://evil.example/cert.pem" }),
    x5c: named({ x5c: ["MIIB"] }),
    "an own jwk": named({ jwk: ec.publicKey.export({ format: "jwk" }) }),
    "b64 false": named({ b64: false, crit: ["b64"] }),
    zip: named({ zip: "DEF" }),
    "HS256 by a public key": sign(claims, { secret: publicPem }),
    "an empty secret": sign(claims, { secret: "" }),
    "RS256 by a stranger": `${rs}.${signBytes("sha256", Buffer.from(rs), rsa.privateKey).toString("base64url")}`,
    "ES256 of zeros": `${es}.${Buffer.alloc(64).toString("base64url")}`,
    "the signature of another token": `${header}.${payload}.${other.token.split(".")[2]}`,
    "the payload of another token": `${header}.${other.token.split(".")[1]}.${signature}`,
    "a doubled role, the good one last": byHand(
      JSON.stringify(claims).replace('"role":"pm_role"', '"role":"service_role","role":"audit_role"'),
    ),
    "a doubled subject": byHand(
      JSON.stringify(claims).replace(/"sub":"[^"]+"/, (own) => `${own},"sub":"10000000-0000-4000-8000-000000000001"`),
    ),
    "no object": byHand("[]"),
    "no JSON": byHand("role=pm_role"),
    "bytes that are no text": `${part({ alg: "HS256" })}.${Buffer.from([0xff, 0xfe]).toString("base64url")}.x`,
    "an id token": sign({ ...claims, aud: "https://evergreen.example", nonce: "x" }),
    "two audiences": sign({ ...claims, aud: ["authenticated", "other"] }),
    "a role that is a list": sign({ ...claims, role: ["pm_role"] }),
    "times as texts": sign({ ...claims, exp: String(claims.exp) }),
    "a time that is no number": byHand(JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e999')),
    "a half second": sign({ ...claims, iat: Number(claims.iat) + 0.5 }),
    "standard base64": `${header}.${payload}.${Buffer.from(signature, "base64url").toString("base64")}`,
    "a space before": ` ${token}`,
    "two tokens": `${token},${token}`,
    "a refresh token": refresh,
    "the secret itself": SECRET,
  };
}

it("none is accepted, every refusal is the same, and no token is written down", async () => {
  const forged = await variants();
  expect(Object.keys(forged).length).toBeGreaterThanOrEqual(24);
  const refusal = JSON.stringify({
    code: "EG401",
    message: "The session is not valid or has ended: sign in again.",
    details: null,
    hint: null,
  });
  const answers: Record<string, unknown> = {};
  for (const [name, token] of Object.entries(forged)) {
    const answer = await gateway.ask("/rest/v1/holdings", {
      headers: { apikey: KEY, authorization: `Bearer ${token}` },
    });
    answers[name] = [answer.status, await answer.text()];
  }
  expect(answers).toEqual(Object.fromEntries(Object.keys(forged).map((name) => [name, [401, refusal]])));
  const { rows } = await gateway.admin.query(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema in ('auth', 'public') and table_type = 'BASE TABLE'",
  );
  expect(rows.length).toBeGreaterThan(3);
  for (const { name } of rows as { name: string }[]) {
    const held = await gateway.admin.query(`select count(*)::int as n from ${name} t where t::text like $1`, [
      `%${forged["kid with SQL"]?.slice(-40)}%`,
    ]);
    expect([name, held.rows[0].n]).toEqual([name, 0]);
  }
});
