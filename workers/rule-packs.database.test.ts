// Packs of rules out of Infisical on a real Postgres: against a loopback server that speaks the documented API of Infisical (universal auth, raw secrets),
// not Infisical itself; its SDK is the real one. Packs are synthetic.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { openInfisical } from "@evergreen-fund/config/infisical.ts";
import { syntheticRules } from "@evergreen-fund/prisma/tests/rule-versions.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keepPacks, loadPacks } from "./rule-packs.ts";

const fresh = await freshDatabase(ownCluster());
const database = openDatabase({ url: fresh.urlFor("evergreen_app") });
const admin = new pg.Pool({ connectionString: fresh.adminUrl, max: 1 });
let server: Server;
let siteUrl = "";
/** Secrets in the folder of the rules. */
let kept: Record<string, string> = {};
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      if (url.pathname === "/api/v1/auth/universal-auth/login")
        return response.end(
          JSON.stringify({ accessToken: "token", expiresIn: 60, accessTokenMaxTTL: 60, tokenType: "Bearer" }),
        );
      const here =
        url.pathname === "/api/v3/secrets/raw" && url.searchParams.get("secretPath") === "/evergreen/rules" ? kept : {};
      const secrets = Object.entries(here).map(([secretKey, secretValue], i) => ({
        id: String(i),
        secretKey,
        secretValue,
        version: 1,
        type: "shared",
      }));
      return response.end(JSON.stringify({ secrets, imports: [] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  siteUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await admin.end();
  await database.close();
  await fresh.drop();
});

const opened = (site = siteUrl) => {
  const { infisical } = readConfig({
    INFISICAL_CLIENT_ID: "id",
    INFISICAL_CLIENT_SECRET: "secret",
    INFISICAL_PROJECT_ID: "project",
    INFISICAL_SITE_URL: site,
  });
  if (infisical === null) throw new Error("It is not configured.");
  return openInfisical(infisical, `${infisical.path}/rules`);
};
const versions = async (pack: unknown) =>
  (await admin.query("select version, status, source from rule_pack_versions where pack = $1 order by version", [pack]))
    .rows as unknown[];
const refusals = async (): Promise<{ pack: string; source: string; problems: string[] }[]> =>
  (await admin.query("select payload from fund_events where type = 'RULE_PACK_REFUSED' order by seq")).rows.map(
    ({ payload }) => payload as { pack: string; source: string; problems: string[] },
  );
const PEOPLE = [1, 2].map((n) => ({
  role: "pm_role" as const,
  userId: `00000000-0000-4000-8000-00000000000${n}`,
}));

it("drafts and tests a pack, never live by itself; what is wrong is refused once and aloud, and what is live stays", async () => {
  const good = syntheticRules();
  kept = { SYNTHETIC: JSON.stringify(good, null, 1) };
  expect(await loadPacks(database, opened())).toEqual([{ name: "SYNTHETIC", status: "tested" }]);
  expect(await versions(good.pack)).toEqual([{ version: 1, status: "tested", source: "infisical" }]);
  const [row] = (await admin.query("select version_id, hash from rule_pack_versions where pack = $1", [good.pack]))
    .rows as { version_id: string; hash: string }[];
  for (const who of PEOPLE) await database.rpc(who, "fn_activate_rules", { ...row!, reason: "synthetic" });
  expect(await loadPacks(database, opened())).toEqual([{ name: "SYNTHETIC", status: "live" }]);

  // a next version that is no pack, an example that does not come out, and another text under the version that is live
  const [first, ...others] = good.examples as object[];
  for (const [text, problem] of [
    [
      JSON.stringify({ ...good, version: 2, rules: [{ id: "large" }] }, null, 1),
      /^infisical\/SYNTHETIC:\d+: rules\.0\./,
    ],
    [
      JSON.stringify({ ...good, version: 2, examples: [{ ...first, outcome: "decline" }, ...others] }, null, 1),
      /^infisical\/SYNTHETIC:\d+: examples/,
    ],
    [JSON.stringify({ ...good, title: "Another" }), /^infisical\/SYNTHETIC: That version of the pack has another text/],
  ] as const) {
    const before = (await refusals()).length;
    kept = { SYNTHETIC: text };
    for (const _turn of [1, 2])
      expect(await loadPacks(database, opened())).toEqual([{ name: "SYNTHETIC", status: "refused" }]);
    const said = (await refusals()).slice(before);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ pack: "infisical/SYNTHETIC", source: "infisical" });
    expect(said[0]?.problems[0]).toMatch(problem);
    expect(await versions(good.pack)).toEqual([{ version: 1, status: "live", source: "infisical" }]);
  }

  // a bad one does not keep the others out
  const other = syntheticRules();
  kept = { BAD: "rules: [", NEXT: JSON.stringify({ ...good, version: 2 }), OTHER: JSON.stringify(other) };
  expect((await loadPacks(database, opened())).map(({ status }) => status)).toEqual(["refused", "tested", "tested"]);
  expect(await versions(good.pack)).toMatchObject([{ status: "live" }, { version: 2, status: "tested" }]);
});

it("is kept by a worker: an Infisical that is away is said once, and what is live stays", async () => {
  const lines: string[] = [];
  const before = await refusals();
  const away = keepPacks(database, opened("http://127.0.0.1:9"), (line) => lines.push(line), 1);
  await expect.poll(() => lines.length, { timeout: 60_000 }).toBe(1);
  away.stop();
  await away.done;
  expect(lines).toEqual(["rules: Infisical does not answer at http://127.0.0.1:9, or refuses."]);
  expect(await refusals()).toEqual(before);

  const pack = syntheticRules();
  kept = { KEPT: JSON.stringify(pack) };
  const keeper = keepPacks(database, opened(), (line) => lines.push(line));
  await expect.poll(() => lines.at(-1), { timeout: 60_000 }).toBe("rules: KEPT tested");
  keeper.stop();
  await keeper.done;
  expect(await versions(pack.pack)).toMatchObject([{ status: "tested" }]);
});
