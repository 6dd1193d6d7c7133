// The HTTP interface as OpenAPI 3.1: each function that people may call, each table and view they may read, signing in.
import { ERRORS } from "@evergreen-fund/domain";
import type { ApiCatalogue, ApiFunction, ApiRelation } from "@evergreen-fund/domain/api-catalogue.ts";
import { RPCS } from "@evergreen-fund/supabase-client/rpc.ts";
import type { Rpc } from "@evergreen-fund/supabase-client/rpc-shape.ts";
import { z } from "zod";
import { schemaOfColumn } from "./columns.ts";
import type { Schema } from "./schema.ts";

export interface OpenApi {
  openapi: "3.1.0";
  info: { title: string; version: string; summary: string; description: string; license: { name: string } };
  servers: { url: string }[];
  security: Record<string, never[]>[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, Schema>; [kind: string]: unknown };
}

const DESCRIPTION = `The Supabase API of an Evergreen stack. Sign in at \`/auth/v1/token\`, send the publishable key as \`apikey\` and the token as bearer; \`@supabase/supabase-js\` does both.
Functions change state, tables and views are read. What a caller may call is bound by the role, which rows they see by row-level security. Amounts are strings of decimals, times are UTC.
Every function that writes takes a \`request_id\`: the same id with the same input answers as the first time, with other input it is refused (EG409).`;

/** The document. `server`: where the API answers; `version`: of the platform. Throws when the database has a function whose shape is not known here. */
export function openApiOf(catalogue: ApiCatalogue, { server, version }: { server: string; version: string }): OpenApi {
  const schemas: Record<string, Schema> = { error: errorSchema() };
  const paths: OpenApi["paths"] = { "/auth/v1/token": { post: signIn() } };
  for (const fn of catalogue.functions) paths[`/rest/v1/rpc/${fn.name}`] = { post: callOf(fn, schemas) };
  for (const relation of catalogue.relations) paths[`/rest/v1/${relation.name}`] = { get: readOf(relation, schemas) };
  return {
    openapi: "3.1.0",
    info: {
      title: "Evergreen",
      version,
      summary: "Operations for evergreen funds",
      description: DESCRIPTION,
      license: { name: "Apache License 2.0" },
    },
    servers: [{ url: server }],
    security: [{ key: [], session: [] }],
    tags: [
      { name: "functions", description: "The only way to change anything; each also says who may call it." },
      { name: "tables", description: "Rows, as far as row-level security shows them to the caller." },
      { name: "session", description: "Signing in." },
    ],
    paths,
    components: {
      schemas,
      securitySchemes: {
        key: { type: "apiKey", in: "header", name: "apikey", description: "The publishable key; /config.json has it." },
        session: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      },
      parameters: LIST_PARAMETERS,
      responses: {
        refused: {
          description: "Refused: nothing was changed. The code says why, the sentence what to do.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/error" } } },
        },
      },
    },
  };
}

const LIST_PARAMETERS = {
  select: query("select", "Columns, by commas; of a referenced table too: `*,funds(code)`."),
  order: query("order", "Columns with `.asc` or `.desc`, by commas."),
  limit: query("limit", "At most so many rows; never more than 1,000.", {
    type: "integer",
    minimum: 0,
    maximum: 1_000,
  }),
  offset: query("offset", "How many rows to pass over.", { type: "integer", minimum: 0 }),
};

function query(name: string, description: string, schema: Schema = { type: "string" }) {
  return { name, in: "query", required: false, description, schema };
}

/** Two hundred, and the refusals that every call can meet. */
function answers(description: string, schema: Schema): Record<string, unknown> {
  const refused = { $ref: "#/components/responses/refused" };
  return {
    "200": { description, content: { "application/json": { schema } } },
    "400": refused,
    "401": refused,
    "403": refused,
    "404": refused,
    "409": refused,
    "503": refused,
  };
}

function errorSchema(): Schema {
  const codes = Object.entries(ERRORS).map(([code, { name, meaning }]) => `${code} ${name}: ${meaning}`);
  return {
    type: "object",
    required: ["code", "message"],
    properties: {
      code: { type: "string", description: `One of the registry, or a code of PostgREST.\n\n- ${codes.join("\n- ")}` },
      message: { type: "string" },
      details: { type: "null" },
      hint: { type: "null" },
    },
  };
}

