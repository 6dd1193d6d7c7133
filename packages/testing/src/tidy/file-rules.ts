// What files are called, how long they are, and what stands on their first line.
import { RECORDED_IDENTITY } from "../recorded-identity.ts";
import { linesWith } from "./code-rules.ts";
import { isCode, isRecorded, isTest } from "./repository.ts";
import { perFile, type Rule } from "./rule.ts";
import { nameOf, syntaxOf } from "./syntax.ts";

const MAX_LINES = 400;
const MAX_README_LINES = 60;
/** Words that name nothing: a file or an export called so tells its reader only that its author had no name for it. */
const EMPTY_WORDS = ["util", "utils", "helper", "helpers", "common", "manager", "service", "info", "misc"];
/** Documents and tool files that have a name of their own by custom. */
const BY_CUSTOM = /^([A-Z]+\.md|LICENSE|Dockerfile|Caddyfile|\.[a-z.-]+|run)$/;

const baseOf = (path: string): string => path.split("/").at(-1) ?? "";

const kebabRule = perFile(
  "kebab-case",
  "Files and folders are kebab-case.",
  (path) => !isRecorded(path),
  (file) => {
    const parts = file.path.split("/");
    const wrong = parts.slice(0, -1).filter((part) => !/^\.?[a-z0-9]+(-[a-z0-9]+)*$/.test(part));
    const name = parts.at(-1) ?? "";
    if (!BY_CUSTOM.test(name) && !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(name)) wrong.push(name);
    return wrong.map((part) => ({ what: `${part} is not kebab-case` }));
  },
);

const nameRule = perFile(
  "empty-names",
  `No file, class or export is called ${EMPTY_WORDS.join(", ")}.`,
  isCode,
  (file) => {
    const last = baseOf(file.path).split(".")[0]?.split("-").at(-1) ?? "";
    const files = EMPTY_WORDS.includes(last) ? [{ what: `${baseOf(file.path)}: name it after what it is` }] : [];
    const { nodes, lineOf } = syntaxOf(file);
    const exported = nodes.flatMap((node) => {
      if (node.type !== "ExportNamedDeclaration") return [];
      const declaration = node.declaration as { id?: unknown; declarations?: { id: unknown }[] } | null;
      const ids = declaration?.declarations?.map(({ id }) => id) ?? [declaration?.id];
      return ids.map(nameOf).flatMap((name) => {
        const word = name?.match(/([A-Z][a-z]+|^[a-z]+)$/)?.[0].toLowerCase();
        return word !== undefined && EMPTY_WORDS.includes(word)
          ? [{ line: lineOf(node), what: `${name}: name it after what it is` }]
          : [];
      });
    });
    return [...files, ...exported];
  },
);

const lengthRule = perFile(
  "length",
  `No file is longer than ${MAX_LINES} lines.`,
  (path) => !isRecorded(path) && !path.endsWith(".json") && !/^(LICENSE|[A-Z]+\.md)$/.test(path),
  (file) => {
    const lines = file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);
    return lines > MAX_LINES ? [{ what: `${lines} lines: split it by what it does` }] : [];
  },
);

