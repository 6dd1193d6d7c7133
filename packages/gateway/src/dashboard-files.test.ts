// The built dashboard as it is served: the page at each of its addresses, assets for ever, a policy without exceptions.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { dashboardAnswer, dashboardPolicy, readDashboard } from "./dashboard-files.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-files-"));
mkdirSync(join(folder, "assets"));
writeFileSync(join(folder, "index.html"), "<title>page</title>");
writeFileSync(join(folder, "assets", "a-1.js"), "script");
writeFileSync(join(folder, "assets", "b-2.js"), "a script");
writeFileSync(join(folder, "assets", "b-2.js.br"), "as brotli");
writeFileSync(join(folder, "assets", "b-2.js.gz"), "as gzip");
writeFileSync(join(folder, "secret.key"), "not for anybody");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const API = "http://127.0.0.1:24320";
const answer = (path: string, accepts?: string) => dashboardAnswer(readDashboard(folder), path, API, accepts);

it.each(["/", "/pm", "/lp/statements/1", "/ops"])("answers %s with the page", async (path) => {
  const page = answer(path);
  expect(await page?.text()).toBe("<title>page</title>");
  expect(page?.headers.get("cache-control")).toBe("no-cache");
  expect(page?.headers.get("content-security-policy")).toBe(dashboardPolicy(API));
});

it("answers an asset for ever, with its own type", async () => {
  const asset = answer("/assets/a-1.js");
  expect([asset?.headers.get("content-type"), asset?.headers.get("cache-control")]).toEqual([
    "text/javascript; charset=utf-8",
    "public, max-age=31536000, immutable",
  ]);
  expect(await asset?.text()).toBe("script");
});

it.each([
  ["gzip, deflate, br, zstd", "br", "as brotli"],
  ["gzip, deflate", "gzip", "as gzip"],
  ["identity", null, "a script"],
])("answers who accepts %s with %s", async (accepts, coding, body) => {
  const asset = answer("/assets/b-2.js", accepts);
  expect([asset?.headers.get("content-encoding"), asset?.headers.get("vary")]).toEqual([coding, "accept-encoding"]);
  expect(await asset?.text()).toBe(body);
  // what was not made smaller is never said to be
  expect(answer("/assets/a-1.js", accepts)?.headers.get("content-encoding")).toBeNull();
});

it.each([
  "/assets/none.js",
  "/assets/b-2.js.br",
  "/secret.key",
  "/rest/v1/funds",
  "/pmx",
  "/../etc/passwd",
  "/index.html",
])("does not answer %s", (path) => {
  expect(answer(path)).toBeUndefined();
});

it("lets the page load and ask nothing but itself and the API, and nothing inline", () => {
  const policy = dashboardPolicy("https://project.supabase.example/path");
  expect(policy).toContain("connect-src 'self' https://project.supabase.example wss://project.supabase.example;");
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|data:|blob:/);
});
