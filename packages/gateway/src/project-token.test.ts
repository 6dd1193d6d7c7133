// Tokens of a real project against a real HTTP server that publishes keys: what is accepted, and that nothing else is.
import {
  createHmac,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signWith,
} from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGateway } from "./gateway.ts";
import { type ProjectTokens, projectTokens } from "./project-token.ts";
import { part, reversed } from "./test-gateway.ts";

const NOW = Math.floor(Date.now() / 1_000);
const SECRET = randomBytes(32).toString("hex");
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const next = generateKeyPairSync("ec", { namedCurve: "P-256" });

const jwk = (key: KeyObject, kid: string, more: object = {}) => ({ ...key.export({ format: "jwk" }), kid, ...more });
let keys: object[] = [];
let asked = 0;
let server: Server;
let url = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/auth/v1/.well-known/jwks.json") {
      asked += 1;
      response.end(JSON.stringify({ keys }));
    } else if (request.url?.startsWith("/auth/v1/token")) {
      let body = "";
      request.on("data", (piece) => {
        body += piece;
      });
      request.on("end", () => {
        const { email, password } = JSON.parse(body) as { email: string; password: string };
        const role = email.startsWith("lp") ? "lp_role" : "pm_role";
        response.statusCode = password === "right" ? 200 : 400;
        response.end(JSON.stringify({ access_token: es256({ ...claims(), role }), expires_in: 3600 }));
      });
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  asked = 0;
  keys = [
    jwk(ec.publicKey, "ec", { alg: "ES256", use: "sig" }),
    jwk(rsa.publicKey, "rsa"),
    jwk(ed.publicKey, "ed"),
    { kty: "oct", kid: "shared", k: Buffer.from(SECRET).toString("base64url") },
    { kty: "EC", kid: "broken", crv: "P-256", x: "AA", y: "AA" },
    null,
  ].filter((key) => key !== null);
});

const claims = (): Record<string, unknown> => ({
  iss: `${url}/auth/v1`,
  aud: "authenticated",
  sub: "10000000-0000-4000-8000-000000000002",
  role: "pm_role",
  iat: NOW - 10,
  exp: NOW + 3_600,
});

function joined(header: object, body: object, signer: (text: Buffer) => Buffer): string {
  const text = `${part(header)}.${part(body)}`;
  return `${text}.${signer(Buffer.from(text)).toString("base64url")}`;
}
const es256 = (body: object = claims(), key = ec.privateKey, header: object = { alg: "ES256", kid: "ec" }): string =>
  joined(header, body, (text) => signWith("sha256", text, { key, dsaEncoding: "ieee-p1363" }));
const hs256 = (body: object = claims(), secret = SECRET, header: object = { alg: "HS256", typ: "JWT" }): string =>
  joined(header, body, (text) => createHmac("sha256", secret).update(text).digest());

const project = (jwtSecret: string | null = null) => ({ url, internalUrl: url, publishableKey: "k", jwtSecret });
const roleOf = (token: string, tokens: ProjectTokens = projectTokens(project())) => tokens.roleOf(token, NOW);

