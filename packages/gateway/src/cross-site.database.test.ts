// Requests that another site makes a browser send (CSRF): what the browser adds by itself opens nothing, and no other origin reads an answer.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { KEY, ORIGIN, openTestGateway, PASSWORD_OF, PM_EMAIL, type TestGateway } from "./test-gateway.ts";

let gateway: TestGateway;
let cookie = "";
beforeAll(async () => {
  gateway = await openTestGateway();
  cookie = `evergreen_session=${(await gateway.signIn(PM_EMAIL)).token}`;
});
beforeEach(() => gateway.reset());
afterAll(() => gateway?.close());

/** Sites that are not this one: strangers, look-alikes, other ports, a sandboxed frame, another scheme. */
const OTHERS = [
  "https://evil.example",
  "https://evergreen.example.evil.example",
  "https://evergreen.example:444",
  "http://evergreen.example",
  "http://127.0.0.1:9999",
  "null",
  "",
];
/** What a form of another site can send without being asked first. */
const SIMPLE = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"];

it("signs nobody in from another site's form", async () => {
  const body = () => new URLSearchParams({ email: PM_EMAIL, password: PASSWORD_OF[PM_EMAIL] ?? "" });
  for (const origin of OTHERS) {
    gateway.reset();
    const answer = await gateway.ask("/session", { method: "POST", body: body(), headers: { origin } });
    expect([origin, answer.ok, answer.headers.get("set-cookie")]).toEqual([origin, false, null]);
  }
  const own = await gateway.ask("/session", { method: "POST", body: body(), headers: { origin: ORIGIN } });
  expect(own.headers.get("set-cookie")).toContain("evergreen_session=");
});

it("a cookie opens neither the API nor files, documents, sign-out or a waiting device", async () => {
  const echo = JSON.stringify({ amount: "1" });
  const opened: string[] = [];
  for (const type of [...SIMPLE, "application/json"])
    for (const [path, body] of [
      ["/rest/v1/rpc/fn_echo", echo],
      ["/files/read", echo],
      ["/auth/v1/logout", "{}"],
      ["/functions/v1/device-login", JSON.stringify({ user_code: "AAAA-BBBB", approve: true })],
    ] as const) {
      // the key of the API is public: it stands in every page
      const headers = { cookie, apikey: KEY, "content-type": type, origin: "https://evil.example" };
      const answer = await gateway.ask(path, { method: "POST", headers, body });
      if (answer.ok) opened.push(`${path} as ${type}`);
    }
  for (const path of [
    "/rest/v1/holdings?select=id",
    "/auth/v1/user",
    "/documents/statements/10000000-0000-4000-8000-000000000001/statement.pdf",
  ]) {
    const answer = await gateway.ask(path, { headers: { cookie, apikey: KEY } });
    if (answer.ok) opened.push(path);
  }
  expect(opened).toEqual([]);
});

it("lets no other origin read an answer, asked first or not", async () => {
  const told: string[] = [];
  for (const origin of OTHERS)
    for (const path of [
      "/rest/v1/holdings",
      "/auth/v1/token",
      "/session",
      "/files/read",
      "/codec/decode",
      "/config.json",
    ])
      for (const method of ["OPTIONS", "POST", "GET"]) {
        const answer = await gateway.ask(path, {
          method,
          headers: { origin, cookie, apikey: KEY, "access-control-request-method": "POST" },
          ...(method === "POST" ? { body: "{}" } : {}),
        });
        const allowed = answer.headers.get("access-control-allow-origin");
        if (allowed !== null && allowed !== "http://127.0.0.1:24324") told.push(`${method} ${path}: ${allowed}`);
      }
  expect(told).toEqual([]);
});

it("changes nothing by a request that a link can make", async () => {
  for (const path of ["/rest/v1/rpc/fn_echo?amount=1", "/auth/v1/logout", "/session", "/files/read", "/device/code"])
    expect([path, (await gateway.ask(path, { headers: { cookie, apikey: KEY } })).ok]).toEqual([path, false]);
});

it("stands in nobody's frame", async () => {
  for (const path of ["/stack", "/config.json", "/nowhere"]) {
    const { headers } = await gateway.ask(path);
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  }
});
