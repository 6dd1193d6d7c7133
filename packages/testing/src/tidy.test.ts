// The style law as a test: every rule over the whole repository, and every rule seen to find what was planted for it.
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { describe, expect, it } from "vitest";
import { EXCEPTIONS, isExcepted } from "./tidy/exceptions.ts";
import { PLANTED } from "./tidy/planted.ts";
import { type RepositoryFile, readRepository } from "./tidy/repository.ts";
import type { Violation } from "./tidy/rule.ts";
import { RULES } from "./tidy/rules.ts";

const files = readRepository(REPOSITORY_ROOT);
const found = new Map(RULES.map((rule) => [rule.name, rule.find(files)]));

const shown = ({ path, line, what }: Violation): string => `${path}${line === undefined ? "" : `:${line}`} ${what}`;
const repository = (texts: Record<string, string>): RepositoryFile[] =>
  Object.entries(texts).map(([path, text]) => ({ path, text }));

describe("the repository", () => {
  it("was read: the rules look at the files there are", () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "package.json",
        "packages/testing/src/tidy.test.ts",
        "prisma/schema.prisma",
        "workers/main.ts",
      ]),
    );
  });

  it.each(RULES.map((rule) => ({ name: rule.name, law: rule.law })))("$name: $law", ({ name }) => {
    const broken = (found.get(name) ?? []).filter(
      ({ path }) => !EXCEPTIONS.some((exception) => isExcepted(exception, name, path)),
    );
    expect(broken.map(shown)).toEqual([]);
  });

  it.each(EXCEPTIONS)("needs the exception $rule for $path: $why", (exception) => {
    expect(found.get(exception.rule)?.some(({ path }) => isExcepted(exception, exception.rule, path))).toBe(true);
    expect(exception.why.length).toBeGreaterThan(15);
  });
});

describe("each rule", () => {
  it("has a name of its own and something planted for it", () => {
    expect(Object.keys(PLANTED).sort()).toEqual(RULES.map(({ name }) => name).sort());
  });

  it.each(
    RULES.flatMap((rule) =>
      (PLANTED[rule.name]?.breaks ?? []).map((texts, index) => ({ rule, name: rule.name, index, texts })),
    ),
  )("$name finds what was planted ($index)", ({ rule, texts }) => {
    expect(rule.find(repository(texts)).map(shown)).not.toEqual([]);
  });

  it.each(RULES.map((rule) => ({ rule, name: rule.name })))("$name lets pass what keeps it", ({ rule, name }) => {
    expect(rule.find(repository(PLANTED[name]?.keeps ?? {})).map(shown)).toEqual([]);
  });
});
