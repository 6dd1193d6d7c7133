// The interface for programs as the commands and the gateway give it: valid OpenAPI 3.1, whole, true to the database; types that compile and an example that runs.
import { execFile, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKnownColumn, schemaOfColumn } from "@evergreen-fund/api-reference/columns.ts";
import { typeText } from "@evergreen-fund/api-reference/types.ts";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { PERSON_ROLES } from "@evergreen-fund/domain";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { RPC_CASES } from "../../../../prisma/tests/cases/index.ts";
import { newFund } from "../../../../prisma/tests/synthetic-fund.ts";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ "x-roles": z.array(z.string()).optional() }))),
  components: z.looseObject({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
});
const document = await house.json("pm1", Document, ["api", "openapi"]);
const folder = mkdtempSync(join(tmpdir(), "evergreen-api-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is a document that a validator of OpenAPI 3.1 accepts", async () => {
  const result = await new Validator().validate(structuredClone(document));
  const errors =
    result.valid || typeof result.errors === "string"
      ? result.errors
      : result.errors?.slice(0, 3).map(({ instancePath, message, params }) => ({ instancePath, message, params }));
  expect(result.valid ? [] : errors).toEqual([]);
  // the validator is awake
  expect((await new Validator().validate({ ...structuredClone(document), openapi: undefined })).valid).toBe(false);
});

it("has each function that people may call and each table they may read, with their roles, and no other", async () => {
  const functions = await house.db.look<{ name: string; roles: string[] }>(
    `select p.proname as name, array_agg(role::text order by role) as roles from pg_proc p cross join unnest($1::text[]) role
      where p.pronamespace = 'public'::regnamespace and has_function_privilege(role, p.oid, 'execute') group by 1`,
    [PERSON_ROLES],
  );
  const tables = await house.db.look<{ name: string }>(
    `select distinct c.relname as name from pg_class c cross join unnest($1::text[]) role
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'p') and has_any_column_privilege(role, c.oid, 'select')`,
    [PERSON_ROLES],
  );
  expect(Object.keys(document.paths).sort()).toEqual(
    [
      "/auth/v1/token",
      ...functions.map(({ name }) => `/rest/v1/rpc/${name}`),
      ...tables.map(({ name }) => `/rest/v1/${name}`),
    ].sort(),
  );
  for (const { name, roles } of functions)
    expect([name, document.paths[`/rest/v1/rpc/${name}`]?.post?.["x-roles"]]).toEqual([name, roles.sort()]);
});

it("knows every type of column that people read", async () => {
  const types = await house.db.look<{ type: string }>(
    "select distinct format_type(a.atttypid, null) as type from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'p') and a.attnum > 0 and not a.attisdropped",
  );
  expect(types.map(({ type }) => type).filter((type) => !isKnownColumn(type))).toEqual([]);
  expect(schemaOfColumn("numeric", true)).toMatchObject({ type: ["string", "null"] });
});

it("describes arguments that the functions take, by the cases of all functions", async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const wrong: string[] = [];
  let checked = 0;
  for (const { fn, arrange } of RPC_CASES.filter((one) => CHEAP.has(one.fn))) {
    const accepts = ajv.compile(document.components.schemas[`${fn}.arguments`] ?? { not: {} });
    if (!accepts(await arrange(house.db))) wrong.push(`${fn}: ${ajv.errorsText(accepts.errors)}`);
    checked += 1;
  }
  expect(wrong).toEqual([]);
  expect(checked).toBe(CHEAP.size);
  // every schema of the document compiles, also those without a case here
  for (const schema of Object.values(document.components.schemas)) ajv.compile(schema);
});
/** Of each kind of argument one: the arrangement of all cases takes minutes and is done by other tests. */
const CHEAP = new Set([
  "fn_record_event",
  "fn_request_rebalance",
  "fn_read_morning",
  "fn_submit_investor",
  "fn_set_mandate",
]);

it("is what the gateway serves, with a page that loads nothing from elsewhere", async () => {
  const { ask } = house;
  const served = (await (await ask("/openapi.json")).json()) as { paths: unknown };
  expect(served.paths).toEqual(document.paths);
  const page = await ask("/reference");
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
  const html = await page.text();
  expect(html).not.toMatch(/https?:|<script>|style=/);
  for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect((await ask(path!)).status).toBe(200);
});

it("gives types that compile with the example, which runs", async () => {
  const { code } = await newFund(house.db);
  cpSync(join(REPOSITORY_ROOT, "docs/examples/supabase-js"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  symlinkSync(join(REPOSITORY_ROOT, "node_modules"), join(folder, "node_modules"));
  const ran = await house.run("pm1", ["api", "types", "--out", join(folder, "database.ts")]);
  expect([ran.exit, existsSync(join(folder, "database.ts"))]).toEqual([0, true]);
  const compiled = spawnSync(
    process.execPath,
    [
      join(REPOSITORY_ROOT, "node_modules/typescript/bin/tsc"),
      ...["--noEmit", "--strict", "--skipLibCheck", "--allowImportingTsExtensions", "--types", "node"],
      ...["--target", "ES2022", "--module", "NodeNext", "funds.ts"],
    ],
    { cwd: folder, encoding: "utf8" },
  );
  expect([compiled.status, compiled.stdout]).toEqual([0, ""]);
  const told = await program(join(folder, "funds.ts"), house.environmentOf("pm1"));
  expect(told).toMatch(new RegExp(`^${code}: net assets [0-9.]+ [A-Z]{3}, \\d+ holdings$`, "m"));
});

/** What a program prints; not in step with this process, which serves it. */
function program(file: string, environment: Record<string, string>): Promise<string> {
  const argv = ["--import", "tsx", file];
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      argv,
      { cwd: REPOSITORY_ROOT, env: { ...process.env, ...environment } },
      (error, out, err) => (error ? reject(new Error(err)) : resolve(out)),
    ),
  );
}

it("writes the types of shapes", () => {
  expect(typeText({ type: "array", items: { anyOf: [{ type: "string" }, { type: "null" }] } })).toBe(
    "(string | null)[]",
  );
  expect(typeText({ type: "object", properties: { a: { type: "integer" } }, required: [] })).toBe(
    "{\n  a?: number;\n}",
  );
});

it("says where it cannot write", async () => {
  const ran = await house.run("pm1", ["api", "openapi", "--out", join(folder, "no", "such", "folder.json")]);
  expect([ran.exit, ran.err]).toEqual([2, expect.stringContaining("EG400")]);
});
