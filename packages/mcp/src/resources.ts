// What a model may read without a tool: the words, the rules, and the funds that the caller sees.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { type McpServer, ResourceNotFoundError, ResourceTemplate } from "@modelcontextprotocol/server";
import { z } from "zod";
import { dataText } from "./answer.ts";
import type { Caller, Door } from "./door.ts";

const DOCUMENTS = [
  {
    name: "glossary",
    file: "packages/domain/GLOSSARY.md",
    title: "Glossary",
    description: "One word per thing: what the words in answers and arguments mean.",
  },
  {
    name: "rules",
    file: "docs/rules.md",
    title: "Rules of the fund",
    description: "What R1, R2, … say and where each lives.",
  },
] as const;

const Fund = z.looseObject({ code: z.string(), name: z.string() });
const COLUMNS = "fund_id,code,name,base_currency,status";

const fundsOf = async (door: Door, code?: string): Promise<z.infer<typeof Fund>[]> =>
  z
    .array(Fund)
    .parse(
      await door.rows("funds", { columns: COLUMNS, equals: code === undefined ? {} : { code }, limit: 500, offset: 0 }),
    );

export function registerResources(server: McpServer, { door, catalogue }: Caller): void {
  for (const { name, file, title, description } of DOCUMENTS)
    server.registerResource(
      name,
      `evergreen://${name}`,
      { title, description, mimeType: "text/markdown" },
      async ({ href }) => ({
        contents: [{ uri: href, mimeType: "text/markdown", text: await readFile(join(REPOSITORY_ROOT, file), "utf8") }],
      }),
    );
  if (!catalogue.relations.some(({ name, roles }) => name === "funds" && roles.includes(catalogue.caller))) return;
  const mimeType = "application/json";
  server.registerResource(
    "funds",
    "evergreen://funds",
    { title: "Funds", description: "The funds that you may see.", mimeType },
    async ({ href }) => ({ contents: [{ uri: href, mimeType, text: dataText(await fundsOf(door)) }] }),
  );
  const list = async () => ({
    resources: (await fundsOf(door)).map(({ code }) => ({ uri: `evergreen://funds/${code}`, name: code, mimeType })),
  });
  server.registerResource(
    "fund",
    new ResourceTemplate("evergreen://funds/{code}", { list }),
    { title: "Fund", description: "One fund by its code.", mimeType },
    async ({ href }, { code }) => {
      const [found] = typeof code === "string" ? await fundsOf(door, code) : [];
      if (found === undefined) throw new ResourceNotFoundError(href, "There is no such fund that you may see. (EG404)");
      return { contents: [{ uri: href, mimeType, text: dataText(found) }] };
    },
  );
}