function callOf(fn: ApiFunction, schemas: Record<string, Schema>): Record<string, unknown> {
  const known: Rpc | undefined = (RPCS as Record<string, Rpc>)[fn.name];
  if (known === undefined) throw new Error(`${fn.name} is in the database but not among the RPCS of supabase-client.`);
  schemas[`${fn.name}.arguments`] = jsonSchemaOf(known.args, "input");
  const result = jsonSchemaOf(known.result, "output");
  schemas[`${fn.name}.result`] = known.shape === "rows" ? { type: "array", items: result } : result;
  return {
    operationId: fn.name,
    tags: ["functions"],
    summary: firstSentence(fn.comment),
    description: `${fn.comment}\n\nMay be called by: ${fn.roles.join(", ")}.`,
    requestBody: {
      required: true,
      content: { "application/json": { schema: { $ref: `#/components/schemas/${fn.name}.arguments` } } },
    },
    responses: answers("What the function answers.", { $ref: `#/components/schemas/${fn.name}.result` }),
    "x-roles": fn.roles,
  };
}

function readOf(relation: ApiRelation, schemas: Record<string, Schema>): Record<string, unknown> {
  schemas[relation.name] = rowSchemaOf(relation);
  const filters = relation.columns.map(({ name, type }) =>
    query(
      name,
      `${type}: \`eq.\`, \`neq.\`, \`gt.\`, \`gte.\`, \`lt.\`, \`lte.\`, \`in.(…)\`, \`is.null\` and a value.`,
    ),
  );
  return {
    operationId: `read_${relation.name}`,
    tags: ["tables"],
    summary: firstSentence(relation.comment ?? relation.name),
    description: `${relation.comment ?? ""}\n\nMay be read by: ${relation.roles.join(", ")}; each sees the rows that row-level security shows them.`,
    parameters: [
      ...Object.keys(LIST_PARAMETERS).map((name) => ({ $ref: `#/components/parameters/${name}` })),
      // a column may have the name of a parameter of the list; the list's comes first in PostgREST too
      ...filters.filter(({ name }) => !(name in LIST_PARAMETERS)),
    ],
    responses: answers("The rows.", { type: "array", items: { $ref: `#/components/schemas/${relation.name}` } }),
    "x-roles": relation.roles,
  };
}

/** A whole row; `select` may ask for fewer columns. */
function rowSchemaOf({ columns, comment, kind }: ApiRelation): Schema {
  const properties = Object.fromEntries(
    columns.map((column) => {
      const schema = schemaOfColumn(column.type, column.nullable || kind === "view");
      return [column.name, column.comment === null ? schema : { ...schema, description: column.comment }];
    }),
  );
  return { type: "object", ...(comment === null ? {} : { description: comment }), properties };
}

function jsonSchemaOf(shape: z.ZodType, io: "input" | "output"): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type !== "date") return;
      jsonSchema.type = "string";
      jsonSchema.format = "date-time";
    },
  }) as Schema;
  return schema;
}

const firstSentence = (text: string): string => /^.*?[.:;](?=\s|$)/s.exec(text)?.[0].replace(/[.:;]$/, "") ?? text;

function signIn(): Record<string, unknown> {
  const text: Schema = { type: "string" };
  return {
    operationId: "sign_in",
    tags: ["session"],
    summary: "Sign in, or go on with a refresh token",
    security: [{ key: [] }],
    parameters: [
      {
        name: "grant_type",
        in: "query",
        required: true,
        schema: { type: "string", enum: ["password", "refresh_token"] },
      },
    ],
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: {
            oneOf: [
              { type: "object", required: ["email", "password"], properties: { email: text, password: text } },
              { type: "object", required: ["refresh_token"], properties: { refresh_token: text } },
            ],
          },
        },
      },
    },
    responses: answers("A session. The access token is good for `expires_in` seconds.", {
      type: "object",
      required: ["access_token", "refresh_token", "expires_in"],
      properties: { access_token: text, refresh_token: text, expires_in: { type: "integer" }, token_type: text },
    }),
  };
}
