// What pages of the documentation owe their reader: a title, and a length that can be read. Links are a rule of package-rules.ts.
import type { Rule } from "./rule.ts";

const MAX_PAGE_LINES = 200;

const pageRule: Rule = {
  name: "pages",
  law: `A page of the documentation begins with its title and has at most ${MAX_PAGE_LINES} lines.`,
  find: (files) =>
    files
      .filter(({ path }) => /^docs\/(README|(tutorial|how-to|explanation)\/.+)\.md$/.test(path))
      .flatMap(({ path, text }) => [
        ...(text.startsWith("# ") ? [] : [{ path, line: 1, what: "does not begin with its title" }]),
        ...(text.split("\n").length > MAX_PAGE_LINES + 1 ? [{ path, what: "is too long: make two pages of it" }] : []),
      ]),
};

export const DOCUMENT_RULES: readonly Rule[] = [pageRule];
