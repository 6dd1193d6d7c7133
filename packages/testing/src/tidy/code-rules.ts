// What code may say: where SQL and the environment live, what is pure, and what never stands in a source file.

import { partOf } from "./import-rules.ts";
import { isCode, isRecorded, isTest } from "./repository.ts";
import { perFile, type Rule } from "./rule.ts";
import { type Node, nameOf, syntaxOf, textOf } from "./syntax.ts";

const written = (path: string): boolean => isCode(path) && !isTest(path);

/** SQL as one writes it: all small or all capital, so that "Select a fund from the list" is words. */
const STATEMENTS = [
  String.raw`\bselect\s[\s\S]+?\sfrom\s`,
  String.raw`\bselect\s+(pg_|set_config|current_|public\.)`,
  String.raw`\binsert\s+into\s|\bdelete\s+from\s|\bupdate\s+[\w."?]+\s+set\s`,
  String.raw`\bcreate\s+(or\s+replace\s+)?(table|role|function|database|schema|extension)\b|\balter\s+(table|role|default|database)\s`,
  String.raw`\bgrant\s+[\w, ?]+\s+(on|to)\s|\brevoke\s+[\w, ?]+\s+on\s|^(un)?listen\s+\w+$`,
].join("|");
const CAPITAL = STATEMENTS.replace(/\\[a-zA-Z]|[a-z]+/g, (word) => (word.startsWith("\\") ? word : word.toUpperCase()));
const SQL = [new RegExp(STATEMENTS), new RegExp(CAPITAL)];

const sqlRule = perFile(
  "sql",
  "Postgres SQL stands in prisma/ and in supabase-client, DuckDB SQL in analytics/; everybody else calls an fn_*, a read or a function.",
  (path) => written(path) && !/^(prisma|analytics|packages\/(supabase-client|testing))\//.test(path),
  (file) => {
    const { nodes, lineOf } = syntaxOf(file);
    return nodes.flatMap((node) => {
      const text = textOf(node);
      return text !== undefined && SQL.some((pattern) => pattern.test(text))
        ? [{ line: lineOf(node), what: "SQL outside prisma/, supabase-client and analytics/" }]
        : [];
    });
  },
);

const environmentRule = perFile(
  "environment",
  "Only packages/config reads process.env; everybody else is handed a Config.",
  (path) => written(path) && !path.startsWith("packages/config/"),
  (file) => namesIn(file, ["process.env"], (name) => `${name} is read here: take it from packages/config`),
);

const IMPURE = ["process", "Date.now", "Math.random", "performance.now", "crypto.randomUUID", "setTimeout", "fetch"];

const pureRule = perFile(
  "pure",
  "finance, domain and every decide.ts are pure: no clock, no chance, no environment, no IO; a decide gets `today` as an argument.",
  (path) =>
    written(path) && (["finance", "domain"].includes(partOf(path)) || /^workers\/[a-z-]+\/decide\.ts$/.test(path)),
  (file) => {
    const { nodes, imports, lineOf } = syntaxOf(file);
    const clock = nodes.filter(
      (node) =>
        node.type === "NewExpression" && nameOf(node.callee) === "Date" && (node.arguments as unknown[]).length === 0,
    );
    const builtins = imports.filter(({ from, typeOnly }) => from.startsWith("node:") && !typeOnly);
    const client = imports.filter(
      ({ from, typeOnly }) => from.startsWith("@evergreen-fund/supabase-client") && !typeOnly,
    );
    return [
      ...namesIn(file, IMPURE, (name) => `${name} makes this impure: pass it in`),
      ...clock.map((node) => ({ line: lineOf(node), what: "new Date() reads the clock: pass the day in" })),
      ...[...builtins, ...client].map(({ from, line }) => ({ line, what: `${from} does IO: this is pure code` })),
    ];
  },
);

