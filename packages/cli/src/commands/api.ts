// `api openapi|types`: what a program may ask of the stack, from the stack itself.
import { writeFile } from "node:fs/promises";
import { type OpenApi, openApiOf, typesOf } from "@evergreen-fund/api-reference";
import { platformVersion } from "@evergreen-fund/config/version.ts";
import { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Answer, type Command, type CommandOption, type Options, text } from "../command.ts";
import type { Context } from "../context.ts";
import { facts, plain } from "../output.ts";

const OUT: CommandOption = {
  flags: "--out <file>",
  about: "write it here (replacing the file) instead of printing it",
};

async function documentOf(context: Context): Promise<OpenApi> {
  const session = await context.session("pm_role");
  const catalogue = await session.call("fn_describe_api", {}, ApiCatalogue);
  return openApiOf(catalogue, { server: session.url, version: platformVersion() });
}

async function written(content: string, json: unknown, options: Options): Promise<Answer> {
  const out = text(options, "out");
  if (out === undefined) return { json, text: content.trimEnd() };
  await writeFile(out, content).catch((error: unknown) => {
    throw new EvergreenError("EG400", `Cannot write ${plain(out)}: name a file in a folder that exists.`, {
      cause: error,
    });
  });
  const bytes = Buffer.byteLength(content);
  return { json: { file: out, bytes }, text: facts([["Written", `${out}, ${bytes} bytes`]]) };
}

export const apiCommands: readonly Command[] = [
  {
    path: "api openapi",
    summary: "The HTTP interface as OpenAPI 3.1: each function and each table, who may, what goes in and comes out",
    options: [OUT],
    examples: ["api openapi --out openapi.json", "api openapi --output-format json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const document = await documentOf(context);
      return written(`${JSON.stringify(document, null, 2)}\n`, document, options);
    },
  },
  {
    path: "api types",
    summary: "The same as TypeScript: a `Database` for createClient of supabase-js",
    options: [OUT],
    examples: ["api types --out database.ts"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const types = typesOf(await documentOf(context));
      return written(types, { types }, options);
    },
  },
];