const openingRule = perFile(
  "opening",
  "The first line of a source file says what the file is for.",
  (path) => !isRecorded(path) && /\.(ts|tsx|mjs|sql|prisma|ya?ml|sh)$|(^|\/)(Dockerfile|Caddyfile)$/.test(path),
  (file) => {
    const lines = file.text.split("\n");
    const first = (lines[0]?.startsWith("#!") ? lines[1] : lines[0]) ?? "";
    const words = first.match(/^(\/\/|\/\*+|--|#)\s*(.*)$/)?.[2] ?? "";
    return words.length >= 15 && !words.startsWith("syntax=")
      ? []
      : [{ line: 1, what: "the first line does not say what this file is for" }];
  },
);

const MACHINE = /(^|[\s"'`(=:])\/(work|root|home\/(?!node\b)[a-z]+|Users\/[a-z]+)\/[\w.]/;

const pathRule = perFile(
  "machine-paths",
  "No path of anybody's machine: paths come from the file's own place or from a setting.",
  (path) => path !== "package-lock.json",
  (file) => linesWith(file.text, MACHINE, "a path of one machine"),
);

/** Process id and host, as Temporal names a client or worker that was given no other name; or any identity but the neutral one. */
const IDENTITY = new RegExp(`"\\d+@[\\w.-]+|"identity":\\s*"(?!${RECORDED_IDENTITY}")[^"]`);

const identityRule = perFile(
  "identities",
  `A recorded history names no machine: every identity in it is ${RECORDED_IDENTITY}.`,
  (path) => /^workflows\/histories\/.*\.json$/.test(path),
  (file) => linesWith(file.text, IDENTITY, "the name of a process and its host: record it with `npm run histories`"),
);

const readmeRule: Rule = {
  name: "readme",
  law: `Every package and every room has a README of at most ${MAX_README_LINES} lines.`,
  find(files) {
    const folders = new Set(
      files
        .flatMap(({ path }) => path.match(/^(packages\/[^/]+|workers\/[^/]+|workers|workflows|analytics)\//)?.[1] ?? [])
        .filter((folder) => folder !== "workers/tests"),
    );
    for (const { path } of files) if (/^workers\/[^/]+\//.test(path)) folders.add("workers");
    return [...folders].flatMap((folder) => {
      const readme = files.find(({ path }) => path === `${folder}/README.md`);
      if (readme === undefined) return [{ path: `${folder}/README.md`, what: "is missing" }];
      const lines = readme.text.trimEnd().split("\n").length;
      return lines > MAX_README_LINES
        ? [{ path: readme.path, what: `${lines} lines: a README is read in a minute` }]
        : [];
    });
  },
};

const ROOM_FILES = ["README.md", "facts.ts", "decide.ts", "activities.ts", "narrate.ts", "decide.test.ts"];
const MUST_HAVE = ["README.md", "facts.ts", "decide.ts", "activities.ts", "decide.test.ts"];

const roomRule: Rule = {
  name: "room-files",
  law: "A room is the same files every time: README, facts, decide, activities, narrate where it speaks, decide.test; what it does beside in a folder of the same files.",
  find(files) {
    const rooms = new Set(files.flatMap(({ path }) => path.match(/^workers\/([a-z-]+)\//)?.[1] ?? []));
    rooms.delete("dispatcher"); // not an agent: it decides nothing
    rooms.delete("tests");
    return [...rooms].flatMap((room) => {
      const has = files
        .filter(({ path }) => path.startsWith(`workers/${room}/`))
        .map(({ path }) => path.slice(`workers/${room}/`.length));
      const missing = MUST_HAVE.filter((name) => !has.includes(name)).map((name) => ({
        path: `workers/${room}/${name}`,
        what: "is missing",
      }));
      const strange = has.filter(
        (name) =>
          !ROOM_FILES.includes(name.replace(/^[a-z-]+\//, "")) && !isTest(name) && !isTest(`workers/${room}/${name}`),
      );
      return [
        ...missing,
        ...strange.map((name) => ({
          path: `workers/${room}/${name}`,
          what: `a room has only ${ROOM_FILES.join(", ")} and its tests`,
        })),
      ];
    });
  },
};

const FUNCTION_NAME = /\bfn_[a-z_]+\b/g;

const charterRule: Rule = {
  name: "charter",
  law: "The README of a room names every fn_* the room calls, and none that does not exist.",
  find(files) {
    const tables = files.filter(({ path }) => /^packages\/supabase-client\/src\/([a-z]+-)?rpc\.ts$/.test(path));
    const known = tables.length === 0 ? null : tables.flatMap(({ text }) => text.match(FUNCTION_NAME) ?? []);
    const rooms = files.filter(({ path }) => /^workers\/[a-z-]+\/README\.md$/.test(path));
    return rooms.flatMap(({ path, text }) => {
      const folder = path.slice(0, -"README.md".length);
      const code = files.filter((file) => file.path.startsWith(folder) && isCode(file.path) && !isTest(file.path));
      const called = new Set(code.flatMap((file) => file.text.match(FUNCTION_NAME) ?? []));
      const named = new Set(text.match(FUNCTION_NAME) ?? []);
      return [
        ...[...called]
          .filter((name) => !named.has(name))
          .map((name) => ({ path, what: `${name} is called and not named` })),
        ...[...named]
          .filter((name) => known && !known.includes(name))
          .map((name) => ({ path, what: `${name} does not exist` })),
      ];
    });
  },
};

export const FILE_RULES: readonly Rule[] = [
  kebabRule,
  nameRule,
  lengthRule,
  openingRule,
  pathRule,
  identityRule,
  readmeRule,
  roomRule,
  charterRule,
];