function namesIn(
  file: Parameters<typeof syntaxOf>[0],
  names: readonly string[],
  say: (name: string) => string,
): { line: number; what: string }[] {
  const { nodes, lineOf } = syntaxOf(file);
  const inner = new Set<unknown>();
  const bound = new Set<string>();
  for (const node of nodes) {
    // `options.process` and `{ process: 1 }` are names of somebody's own
    if (node.type === "MemberExpression" && node.computed !== true) inner.add(node.property);
    if (node.type === "Property" && node.shorthand !== true && node.computed !== true) inner.add(node.key);
    if (node.type.startsWith("TS")) for (const key of ["key", "id", "typeName", "parameterName"]) inner.add(node[key]);
    if (node.type === "VariableDeclarator" || node.type === "FunctionDeclaration") bound.add(nameOf(node.id) ?? "");
  }
  return nodes.flatMap((node) => {
    const name = inner.has(node) ? undefined : nameOf(node);
    return name !== undefined && names.includes(name) && !bound.has(name)
      ? [{ line: lineOf(node), what: say(name) }]
      : [];
  });
}

const anyRule = perFile("any", "No `any`, no @ts-ignore; a cast goes through unknown and says why.", isCode, (file) => {
  const { nodes, lineOf } = syntaxOf(file);
  const any = nodes
    .filter((node) => node.type === "TSAnyKeyword")
    .map((node) => ({ line: lineOf(node), what: "`any`: say what it is, or unknown" }));
  const silenced = linesWith(file.text, /@ts-(ignore|nocheck)\b|@ts-expect-error\s*$/, "a silenced type error");
  return [...any, ...(file.path.includes("/tidy") ? [] : silenced)];
});

/** Spelled apart, so that this file does not break its own rule. */
const UNFINISHED = new RegExp(
  `\\b(${["TO", "FIX", "HA"].map((head, i) => head + ["DO", "ME", "CK"][i]).join("|")})\\b`,
);

const unfinishedRule = perFile(
  "unfinished",
  "Nothing unfinished lands: no note to do it later; say in the issue what is missing.",
  (path) => !isRecorded(path) && !path.endsWith(".json"),
  (file) => linesWith(file.text, UNFINISHED, "an unfinished note"),
);

const TEST_FUNCTIONS = new Set(["it", "test", "describe", "suite"]);
/** A reason a reader can act on: what is missing, or a placeholder that holds it. */
const REASON = /skipped|without|not installed|absent|needs|\?/;

const skippedRule = perFile(
  "skipped",
  "No .only, no .todo; a skipped test says in its title why and what would run it.",
  (path) => isCode(path) && isTest(path),
  (file) => {
    const { nodes, lineOf } = syntaxOf(file);
    return nodes.flatMap((node) => {
      if (node.type !== "CallExpression") return [];
      const called = node.callee as Node;
      const [head = "", verb = ""] = (nameOf(called.type === "CallExpression" ? called.callee : called) ?? "").split(
        ".",
      );
      if (!TEST_FUNCTIONS.has(head)) return [];
      if (verb === "only" || verb === "todo") return [{ line: lineOf(node), what: `.${verb} must not land` }];
      const skips = verb === "skip" || (verb === "skipIf" && called.type === "CallExpression");
      const title = skips ? textOf((node.arguments as Node[])[0] as Node) : undefined;
      return skips && !REASON.test(title ?? "")
        ? [{ line: lineOf(node), what: "skipped without a reason in its title" }]
        : [];
    });
  },
);

/** Every line of `text` that matches, as a violation. */
export function linesWith(text: string, pattern: RegExp, what: string): { line: number; what: string }[] {
  return text
    .split("\n")
    .flatMap((line, index) =>
      pattern.test(line) ? [{ line: index + 1, what: `${what}: ${line.trim().slice(0, 80)}` }] : [],
    );
}

export const CODE_RULES: readonly Rule[] = [sqlRule, environmentRule, pureRule, anyRule, unfinishedRule, skippedRule];