describe("a token of a project", () => {
  it("is accepted from each kind of key that the project publishes, asked for once", async () => {
    const tokens = projectTokens(project());
    expect(await roleOf(es256(), tokens)).toBe("pm_role");
    expect(
      await roleOf(
        joined({ alg: "RS256", kid: "rsa" }, claims(), (text) =>
          createSign("sha256").update(text).sign(rsa.privateKey),
        ),
        tokens,
      ),
    ).toBe("pm_role");
    expect(
      await roleOf(
        joined({ alg: "EdDSA", kid: "ed" }, { ...claims(), aud: ["other", "authenticated"] }, (text) =>
          signWith(null, text, ed.privateKey),
        ),
        tokens,
      ),
    ).toBe("pm_role");
    expect(asked).toBe(1);
  });

  it("is accepted from the shared secret, and then nobody is asked", async () => {
    expect(await roleOf(hs256(), projectTokens(project(SECRET)))).toBe("pm_role");
    expect(asked).toBe(0);
    expect(await roleOf(hs256()), "without that setting a secret signs nothing").toBeUndefined();
  });

  it("of staff counts only after the second step where staff must take it; an investor's counts as ever", async () => {
    const strict = projectTokens({ ...project(SECRET), staffNeedsAal2: true });
    const found = [{ aal: "aal1" }, {}, { aal: "aal2" }, { role: "lp_role", aal: "aal1" }].map((more) =>
      roleOf(hs256({ ...claims(), ...more }), strict),
    );
    expect(await Promise.all(found)).toEqual([undefined, undefined, "pm_role", "lp_role"]);
  });

  it("is refused whenever anything about it differs", async () => {
    const tokens = projectTokens(project(SECRET));
    const without = (name: string) => Object.fromEntries(Object.entries(claims()).filter(([key]) => key !== name));
    const [header = "", payload = "", signature = ""] = es256().split(".");
    const publicPem = ec.publicKey.export({ format: "pem", type: "spki" }).toString();
    const forged: Record<string, string> = {
      garbage: "garbage",
      empty: "",
      "another key under that id": es256(claims(), stranger.privateKey),
      "a key nobody published": es256(claims(), stranger.privateKey, { alg: "ES256", kid: "mine" }),
      "no key id": es256(claims(), ec.privateKey, { alg: "ES256" }),
      "the id of a broken key": es256(claims(), ec.privateKey, { alg: "ES256", kid: "broken" }),
      "another secret": hs256(claims(), "x".repeat(64)),
      "the public key as secret": hs256(claims(), publicPem, { alg: "HS256", kid: "ec" }),
      "an algorithm that is not the key's": joined({ alg: "ES256", kid: "rsa" }, claims(), (text) =>
        createSign("sha256").update(text).sign(rsa.privateKey),
      ),
      "alg none": `${part({ alg: "none", kid: "ec" })}.${payload}.`,
      "alg of the prototype": `${part({ alg: "constructor", kid: "ec" })}.${payload}.${signature}`,
      "a critical header": es256(claims(), ec.privateKey, { alg: "ES256", kid: "ec", crit: ["x"] }),
      "payload edited": `${header}.${part({ ...claims(), role: "audit_role" })}.${signature}`,
      "four parts": `${header}.${payload}.${signature}.x`,
      "no signature": `${header}.${payload}.`,
      expired: es256({ ...claims(), exp: NOW - 1 }),
      "no expiry": es256(without("exp")),
      "not yet": es256({ ...claims(), nbf: NOW + 300 }),
      "from the future": es256({ ...claims(), iat: NOW + 300 }),
      "another project": es256({ ...claims(), iss: "https://other.supabase.co/auth/v1" }),
      "no issuer": es256(without("iss")),
      "another audience": es256({ ...claims(), aud: "other" }),
      "the publishable key's kind (no person)": hs256({ ...without("sub"), role: "anon" }),
      "no role": es256(without("role")),
      "1 MB": `${header}.${"A".repeat(1_000_000)}.${signature}`,
    };
    const accepted: string[] = [];
    for (const [name, token] of Object.entries(forged)) {
      if ((await tokens.roleOf(token, NOW)) !== undefined) accepted.push(name);
    }
    expect(accepted).toEqual([]);
    expect(asked, "tokens with unknown keys do not make it ask again and again").toBe(1);
  });

  it("is EG503 while the project does not answer with its keys, and is accepted when it does", async () => {
    const away = projectTokens({ ...project(), internalUrl: "http://127.0.0.1:9" });
    await expect(roleOf(es256(), away)).rejects.toMatchObject({ code: "EG503" });
  });

  it("of a key that is new is accepted by whoever has not asked yet", async () => {
    keys.push(jwk(next.publicKey, "next"));
    expect(await roleOf(es256(claims(), next.privateKey, { alg: "ES256", kid: "next" }))).toBe("pm_role");
  });
});

describe("the codec endpoint with a real project", () => {
  const gateway = (internalUrl = url) =>
    createGateway({
      publicUrl: "http://gateway.example",
      elsewhere: ["Supabase"],
      api: null,
      project: { ...project(), tokens: projectTokens({ ...project(), internalUrl }), internalUrl },
      jwtSecret: "unused",
      publishableKey: "k",
      supabaseUrl: url,
      temporalUiUrl: "https://ui.example",
      codec: { encode: reversed, decode: reversed },
      demoLogins: [],
      temporalAnswers: async () => true,
      withContent: null,
      dashboard: null,
      openapi: null,
    });
  const decode = (headers: Record<string, string>, at = gateway()) =>
    at.request("http://gateway.example/codec/decode", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ payloads: [{ metadata: {}, data: Buffer.from("abc").toString("base64") }] }),
    });
  const status = async (token: string, at = gateway()) =>
    (await decode({ authorization: `Bearer ${token}` }, at)).status;

  it("decodes for the roles that may, and for nobody else", async () => {
    const answer = await decode({ authorization: `Bearer ${es256()}`, origin: "https://ui.example" });
    expect(await answer.json()).toEqual({ payloads: [{ metadata: {}, data: Buffer.from("cba").toString("base64") }] });
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://ui.example");
    const statusOf = (role: string) => status(es256({ ...claims(), role }));
    expect(await Promise.all(["ops_role", "audit_role"].map(statusOf))).toEqual([200, 200]);
    expect(await Promise.all(["lp_role", "authenticated", "anon", "service_role", "agent_kyc"].map(statusOf))).toEqual([
      403, 403, 403, 403, 403,
    ]);
    expect(await status(es256({ ...claims(), exp: NOW - 1 }))).toBe(401);
    expect(await status(es256(claims(), stranger.privateKey))).toBe(401);
    expect((await decode({})).status).toBe(401);
    expect(await status(es256(), gateway("http://127.0.0.1:9"))).toBe(503);
  });

  it("takes the session of the gateway's page, signed in at the project", async () => {
    const at = gateway();
    const signIn = (email: string, password: string, from = at) =>
      from.request("http://gateway.example/session", {
        method: "POST",
        body: new URLSearchParams({ email, password }),
      });
    const session = await signIn("pm@fund.example", "right");
    const cookie = session.headers.get("set-cookie") ?? "";
    expect([session.status, cookie]).toEqual([
      200,
      expect.stringMatching(/Path=\/codec; .*HttpOnly; SameSite=Strict$/),
    ]);
    expect((await decode({ cookie: cookie.split(";")[0] ?? "" }, at)).status).toBe(200);
    for (const refused of [await signIn("pm@fund.example", "wrong"), await signIn("lp@fund.example", "right")])
      expect([refused.status, refused.headers.get("set-cookie")]).toEqual([401, null]);
    expect((await signIn("pm@fund.example", "right", gateway("http://127.0.0.1:9"))).status).toBe(503);
  });
});
