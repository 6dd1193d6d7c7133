// Session fixation: whatever an attacker put into a browser before somebody signs in there, the session that begins is a new one that only its owner holds.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readAccessToken } from "./access-token.ts";
import {
  KEY,
  LP,
  LP_EMAIL,
  ORIGIN,
  openTestGateway,
  PASSWORD_OF,
  PM,
  PM_EMAIL,
  SECRET,
  type TestGateway,
} from "./test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
beforeEach(() => gateway.reset());
afterAll(() => gateway?.close());

const claimsOf = (token: string) => {
  const claims = readAccessToken(token, SECRET, Math.floor(Date.now() / 1000));
  if (claims === undefined) throw new Error("The gateway does not know its own token.");
  return claims;
};
const json = { apikey: KEY, "content-type": "application/json" };

async function byPassword(body: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const answer = await gateway.ask("/auth/v1/token?grant_type=password", {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify({ email: PM_EMAIL, password: PASSWORD_OF[PM_EMAIL], ...body }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** The form of the page for the Temporal UI. */
function byForm(email: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams({ email, password: PASSWORD_OF[email] ?? "" });
  return gateway.ask("/session", { method: "POST", body, headers: { origin: ORIGIN, ...headers } });
}
const cookieOf = (answer: Response): string =>
  /evergreen_session=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";

it("a sign-in takes over no session id that was put there before", async () => {
  const planted = claimsOf((await gateway.signIn(LP_EMAIL)).token).session_id;
  const first = claimsOf(
    await byPassword(
      { session_id: planted, gotrue_meta_security: { session_id: planted } },
      { cookie: `evergreen_session=${planted}; session_id=${planted}`, "x-session-id": planted },
    ),
  );
  const second = claimsOf(await byPassword());
  expect(first.sub).toBe(PM);
  expect(new Set([planted, first.session_id, second.session_id]).size).toBe(3);
});

it("the cookie of the codec is replaced by the owner's, and a planted one is nobody's afterwards", async () => {
  const attacker = await gateway.signIn(PM_EMAIL);
  const answer = await byForm(PM_EMAIL, { cookie: `evergreen_session=${attacker.token}` });
  const own = cookieOf(answer);
  expect(own).not.toBe("");
  expect(own).not.toBe(attacker.token);
  expect(claimsOf(own).session_id).not.toBe(claimsOf(attacker.token).session_id);
  // the attacker signs out: the owner's session stands
  await attacker.supabase.auth.signOut();
  const asked = await gateway.ask("/codec/decode", {
    method: "POST",
    headers: { cookie: `evergreen_session=${own}`, "content-type": "application/json" },
    body: JSON.stringify({ payloads: [] }),
  });
  expect(asked.status).toBe(200);
});

it("the cookie cannot be read by a script, leaves no other site, and goes to the codec alone", async () => {
  const cookie = (await byForm(PM_EMAIL)).headers.get("set-cookie") ?? "";
  for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/codec", "Secure", "Max-Age="])
    expect(cookie).toContain(attribute);
  expect(cookie).not.toMatch(/Domain=/i);
});

it("a session in an address is none: a link cannot sign anybody in as somebody else", async () => {
  const { token } = await gateway.signIn(LP_EMAIL);
  for (const name of ["access_token", "token", "jwt", "session", "apikey"]) {
    const answer = await gateway.ask(`/rest/v1/rpc/fn_echo?${name}=${token}`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ amount: "1" }),
    });
    expect([name, answer.ok, await answer.text()]).toEqual([name, false, expect.not.stringContaining(LP)]);
    const user = await gateway.ask(`/auth/v1/user?${name}=${token}`, { headers: json });
    expect([name, user.ok]).toEqual([name, false]);
  }
});

it("a refresh token of one session gives no other: it stays whose it was, and is good once", async () => {
  const { supabase } = await gateway.signIn(LP_EMAIL);
  const before = (await supabase.auth.getSession()).data.session;
  const refresh = (token: string) =>
    gateway.ask("/auth/v1/token?grant_type=refresh_token", {
      method: "POST",
      headers: json,
      body: JSON.stringify({ refresh_token: token, email: PM_EMAIL, user_id: PM }),
    });
  const answer = await refresh(before?.refresh_token ?? "");
  expect(answer.status).toBe(200);
  const after = (await answer.json()) as { access_token: string; refresh_token: string };
  expect(claimsOf(after.access_token)).toMatchObject({
    sub: LP,
    session_id: claimsOf(before?.access_token ?? "").session_id,
  });
  expect(after.refresh_token).not.toBe(before?.refresh_token);
});
