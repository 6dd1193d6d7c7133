// What the rules need to know of a TypeScript file: its imports and its nodes, from a real parser, so that comments and strings mislead nobody.
import { parseAst } from "vitest/node";
import type { RepositoryFile } from "./repository.ts";

export interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

export interface ImportedModule {
  /** As written: "node:fs", "@evergreen-fund/domain", "./ids.ts". */
  from: string;
  /** `import type`: gone at run time. */
  typeOnly: boolean;
  line: number;
}

export interface Syntax {
  imports: ImportedModule[];
  nodes: Node[];
  lineOf(node: Node): number;
}

const parsed = new WeakMap<RepositoryFile, Syntax>();

/** Parses a file once. Throws when it is not TypeScript. */
export function syntaxOf(file: RepositoryFile): Syntax {
  let syntax = parsed.get(file);
  if (syntax === undefined) {
    syntax = read(file);
    parsed.set(file, syntax);
  }
  return syntax;
}

function read(file: RepositoryFile): Syntax {
  const program = parseAst(file.text, { lang: file.path.endsWith("x") ? "tsx" : "ts" }) as unknown as Node;
  const nodes: Node[] = [];
  collect(program, nodes);
  const lineOf = (node: Node): number => file.text.slice(0, node.start).split("\n").length;
  const imports = nodes.flatMap((node): ImportedModule[] => {
    const from = moduleOf(node);
    return from === undefined ? [] : [{ from, typeOnly: isTypeOnly(node), line: lineOf(node) }];
  });
  return { imports, nodes, lineOf };
}

function collect(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, into);
  } else if (isNode(value)) {
    into.push(value);
    for (const [key, child] of Object.entries(value)) if (key !== "parent") collect(child, into);
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value;

function moduleOf(node: Node): string | undefined {
  if (
    ![
      "ImportDeclaration",
      "ExportNamedDeclaration",
      "ExportAllDeclaration",
      "ImportExpression",
      "TSImportType",
    ].includes(node.type)
  )
    return undefined;
  const source = (node.source ?? (node.argument as Node | undefined)?.literal) as Node | undefined | null;
  return typeof source?.value === "string" ? source.value : undefined;
}

function isTypeOnly(node: Node): boolean {
  if (node.type === "TSImportType" || node.importKind === "type" || node.exportKind === "type") return true;
  const specifiers = node.specifiers as Node[] | undefined;
  return (
    specifiers !== undefined &&
    specifiers.length > 0 &&
    specifiers.every((one) => one.importKind === "type" || one.exportKind === "type")
  );
}

/** `a.b` of a member expression, or the name of an identifier; undefined for anything longer. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Identifier") return String(node.name);
  if (node.type !== "MemberExpression" || node.computed === true) return undefined;
  const object = nameOf(node.object);
  const property = nameOf(node.property);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

/** The text of a string or template literal; placeholders become `?`. */
export function textOf(node: Node): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type !== "TemplateLiteral") return undefined;
  return (node.quasis as { value: { raw: string } }[]).map((part) => part.value.raw).join("?");
}
