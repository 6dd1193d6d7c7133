// Signing in by a mailed link and by a code on another device: once, for whom it was meant, and slowly for whoever guesses; on a real Postgres.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readAccessToken } from "./access-token.ts";
import { openOutbox, signInLink } from "./mail-outbox.ts";
import { KEY, LP, LP_EMAIL, openTestGateway, PM, PM_EMAIL, SECRET, type TestGateway } from "./test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
beforeEach(async () => {
  gateway.reset();
  gateway.mail.length = 0;
  await gateway.admin.query("truncate auth.device_logins, auth.device_tries");
});
afterAll(() => gateway?.close());

const post = (path: string, body: object, token?: string) =>
  gateway.ask(path, {
    method: "POST",
    headers: {
      apikey: KEY,
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
const whoIs = (token: string | undefined) => readAccessToken(token ?? "", SECRET, Math.floor(Date.now() / 1_000));
const mailed = async (): Promise<string> => {
  while (gateway.mail.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return gateway.mail[0]?.tokenHash ?? "";
};

describe("a link by mail", () => {
  it("signs in whom it was mailed to, once, with the role of the account", async () => {
    const supabase = gateway.client();
    expect((await supabase.auth.signInWithOtp({ email: PM_EMAIL })).error).toBeNull();
    const token_hash = await mailed();
    expect(gateway.mail).toEqual([{ to: PM_EMAIL, tokenHash: token_hash }]);
    const { data, error } = await supabase.auth.verifyOtp({ type: "magiclink", token_hash });
    expect(error).toBeNull();
    expect(whoIs(data.session?.access_token)).toMatchObject({ sub: PM, role: "pm_role" });
    expect((await supabase.from("holdings").select("id").order("id")).data).toEqual([{ id: 1 }, { id: 2 }]);
    expect((await gateway.client().auth.verifyOtp({ type: "magiclink", token_hash })).data.session).toBeNull();
  });

  it("is mailed to nobody who has no account, makes none, and answers alike", async () => {
    const answers = await Promise.all(
      [LP_EMAIL, "nobody@example.com"].map(async (email) => {
        const answer = await post("/auth/v1/otp", { email, create_user: true });
        return [answer.status, await answer.text()];
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    await mailed();
    expect(gateway.mail.map(({ to }) => to)).toEqual([LP_EMAIL]);
    expect((await gateway.admin.query("select count(*)::int from auth.users")).rows).toEqual([{ count: 2 }]);
  });

  it("runs out after a quarter of an hour", async () => {
    await post("/auth/v1/otp", { email: LP_EMAIL });
    const token_hash = await mailed();
    await gateway.admin.query("update auth.users set recovery_sent_at = recovery_sent_at - interval '901 s'");
    expect((await gateway.client().auth.verifyOtp({ type: "magiclink", token_hash })).data.session).toBeNull();
  });

  it("is not mailed without end, and other ways of the same address are closed", async () => {
    const statuses = [];
    for (let turn = 0; turn < 5; turn += 1) statuses.push((await post("/auth/v1/otp", { email: LP_EMAIL })).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await post("/auth/v1/verify", { type: "magiclink", email: LP_EMAIL, token: "123456" })).status).toBe(403);
    expect((await post("/auth/v1/verify", { type: "recovery", token_hash: "0".repeat(64) })).status).toBe(403);
    const guesses = [];
    for (let turn = 0; turn < 22; turn += 1)
      guesses.push((await post("/auth/v1/verify", { type: "magiclink", token_hash: "0".repeat(64) })).status);
    expect([new Set(guesses.slice(0, 20)).has(200), guesses.slice(20)]).toEqual([false, [429, 429]]);
  });

  it("lies in a file that only the owner reads, and its token is behind the # of the link", () => {
    const folder = mkdtempSync(join(tmpdir(), "evergreen-outbox-"));
    const said: string[] = [];
    openOutbox(join(folder, "mail"), (text) => said.push(text)).write({
      to: "lp@example.com\r\nBcc: thief@example.com",
      link: signInLink("https://evergreen.example", "abc"),
    });
    const [name = ""] = readdirSync(join(folder, "mail"));
    const file = join(folder, "mail", name);
    const text = readFileSync(file, "utf8");
    expect([statSync(join(folder, "mail")).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(text).toContain("https://evergreen.example/sign-in/link#token_hash=abc\n");
    expect(text.split("\n").filter((line) => line.startsWith("Bcc"))).toEqual([]);
    // the log says where, never what
    expect(said.join()).toContain(file);
    expect(said.join()).not.toMatch(/abc|lp@/);
    rmSync(folder, { recursive: true });
  });
});

interface Asked {
  device_code: string;
  user_code: string;
  verification_uri: string;
  expires_in: number;
}
const GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const begin = async (host = "laptop"): Promise<Asked> => (await (await post("/device/code", { host })).json()) as Asked;
const collect = async ({ device_code }: Asked) => {
  const answer = await post("/device/token", { grant_type: GRANT, device_code });
  return (await answer.json()) as { error?: string; access_token?: string; refresh_token?: string };
};
const look = (token: string, code: string) => post("/functions/v1/device-login", { step: "look", code }, token);
const decide = (token: string, code: string, approve = true) =>
  post("/functions/v1/device-login", { step: "decide", code, approve }, token);

describe("a code of another device", () => {
  it("gives the device one session of whoever saw it and approved, and then nothing", async () => {
    const asked = await begin("build-7 <script>");
    expect(asked).toMatchObject({ verification_uri: "https://evergreen.example/sign-in/device", expires_in: 600 });
    expect(await collect(asked)).toEqual({ error: "authorization_pending" });
    const { token } = await gateway.signIn(PM_EMAIL);
    const seen = (await (await look(token, asked.user_code.toLowerCase())).json()) as Record<string, string>;
    expect(seen).toMatchObject({ state: "found", host: "build-7 script", address: "local" });
    expect(Date.parse(seen.expires_at ?? "") - Date.parse(seen.asked_at ?? "")).toBe(600_000);
    expect(await (await decide(token, asked.user_code)).json()).toEqual({ state: "decided" });
    const session = await collect(asked);
    expect(whoIs(session.access_token)).toMatchObject({ sub: PM, role: "pm_role" });
    expect(whoIs(session.access_token)?.session_id).not.toBe(whoIs(token)?.session_id);
    // a replay of the code, and a second decision
    expect(await collect(asked)).toEqual({ error: "invalid_grant" });
    expect((await decide(token, asked.user_code)).status).toBe(404);
    expect(gateway.mail).toEqual([]);
  });

  it("gives one session when many collect at once", async () => {
    const asked = await begin();
    const { token } = await gateway.signIn(LP_EMAIL);
    await decide(token, asked.user_code);
    const all = await Promise.all(Array.from({ length: 10 }, () => collect(asked)));
    expect(all.filter(({ access_token }) => access_token !== undefined)).toHaveLength(1);
    expect(all.filter(({ error }) => error === "invalid_grant")).toHaveLength(9);
  });

  it("is refused by a click, runs out after ten minutes, and slows down who polls without waiting", async () => {
    const { token } = await gateway.signIn(LP_EMAIL);
    const [no, late, fast] = [await begin(), await begin(), await begin()];
    await decide(token, no.user_code, false);
    expect(await collect(no)).toEqual({ error: "access_denied" });
    await decide(token, late.user_code);
    await gateway.admin.query("update auth.device_logins set expires_at = now() where code_hash = $1", [
      gateway.codeHash(late.user_code),
    ]);
    expect(await collect(late)).toEqual({ error: "expired_token" });
    expect((await look(token, late.user_code)).status).toBe(404);
    expect([await collect(fast), await collect(fast)]).toEqual([
      { error: "authorization_pending" },
      { error: "slow_down" },
    ]);
  });

  it("belongs to whoever saw it first: another person can neither see nor approve it", async () => {
    const asked = await begin();
    const [pm, lp] = [await gateway.signIn(PM_EMAIL), await gateway.signIn(LP_EMAIL)];
    expect((await look(pm.token, asked.user_code)).status).toBe(200);
    expect([(await look(lp.token, asked.user_code)).status, (await decide(lp.token, asked.user_code)).status]).toEqual([
      404, 404,
    ]);
    await decide(pm.token, asked.user_code);
    expect(whoIs((await collect(asked)).access_token)?.sub).toBe(PM);
  });

  it("cannot be guessed: five wrong codes and the right one is refused too, to this person alone", async () => {
    const asked = await begin();
    const { token } = await gateway.signIn(LP_EMAIL);
    const statuses = [];
    for (let turn = 0; turn < 6; turn += 1) statuses.push((await look(token, "BBBB-BBBB")).status);
    expect(statuses).toEqual([404, 404, 404, 404, 429, 429]);
    expect((await look(token, asked.user_code)).status).toBe(429);
    expect((await look((await gateway.signIn(PM_EMAIL)).token, asked.user_code)).status).toBe(200);
    expect((await look(token, "AEIO-1234")).status).toBe(400);
    const device = [];
    for (let turn = 0; turn < 21; turn += 1) device.push(await collect({ ...asked, device_code: "A".repeat(43) }));
    expect([device[0], device[20]]).toEqual([{ error: "invalid_grant" }, { error: "slow_down" }]);
  });

  it("is decided by nobody who has not signed in, and the book holds no code", async () => {
    const asked = await begin();
    expect((await post("/functions/v1/device-login", { step: "look", code: asked.user_code })).status).toBe(401);
    expect((await post("/device/token", { grant_type: "password", device_code: asked.device_code })).status).toBe(400);
    const { rows } = await gateway.admin.query("select to_jsonb(d)::text as row from auth.device_logins d");
    expect(rows).toHaveLength(1);
    for (const code of [asked.device_code, asked.user_code, asked.user_code.replace("-", "")])
      expect(JSON.stringify(rows)).not.toContain(code);
  });

  it("is asked for only so often from one address", async () => {
    const statuses = [];
    for (let turn = 0; turn < 22; turn += 1) statuses.push((await post("/device/code", { host: "x" })).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
  });

  it("is kept where the API's login sees no row", async () => {
    await begin();
    const { default: pg } = await import("pg");
    const login = new pg.Client({ connectionString: gateway.database.urlFor("evergreen_api") });
    await login.connect();
    try {
      await expect(login.query("select * from auth.device_logins")).rejects.toThrow(/permission denied/);
      await expect(login.query(`select auth.device_found('x', '${LP}')`)).rejects.toThrow(/permission denied/);
    } finally {
      await login.end();
    }
  });
});
