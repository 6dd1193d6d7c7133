// What a rule of the style law is: a name, the law in words, and how to find what breaks it.
import type { RepositoryFile } from "./repository.ts";

export interface Violation {
  path: string;
  line?: number;
  /** What is wrong and what to do, in one sentence. */
  what: string;
}

export interface Rule {
  name: string;
  /** The law, as CONTRIBUTING would say it. */
  law: string;
  find(files: readonly RepositoryFile[]): Violation[];
}

/** A rule that looks at one file at a time. */
export const perFile = (
  name: string,
  law: string,
  applies: (path: string) => boolean,
  look: (file: RepositoryFile) => Omit<Violation, "path">[],
): Rule => ({
  name,
  law,
  find: (files) =>
    files
      .filter((file) => applies(file.path))
      .flatMap((file) => look(file).map((violation) => ({ path: file.path, ...violation }))),
});

export interface Manifest {
  path: string;
  /** Folder of the package with a slash at the end; "" for the root. */
  folder: string;
  name: string;
  private: boolean;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

/** Every package.json among the files. */
export function manifestsOf(files: readonly RepositoryFile[]): Manifest[] {
  return files
    .filter((file) => file.path === "package.json" || file.path.endsWith("/package.json"))
    .map((file) => {
      const {
        name = "",
        private: closed = false,
        dependencies = {},
        devDependencies = {},
        scripts = {},
        allowScripts = {},
      } = JSON.parse(file.text) as Partial<Manifest>;
      return {
        path: file.path,
        folder: file.path.slice(0, -"package.json".length),
        name,
        private: closed,
        dependencies,
        devDependencies,
        scripts,
        allowScripts,
      };
    });
}

export const SCOPE = "@evergreen-fund/";

/** "@scope/name/deep" → "@scope/name"; "pg/x" → "pg"; undefined for relative and node: modules. */
export function packageOf(from: string): string | undefined {
  if (from.startsWith(".") || from.startsWith("node:") || from.startsWith("/")) return undefined;
  const parts = from.split("/");
  return from.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}
