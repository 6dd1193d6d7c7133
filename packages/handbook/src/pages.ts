// The pages of the documentation: files of docs/ and of the repository, and references made from what the system itself runs by.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorsPage, eventsPage, functionsPage, settingsPage } from "./generated.ts";

export const PARTS = [
  { folder: "tutorial", title: "Tutorial", about: "Learn by doing: from a clone to a struck dealing day." },
  { folder: "how-to", title: "How-to guides", about: "Steps towards one aim, for people who know what they want." },
  { folder: "reference", title: "Reference", about: "What there is, complete, made from the system itself." },
  { folder: "explanation", title: "Explanation", about: "Why it is as it is." },
] as const;
export type Part = (typeof PARTS)[number]["folder"];

export interface Page {
  /** As browsers ask for it, such as /docs/how-to/auditor. */
  path: string;
  /** The file the text comes from, from the root of the repository; null: it is made. Links in the text are relative to it. */
  file: string | null;
  part: Part | null;
  title: string;
  markdown: string;
}

/** Files of the repository that are references themselves. */
const SHOWN: readonly { name: string; file: string }[] = [
  { name: "commands", file: "packages/cli/COMMANDS.md" },
  { name: "glossary", file: "packages/domain/GLOSSARY.md" },
  { name: "rules", file: "docs/rules.md" },
  { name: "scenarios", file: "scenarios/README.md" },
  { name: "benchmarks", file: "docs/benchmarks.md" },
];

const titleOf = (markdown: string, path: string): string => {
  const title = /^# (.+)$/m.exec(markdown)?.[1];
  if (title === undefined) throw new Error(`${path} has no title: begin it with "# ".`);
  return title.replace(/[`*]/g, "");
};

/** All pages in the order of the contents. `openapi`: the document of this stack as text, null where a Supabase project serves the API. */
export function pagesOf(root: string, openapi: string | null): Page[] {
  const page = (path: string, part: Part | null, file: string | null, markdown: string): Page => ({
    path,
    part,
    file,
    markdown,
    title: titleOf(markdown, file ?? path),
  });
  const fromFile = (path: string, part: Part | null, file: string): Page =>
    page(path, part, file, readFileSync(join(root, file), "utf8"));
  const ofFolder = (part: Part, folder: string, at: string): Page[] =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .sort()
      .map((name) => fromFile(`${at}/${name.replace(/\.md$/, "")}`, part, `${folder}/${name}`));

  const made: [string, string][] = [
    ["settings", settingsPage()],
    ["events", eventsPage()],
    ["errors", errorsPage()],
    ...(openapi === null ? [] : ([["functions", functionsPage(openapi)]] satisfies [string, string][])),
  ];
  return [
    fromFile("/docs", null, "docs/README.md"),
    ...ofFolder("tutorial", "docs/tutorial", "/docs/tutorial"),
    ...ofFolder("how-to", "docs/how-to", "/docs/how-to"),
    ...[
      ...SHOWN.map(({ name, file }) => fromFile(`/docs/reference/${name}`, "reference", file)),
      ...made.map(([name, markdown]) => page(`/docs/reference/${name}`, "reference", null, markdown)),
    ].sort((a, b) => (a.path < b.path ? -1 : 1)),
    ...ofFolder("explanation", "docs/explanation", "/docs/explanation"),
    ...ofFolder("explanation", "docs/decisions", "/docs/explanation/decisions"),
  ];
}
