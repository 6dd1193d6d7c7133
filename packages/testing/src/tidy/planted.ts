// For every rule: files that break it and must be found, beside files that keep it and must pass. A rule nobody has seen fail is no rule.

export interface Planted {
  /** Path → text; the rule must find something in each of these repositories. */
  breaks: Record<string, string>[];
  /** The rule must find nothing here. */
  keeps: Record<string, string>;
}

const file = (path: string, text: string): Record<string, string> => ({ [path]: text });
const manifest = (folder: string, rest: object): Record<string, string> =>
  file(`${folder}package.json`, JSON.stringify({ private: true, ...rest }));
const later = ["TO", "DO"].join("");
const lock = (packages: object): string => JSON.stringify({ packages });

export const PLANTED: Record<string, Planted> = {
  pages: {
    breaks: [file("docs/how-to/a.md", "No title"), file("docs/explanation/a.md", `# A${"\n".repeat(220)}`)],
    keeps: { "docs/how-to/a.md": "# A\n", "docs/benchmarks.md": "no title" },
  },
  imports: {
    breaks: [
      file("packages/domain/src/a.ts", 'import { readFile } from "node:fs/promises";'),
      file("packages/finance/src/a.ts", 'import { Client } from "@temporalio/client";'),
      file("packages/verifier/src/a.ts", 'import { proRata } from "@evergreen-fund/finance/dealing/pro-rata.ts";'),
      file("packages/verifier/src/a.ts", 'import type { DealingPolicy } from "@evergreen-fund/domain";'),
      file("packages/verifier/src/a.ts", 'import { z } from "zod";'),
      file("workflows/src/a.ts", 'import { room } from "@evergreen-fund/agent-kit";'),
      file("workflows/src/a.ts", 'import { readFileSync } from "node:fs";'),
      file("workers/kyc/facts.ts", 'import { judge } from "../liquidity-engine/decide.ts";'),
      file("workers/kyc/facts.ts", 'import { ROOM_TABLE } from "../rooms.ts";'),
      file("packages/cli/src/a.ts", 'import { PrismaClient } from "@prisma/client";'),
      file("packages/cli/src/a.ts", 'export * from "../../supabase-client/src/rpc.ts";'),
      file("workers/memory.ts", 'const mem0 = await import("mem0ai/oss");'),
      file("packages/newcomer/src/a.ts", 'import { BUCKETS } from "@evergreen-fund/domain";'),
    ],
    keeps: {
      "workflows/src/a.ts":
        'import { proxyActivities } from "@temporalio/workflow";\nimport type { room } from "@temporalio/activity";',
      "workers/kyc/activities.ts": 'import type { House } from "../rooms.ts";\nimport { review } from "./decide.ts";',
      "packages/cli/src/a.test.ts": 'import { PrismaClient } from "@prisma/client";',
      "packages/finance/src/a.ts":
        '// import { Client } from "@temporalio/client";\nimport { Decimal } from "decimal.js";',
    },
  },
  clients: {
    breaks: [
      file("workers/kyc/facts.ts", "const database = openDatabase({ url });"),
      file("packages/memory/src/a.ts", "export const pool = new pg.Pool({});"),
      file("workers/rooms.ts", "await NativeConnection.connect({ address });"),
    ],
    keeps: {
      "workers/main.ts": "await Worker.create({});",
      "workers/connect.ts": "openDatabase({ url });",
      "packages/memory/src/a.ts": "new Memory({});",
    },
  },
  declared: {
    breaks: [
      {
        ...manifest("packages/domain/", { name: "@evergreen-fund/domain" }),
        ...file("packages/domain/src/a.ts", 'import { z } from "zod";'),
      },
      manifest("packages/domain/", { name: "@evergreen-fund/domain", dependencies: { zod: "4.6.7" } }),
    ],
    keeps: {
      ...manifest("", { name: "evergreen", devDependencies: { vitest: "4.1.12" } }),
      ...manifest("packages/domain/", { name: "@evergreen-fund/domain", dependencies: { zod: "4.6.7" } }),
      "packages/domain/src/a.ts": 'import { z } from "zod";\nimport { readFileSync } from "node:fs";',
      "packages/domain/src/a.test.ts": 'import { it } from "vitest";',
    },
  },
  sql: {
    breaks: [
      file("workers/kyc/facts.ts", "await tx.query(`select code from public.funds where code = $1`);"),
      file("packages/gateway/src/a.ts", 'await query("INSERT INTO fund_events (type) VALUES (1)");'),
      file("packages/cli/src/a.ts", 'await query("grant select on public.funds to anon");'),
    ],
    keeps: {
      "packages/cli/src/a.ts":
        '// select code from funds\nconst words = "Select a fund from the list, then update it.";\nimport { a } from "./b.ts";',
      "packages/supabase-client/src/a.ts": "const sql = `select * from public.fn_x()`;",
    },
  },
  environment: {
    breaks: [
      file("workers/main.ts", "const url = process.env.DATABASE_URL;"),
      file("packages/stack/src/a.ts", 'const { env } = { env: process["env"] ?? process.env };'),
    ],
    keeps: {
      "packages/config/src/a.ts": "readConfig(process.env);",
      "workers/main.ts": '// process.env\nconst a = "process.env";\nprocess.exit(0);',
    },
  },
  pure: {
    breaks: [
      file("packages/finance/src/a.ts", "const seed = Math.random();"),
      file("packages/finance/src/a.ts", "const now = Date.now();"),
      file("workers/kyc/decide.ts", "const today = new Date();"),
      file("workers/kyc/decide.ts", 'import { openDatabase } from "@evergreen-fund/supabase-client";'),
      file("packages/domain/src/a.ts", "process.exit(1);"),
    ],
    keeps: {
      "workers/kyc/decide.ts":
        'import type { Reader } from "@evergreen-fund/supabase-client";\nconst day = new Date(facts.asOf);\nconst a = { process: 1 };',
      "workers/kyc/activities.ts": "new Date();",
    },
  },
  any: {
    breaks: [
      file("workers/main.ts", "const row = answer as any;"),
      file("workers/main.ts", "function f(rows: any[]) { return rows; }"),
      file("workers/main.ts", "// @ts-ignore\nf();"),
    ],
    keeps: { "workers/main.ts": 'const any = "any"; // any order will do\nf(any as unknown);' },
  },
  unfinished: {
    breaks: [file("workers/main.ts", `// ${later}: later`)],
    keeps: { "workers/main.ts": "// what is left to do stands in the issue" },
  },
  skipped: {
    breaks: [
      file("workers/a.test.ts", 'it.only("works", () => {});'),
      file("workers/a.test.ts", 'describe.skip("works", () => {});'),
      file("workers/a.test.ts", 'it.skipIf(!installed)("works", () => {});'),
      file("workers/a.test.ts", 'it.todo("works");'),
    ],
    keeps: {
      "workers/a.test.ts":
        'it.skipIf(!installed)("works (skipped without Docker)", () => {});\nawait stream.skip("x");\nit("works", () => {});',
    },
  },
  "kebab-case": {
    breaks: [
      file("packages/domain/src/fundIds.ts", ""),
      file("workers/riskGuardian/decide.ts", ""),
      file("docs/My Notes.md", ""),
    ],
    keeps: {
      "packages/domain/src/fund-ids.test.ts": "",
      "docs/decisions/0001-outbox.md": "",
      "README.md": "",
      "packages/domain/src/full-form.d.ts": "",
    },
  },
  "empty-names": {
    breaks: [
      file("packages/domain/src/string-utils.ts", ""),
      file("packages/domain/src/common.ts", ""),
      file("packages/domain/src/a.ts", "export class FundService {}"),
      file("packages/domain/src/a.ts", "export const fundInfo = 1;"),
    ],
    keeps: { "packages/stack/src/service-logins.ts": "export const setLoginPasswords = 1;\nclass InnerManager {}" },
  },
  length: {
    breaks: [file("workers/main.ts", "a();\n".repeat(401))],
    keeps: { "workers/main.ts": "a();\n".repeat(400), "package-lock.json": "\n".repeat(9000) },
  },
  opening: {
    breaks: [
      file("workers/main.ts", 'import a from "a";\n// The worker process of the fund.'),
      file("prisma/sql/a.sql", "select 1;"),
      file("workers/main.ts", "// main"),
    ],
    keeps: {
      "bin/evergreen.mjs": "#!/usr/bin/env node\n// The command `evergreen`, before anything is installed.",
      "prisma/sql/a.sql": "-- The event bus and its outbox.",
    },
  },
  identities: {
    breaks: [
      file("workflows/histories/a.json", '{"eventId":1,"identity":"4711@laptop"}'),
      file("workflows/histories/a.json", '{"eventId":1,"identity":"ann"}'),
      file("workflows/histories/a.json", '{"taskQueue":{"name":"4711@laptop-4d44a91d"}}'),
    ],
    keeps: {
      "workflows/histories/a.json":
        '{"identity":"worker@house","taskQueue":{"name":"worker@house-4d44a91d"},"buildId":"@temporalio/worker@1.23.0"}',
      "workflows/histories/b.json": '{"identity":"","data":{"base64":"NDcxMUBsYXB0b3A="}}',
      "packages/a.json": '{"identity":"4711@laptop"}',
    },
  },
  "machine-paths": {
    breaks: [
      file("README.md", `cd ${["", "root", "evergreen"].join("/")}`),
      file("workers/main.ts", 'const a = "/Users/ann/evergreen";'),
      file("Dockerfile", `COPY . ${["", "work", "main"].join("/")}`),
    ],
    keeps: {
      "README.md": "cd evergreen, see https://host/home/page/ and ../shared/data",
      Dockerfile: "WORKDIR /evergreen",
      "a.ts": "/root element/",
    },
  },
  readme: {
    breaks: [
      file("packages/domain/src/a.ts", ""),
      file("packages/domain/README.md", "line\n".repeat(61)),
      file("workers/kyc/decide.ts", ""),
    ],
    keeps: { "packages/domain/src/a.ts": "", "packages/domain/README.md": "line\n".repeat(60) },
  },
  "room-files": {
    breaks: [
      file("workers/kyc/decide.ts", ""),
      Object.assign(
        {},
        ...["README.md", "facts.ts", "decide.ts", "activities.ts", "decide.test.ts", "extras.ts"].map((name) =>
          file(`workers/kyc/${name}`, ""),
        ),
      ),
    ],
    keeps: Object.assign(
      {},
      ...[
        "README.md",
        "facts.ts",
        "decide.ts",
        "activities.ts",
        "decide.test.ts",
        "activities.database.test.ts",
        "screening/decide.ts",
        "screening/decide.test.ts",
      ].map((name) => file(`workers/kyc/${name}`, "")),
    ),
  },
  charter: {
    breaks: [
      { "workers/kyc/README.md": "writes: nothing", "workers/kyc/activities.ts": 'rpc("fn_ask_evidence", {})' },
      {
        "workers/kyc/README.md": "writes: `fn_ask_nobody`",
        "packages/supabase-client/src/rpc.ts": "fn_ask_evidence: 1",
      },
    ],
    keeps: {
      "workers/kyc/README.md": "writes: `fn_ask_evidence`, `fn_intake_orders`",
      "workers/kyc/activities.ts": 'rpc("fn_ask_evidence", {})',
      "packages/supabase-client/src/rpc.ts": "fn_ask_evidence: 1, fn_intake_orders: 1",
    },
  },
  pins: {
    breaks: [
      manifest("", { dependencies: { tsx: "^4.23.15" } }),
      manifest("", { devDependencies: { tsx: "latest" } }),
      {
        ...manifest("packages/a/", { dependencies: { zod: "4.6.7" } }),
        ...manifest("packages/b/", { dependencies: { zod: "4.6.6" } }),
      },
    ],
    keeps: manifest("", { dependencies: { "@duckdb/node-api": "1.5.6-r.1" } }),
  },
  reasons: {
    breaks: [
      manifest("", { dependencies: { tsx: "4.23.15" } }),
      {
        ...manifest("", { dependencies: { tsx: "4.23.15" } }),
        "ARCHITECTURE.md": "| `tsx` | 4.23.14 | runs TypeScript without a build step |",
      },
      { ...manifest("", { dependencies: { tsx: "4.23.15" } }), "ARCHITECTURE.md": "| `tsx` | 4.23.15 | runs it |" },
      { ...manifest("", {}), "ARCHITECTURE.md": "| `tsx` | 4.23.15 | runs TypeScript without a build step |" },
    ],
    keeps: {
      ...manifest("", { dependencies: { tsx: "4.23.15" } }),
      "ARCHITECTURE.md": "| `tsx` | 4.23.15 | runs TypeScript without a build step |\n| `fn_x` | text | words |",
    },
  },
  private: {
    breaks: [
      manifest("packages/a/", { name: "@evergreen-fund/a", private: false }),
      manifest("packages/a/", { name: "a" }),
    ],
    keeps: manifest("packages/a/", { name: "@evergreen-fund/a" }),
  },
  acyclic: {
    breaks: [
      {
        ...manifest("packages/a/", { name: "a", dependencies: { b: "1.0.0" } }),
        ...manifest("packages/b/", { name: "b", dependencies: { a: "1.0.0" } }),
      },
    ],
    keeps: {
      ...manifest("packages/a/", { name: "a", dependencies: { b: "1.0.0" } }),
      ...manifest("packages/b/", { name: "b" }),
    },
  },
  lock: {
    breaks: [
      { ...manifest("", {}), "package-lock.json": lock({ "node_modules/esbuild": { hasInstallScript: true } }) },
      { ...manifest("", { allowScripts: { esbuild: true } }), "package-lock.json": lock({}) },
      {
        ...manifest("", {}),
        "package-lock.json": lock({ "node_modules/zod": { resolved: "https://registry.example/zod.tgz" } }),
      },
    ],
    keeps: {
      ...manifest("", { allowScripts: { esbuild: false } }),
      "package-lock.json": lock({
        "node_modules/esbuild": { hasInstallScript: true },
        "node_modules/a": { resolved: "packages/a", link: true },
      }),
    },
  },
  links: {
    breaks: [
      file("README.md", "[the shape](ARCHITECTURE.md)"),
      { ...manifest("", { scripts: {} }), "README.md": "run `npm run dance`" },
    ],
    keeps: {
      ...manifest("", { scripts: { check: "x" } }),
      "README.md":
        "`npm run check`, [it](docs/a.md#part), [them](docs), [web](https://example.org), [served](/docs/reference/events)",
      "docs/a.md": "[up](../README.md)",
    },
  },
};
