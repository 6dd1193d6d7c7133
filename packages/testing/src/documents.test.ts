// What the documents say and the code decides: checked, so that a reader is never told what was true once.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { envExample, QUIET, REPOSITORY_ROOT, readConfig, SETTINGS } from "@evergreen-fund/config";
import { PERSON_ROLES, ROOMS } from "@evergreen-fund/domain";
import { DEMO_LOGINS } from "@evergreen-fund/stack/demo-logins.ts";
import { SEARCH_ATTRIBUTES } from "@evergreen-fund/stack/temporal.ts";
import { describe, expect, it } from "vitest";

const read = (path: string): string => readFileSync(join(REPOSITORY_ROOT, path), "utf8");

describe(".env.example", () => {
  it("is what the settings say (npm run env-example writes it)", () => {
    expect(read(".env.example")).toBe(envExample());
  });
});

describe("README.md", () => {
  const readme = read("README.md");

  it("names the addresses of the default configuration", () => {
    const { publicUrl, ports } = readConfig({});
    expect(readme).toContain(publicUrl);
    expect(readme).toContain(`http://127.0.0.1:${ports.temporalUi}`);
  });

  it("names every demo login, every role and every search attribute", () => {
    for (const { email } of DEMO_LOGINS) {
      const [name, host] = email.split("@");
      expect(readme).toContain(`\`${name}\``);
      expect(readme).toContain(`@${host}`);
    }
    for (const role of PERSON_ROLES) expect(readme).toContain(role);
    for (const attribute of SEARCH_ATTRIBUTES) expect(readme).toContain(attribute);
  });

  it("lists every switch that keeps a library from phoning home", () => {
    for (const [name, value] of Object.entries(QUIET)) expect(readme).toContain(`${name}=${value}`);
  });

  it("names no setting that does not exist", () => {
    const named = [...readme.matchAll(/\b(EVERGREEN|TEMPORAL|LANGFUSE|MEMORY|SUPABASE|OTEL)_[A-Z_]+[A-Z]\b/g)].map(
      ([name]) => name,
    );
    expect(named.length).toBeGreaterThan(15);
    expect([...new Set(named)].filter((name) => !(name in SETTINGS))).toEqual([]);
  });

  it("says how to approve with words the command line knows", async () => {
    const { COMMANDS } = (await import("@evergreen-fund/cli/commands.ts")) as {
      COMMANDS: readonly { path: string; options?: readonly { flags: string }[] }[];
    };
    const paths = COMMANDS.map(({ path }) => path).sort((a, b) => b.length - a.length);
    const lines = [...readme.matchAll(/npx --no-install evergreen ([^\n#`]+)|`evergreen ([^`>]+)`/g)].map(
      ([, one, two]) => (one ?? two ?? "").trim(),
    );
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines.filter((words) => !words.startsWith("--"))) {
      const command = COMMANDS.find(
        ({ path }) => path === paths.find((known) => line === known || line.startsWith(`${known} `)),
      );
      expect(command, line).toBeDefined();
      const known = [...(command?.options ?? []).map(({ flags }) => flags.split(" ")[0]), "--as", "--output-format"];
      for (const [flag] of line.matchAll(/--[a-z-]+/g)) expect(known, line).toContain(flag);
    }
  });
});

describe("the glossary", () => {
  it("has the sections of schema.prisma, in their order", () => {
    const sections = [...read("prisma/schema.prisma").matchAll(/^\/\/ ── (.+?) ─/gm)].map(([, name]) => name);
    const glossary = [...read("packages/domain/GLOSSARY.md").matchAll(/^\*\*([^*]+?)\.\*\*/gm)].map(([, name]) => name);
    expect(sections.length).toBeGreaterThan(5);
    expect(glossary).toEqual(sections);
  });
});

describe("ARCHITECTURE.md", () => {
  it("lists every package there is", () => {
    const tree = read("ARCHITECTURE.md").match(/```\n([\s\S]+?)```/)?.[1] ?? "";
    const listed = [...tree.matchAll(/^ {2}([a-z-]+)\/ /gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(readdirSync(join(REPOSITORY_ROOT, "packages")).sort());
  });

  it("rooms have a folder each", () => {
    const folders = readdirSync(join(REPOSITORY_ROOT, "workers"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders).toEqual(expect.arrayContaining([...ROOMS]));
  });
});

describe("docs/decisions", () => {
  const names = readdirSync(join(REPOSITORY_ROOT, "docs/decisions")).sort();

  it.each(names)("%s is numbered in order and short", (name) => {
    const number = names.indexOf(name) + 1;
    expect(name.startsWith(`${String(number).padStart(4, "0")}-`)).toBe(true);
    const lines = read(`docs/decisions/${name}`).trimEnd().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^# ${number}\\. `));
    expect(lines.length).toBeLessThanOrEqual(12);
  });
});

describe("docs/rules.md", () => {
  const ROOTS = [
    "packages",
    "contracts",
    "workers",
    "workflows",
    "prisma/sql",
    "prisma/tests",
    "policies",
    "scenarios",
  ];
  const files = ROOTS.flatMap((root) =>
    existsSync(join(REPOSITORY_ROOT, root))
      ? readdirSync(join(REPOSITORY_ROOT, root), { recursive: true, encoding: "utf8" })
          .filter((name) => /\.(ts|sql|sol|md|ya?ml)$/.test(name) && !/node_modules|generated/.test(name))
          .map((name) => join(root, name))
      : [],
  );
  const rows = [...read("docs/rules.md").matchAll(/^\| (R\d+[a-c]?) +\| .+ \| (.+) \|$/gm)];
  // it says which numbers are of no rule
  const UNUSED = "packages/finance/src/rules.test.ts";

  it("has a row for every rule that code, SQL and policies name", () => {
    const named = new Set(
      files.filter((file) => file !== UNUSED).flatMap((file) => read(file).match(/\bR\d{1,2}[a-c]?\b/g) ?? []),
    );
    expect(named.size).toBeGreaterThan(30);
    expect([...named].filter((rule) => !rows.some(([, number]) => number === rule))).toEqual([]);
    expect(rows.map(([, number]) => number).filter((number) => !named.has(number!))).toEqual([]);
  });
  it("names places that are there", () => {
    const places = rows.flatMap(([, , where]) => [...where!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
    const there = (name: string) =>
      name.endsWith("/")
        ? files.some((file) => file.includes(`/${name}`) || file.startsWith(name))
        : files.some((file) => file.endsWith(`/${name}`));
    expect(places.length).toBeGreaterThan(30);
    expect(places.filter((name) => !there(name))).toEqual([]);
  });
});
