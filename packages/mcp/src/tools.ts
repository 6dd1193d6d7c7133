// The tools: each reading function and each open relation from the catalogue, and the few requests that people decide about.
import type { ApiColumn, ApiFunction, ApiRelation } from "@evergreen-fund/domain/api-catalogue.ts";
import { RPCS } from "@evergreen-fund/supabase-client";
import type { Rpc } from "@evergreen-fund/supabase-client/rpc-shape.ts";
import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { answered } from "./answer.ts";
import type { Caller, Door } from "./door.ts";
import { offeredReads, offeredRelations } from "./offered.ts";
import { PROPOSALS } from "./proposals.ts";

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false } as const;
/** A request adds a row that people see and decide about; repeated with its id it is the same request. */
const ASKS = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false } as const;
const MOST_ROWS = 500;

export const toolOfFunction = (name: string): string => name.replace(/^fn_/, "");
export const toolOfRelation = (name: string): string => `rows_of_${name}`;

const words = (name: string): string => name.replaceAll("_", " ");

/** Registers what this caller may use; whatever else there is does not exist for them. */
export function registerTools(server: McpServer, { door, catalogue }: Caller): void {
  for (const fn of offeredReads(catalogue)) registerRead(server, door, fn);
  for (const relation of offeredRelations(catalogue)) registerRows(server, door, relation);
  for (const { tool, fn, title, about, input, argumentsOf } of PROPOSALS) {
    const roles = catalogue.functions.find(({ name }) => name === fn)?.roles ?? [];
    if (!roles.includes(catalogue.caller)) continue;
    server.registerTool(tool, { title, description: about, inputSchema: input, annotations: ASKS }, (given) =>
      answered(async () => door.call(fn, await argumentsOf(given))),
    );
  }
}

function registerRead(server: McpServer, door: Door, { name, comment }: ApiFunction): void {
  const known: Rpc | undefined = (RPCS as Record<string, Rpc>)[name];
  if (!(known?.args instanceof z.ZodObject)) throw new Error(`${name} is in the database but not among the RPCS.`);
  const config = {
    title: words(toolOfFunction(name)),
    description: comment,
    inputSchema: known.args.strict(),
    annotations: { ...READS, title: words(toolOfFunction(name)) },
  };
  server.registerTool(toolOfFunction(name), config, (given) =>
    answered(() => door.call(name, given as Record<string, unknown>)),
  );
}

/** Types whose values compare with one word. */
const COMPARABLE = /^(uuid|text|boolean|date|smallint|integer|bigint)$/;
/** Whatever a JSON number would round comes as text. */
const selected = ({ name, type }: ApiColumn): string => (type === "numeric" ? `${name}::text` : name);

function registerRows(server: McpServer, door: Door, { name, comment, columns }: ApiRelation): void {
  const comparable = columns.filter(({ type }) => COMPARABLE.test(type)).map((column) => column.name);
  const inputSchema = z.strictObject({
    equals: z
      .partialRecord(z.enum(comparable as [string, ...string[]]), z.string().max(200))
      .optional()
      .describe("Only rows whose columns have exactly these values."),
    limit: z.int().min(1).max(MOST_ROWS).default(100),
    offset: z.int().min(0).max(1_000_000).default(0),
  });
  const config = {
    title: `Rows of ${words(name)}`,
    description: `${comment ?? `Rows of ${words(name)}.`} As far as row-level security shows them to you; amounts are decimal text.`,
    inputSchema,
    annotations: READS,
  };
  server.registerTool(toolOfRelation(name), config, ({ equals = {}, limit, offset }) =>
    answered(() =>
      door.rows(name, {
        columns: columns.map(selected).join(","),
        equals: equals as Record<string, string>,
        limit,
        offset,
      }),
    ),
  );
}
