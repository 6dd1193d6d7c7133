// The document as TypeScript: a `Database` for `createClient<Database>()` of supabase-js, with comments as they stand in the database.
import type { OpenApi } from "./openapi.ts";
import type { Schema } from "./schema.ts";

/** Text of a module. Tables and views have a Row and nothing else: nobody inserts, updates or deletes but functions. */
export function typesOf({ components: { schemas }, paths }: OpenApi): string {
  const names = Object.keys(schemas);
  const functions = names.filter((name) => name.endsWith(".arguments")).map((name) => name.replace(/\.arguments$/, ""));
  const relations = names.filter((name) => paths[`/rest/v1/${name}`] !== undefined);
  return `// Made by \`evergreen api types\` from the running stack: do not edit.
export interface Database {
  public: {
    Tables: {
${relations.map((name) => relationText(name, schemas[name]!)).join("\n")}
    };
    Views: Record<string, never>;
    Functions: {
${functions.map((name) => functionText(name, schemas)).join("\n")}
    };
    Enums: Record<string, never>;
    CompositeTypes: Record<string, never>;
  };
}
`;
}

function relationText(name: string, schema: Schema): string {
  const row = typeText({ ...schema, required: Object.keys(schema.properties ?? {}) }, "        ");
  return `${commentText(schema.description, "      ")}      ${name}: {
        Row: ${row};
        Insert: Record<string, never>;
        Update: Record<string, never>;
        Relationships: [];
      };`;
}

function functionText(name: string, schemas: Record<string, Schema>): string {
  return `      ${name}: {
        Args: ${typeText(schemas[`${name}.arguments`]!, "        ")};
        Returns: ${typeText(schemas[`${name}.result`]!, "        ")};
      };`;
}

const NAMES: Readonly<Record<string, string>> = {
  string: "string",
  number: "number",
  integer: "number",
  boolean: "boolean",
  null: "null",
};

/** The type of a schema; `indent` is that of the line it begins on. */
export function typeText(schema: Schema, indent = "", root: Schema = schema): string {
  const inner = (one: Schema): string => typeText(one, indent, root);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^#\/\$defs\//, "");
    const definition = schema.$ref === "#" ? undefined : root.$defs?.[name];
    // a shape that contains itself has no name here
    return definition === undefined || JSON.stringify(definition).includes(`"${schema.$ref}"`)
      ? "unknown"
      : inner(definition);
  }
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map(inner))].join(" | ");
  if (schema.allOf) return schema.allOf.map((one) => `(${inner(one)})`).join(" & ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => inner({ ...schema, type })).join(" | ");
  if (schema.type === "array") {
    if (schema.prefixItems) return `[${schema.prefixItems.map(inner).join(", ")}]`;
    const item = inner(schema.items ?? {});
    return /[|&]/.test(item) && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === "object") return objectText(schema, indent, root);
  return NAMES[schema.type ?? ""] ?? "unknown";
}

function objectText(schema: Schema, indent: string, root: Schema): string {
  const own = Object.entries(schema.properties ?? {});
  if (own.length === 0) {
    const { additionalProperties: rest } = schema;
    if (rest === false || rest === undefined) return "Record<string, never>";
    return `Record<string, ${rest === true ? "unknown" : typeText(rest, indent, root)}>`;
  }
  const deeper = `${indent}  `;
  const lines = own.map(([name, one]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    return `${commentText(one.description, deeper)}${deeper}${key}${optional}: ${typeText(one, deeper, root)};`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

const commentText = (text: string | undefined, indent: string): string =>
  text === undefined ? "" : `${indent}/** ${text.replaceAll("*/", "* /").replace(/\s+/g, " ")} */\n`;
