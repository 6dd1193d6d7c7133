// What package.json files, the lock file and the documents owe each other.
import { posix } from "node:path";
import type { RepositoryFile } from "./repository.ts";
import { type Manifest, manifestsOf, perFile, type Rule, SCOPE, type Violation } from "./rule.ts";

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

const dependenciesOf = (manifest: Manifest): [name: string, version: string][] =>
  Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

const pinRule: Rule = {
  name: "pins",
  law: "Every dependency is pinned exactly, and to one version in the whole project.",
  find(files) {
    const seen = new Map<string, { version: string; path: string }>();
    return manifestsOf(files).flatMap((manifest) =>
      dependenciesOf(manifest).flatMap(([name, version]): Violation[] => {
        if (!EXACT.test(version)) return [{ path: manifest.path, what: `${name} is "${version}": pin it exactly` }];
        const first = seen.get(name) ?? { version, path: manifest.path };
        seen.set(name, first);
        return first.version === version
          ? []
          : [{ path: manifest.path, what: `${name} is ${version} here and ${first.version} in ${first.path}` }];
      }),
    );
  },
};

/** A row of the dependency table: | `name` | version | why | */
const ROW = /^\|\s*`([^`]+)`\s*\|\s*([^|]+?)\s*\|\s*([^|]+?)\s*\|$/;

const reasonRule: Rule = {
  name: "reasons",
  law: "Every npm dependency stands in ARCHITECTURE.md with its version and why it is there, and nothing else stands there.",
  find(files) {
    const path = "ARCHITECTURE.md";
    const rows = (files.find((file) => file.path === path)?.text ?? "").split("\n").flatMap((line, index) => {
      const [, name = "", version = "", why = ""] = ROW.exec(line) ?? [];
      return EXACT.test(version) ? [{ name, version, why, line: index + 1 }] : [];
    });
    const wanted = new Map(
      manifestsOf(files)
        .flatMap(dependenciesOf)
        .filter(([name]) => !name.startsWith(SCOPE)),
    );
    return [
      ...[...wanted].flatMap(([name, version]): Violation[] => {
        const row = rows.find((one) => one.name === name);
        if (row === undefined) return [{ path, what: `${name} ${version} has no row that says why it is there` }];
        if (row.version !== version)
          return [{ path, line: row.line, what: `${name} is ${version}, not ${row.version}` }];
        return row.why.length < 12 ? [{ path, line: row.line, what: `${name}: say why it is there` }] : [];
      }),
      ...rows
        .filter(({ name }) => !wanted.has(name))
        .map(({ name, line }) => ({ path, line, what: `${name} is no dependency any more` })),
    ];
  },
};

const privateRule: Rule = {
  name: "private",
  law: "Every package is private and scoped: nothing is published by accident.",
  find: (files) =>
    manifestsOf(files).flatMap((manifest) => [
      ...(manifest.private ? [] : [{ path: manifest.path, what: "is not private" }]),
      ...(manifest.folder === "" || manifest.name.startsWith(SCOPE)
        ? []
        : [{ path: manifest.path, what: `${manifest.name} is not in ${SCOPE}` }]),
    ]),
};

const cycleRule: Rule = {
  name: "acyclic",
  law: "The packages form no circle.",
  find(files) {
    const manifests = new Map(manifestsOf(files).map((manifest) => [manifest.name, manifest]));
    const done = new Set<string>();
    const circles: Violation[] = [];
    const visit = (name: string, way: readonly string[]): void => {
      if (way.includes(name))
        circles.push({
          path: manifests.get(name)?.path ?? name,
          what: `a circle: ${[...way.slice(way.indexOf(name)), name].join(" → ")}`,
        });
      if (way.includes(name) || done.has(name)) return;
      for (const next of Object.keys(manifests.get(name)?.dependencies ?? {}).filter((one) => manifests.has(one)))
        visit(next, [...way, name]);
      done.add(name);
    };
    for (const name of manifests.keys()) visit(name, []);
    return circles;
  },
};

interface Locked {
  hasInstallScript?: boolean;
  resolved?: string;
  link?: boolean;
}

const lockRule: Rule = {
  name: "lock",
  law: "The lock file names no registry, and every package with an install script is allowed or denied by name in the root package.json.",
  find(files) {
    const file = files.find(({ path }) => path === "package-lock.json");
    if (file === undefined) return [];
    const packages = (JSON.parse(file.text) as { packages: Record<string, Locked> }).packages;
    const scripted = new Set(
      Object.entries(packages)
        .filter(([, locked]) => locked.hasInstallScript === true)
        .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)),
    );
    const ruled = Object.keys(manifestsOf(files).find(({ folder }) => folder === "")?.allowScripts ?? {});
    return [
      ...Object.entries(packages)
        .filter(([, { resolved, link }]) => resolved !== undefined && link !== true)
        .map(([path]) => ({ path: file.path, what: `${path} names the registry it came from` })),
      ...[...scripted]
        .filter((name) => !ruled.includes(name))
        .map((name) => ({
          path: "package.json",
          what: `${name} has an install script: allow or deny it in allowScripts`,
        })),
      ...ruled
        .filter((name) => !scripted.has(name))
        .map((name) => ({
          path: "package.json",
          what: `${name} has no install script any more: take it out of allowScripts`,
        })),
    ];
  },
};

const linkRule = (files: readonly RepositoryFile[]): Rule =>
  perFile(
    "links",
    "Every relative link of a document leads somewhere, and every `npm run` it names exists.",
    (path) => path.endsWith(".md"),
    (file) => {
      const known = new Set(
        files.flatMap(({ path }) => [
          path,
          ...path.split("/").map((_part, index, parts) => parts.slice(0, index).join("/")),
        ]),
      );
      const scripts = manifestsOf(files).find(({ folder }) => folder === "")?.scripts ?? {};
      return file.text.split("\n").flatMap((text, index) => {
        const broken = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
          .map(([, target = ""]) => target)
          .filter(
            (target) =>
              // an address of the gateway: the pages served there are looked at by packages/handbook
              !/^([a-z]+:|\/docs\/|\/reference$)/.test(target) &&
              !known.has(posix.join(posix.dirname(file.path), target).replace(/\/$/, "")),
          );
        const commands = [...text.matchAll(/\bnpm run (?:-s )?([a-z:-]+)/g)]
          .map(([, script = ""]) => script)
          .filter((script) => !(script in scripts));
        return [
          ...broken.map((target) => ({ line: index + 1, what: `${target} does not exist` })),
          ...commands.map((script) => ({ line: index + 1, what: `there is no script ${script}` })),
        ];
      });
    },
  );

export const PACKAGE_RULES: readonly Rule[] = [
  pinRule,
  reasonRule,
  privateRule,
  cycleRule,
  lockRule,
  {
    name: "links",
    law: "Every relative link of a document leads somewhere, and every `npm run` it names exists.",
    find: (files) => linkRule(files).find(files),
  },
];
