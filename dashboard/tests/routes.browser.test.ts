// Every page that the router has, in each role's hands, on desktop and phone, light and dark: nothing is asked of anybody else, nothing is wider than the
// page, nothing stands in anybody's way; and a picture of each is kept.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Desk } from "@evergreen-fund/domain/pages.ts";
import { expect, it } from "vitest";
import { call, faultless } from "./faultless.ts";
import { newCase, newImport } from "./synthetic-rows.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

/** Pages of who is not signed in: they have their own journeys too. */
const ALONE = new Set(["/", "/sign-in", "/sign-in/link"]);
const OF: readonly [prefix: string, person: string][] = [
  ["/pm", "pm1"],
  ["/lp", "lp1"],
  ["/ops", "ops1"],
  ["/audit", "audit1"],
  ["/sign-in", "ops1"],
];

const source = readFileSync(join(import.meta.dirname, "../src/routes.tsx"), "utf8");
const paths = [...source.matchAll(/(?:page\(|path: )"(\/[^"]*)"/g)].flatMap(([, path]) => path ?? []);

/** A row for each name in an address: one of the demo, or where it has none a synthetic one. */
async function rowsOf(): Promise<Record<string, string>> {
  const first = async (person: string, table: string, column: string): Promise<string | undefined> => {
    const { data } = await (await apiOf(person)).from(table).select(column).limit(1);
    return (data as unknown as Record<string, string>[] | null)?.[0]?.[column];
  };
  const ofDemo = async (person: string, table: string, column: string): Promise<string> => {
    const row = await first(person, table, column);
    if (row === undefined) throw new Error(`The demo has no row of ${table}.`);
    return row;
  };
  return {
    $proposalId: await ofDemo("pm1", "proposals", "proposal_id"),
    $statementId: await ofDemo("lp1", "statements", "statement_id"),
    $flowId: await ofDemo("lp1", "fund_flows", "flow_id"),
    $code: (await first("ops1", "cases", "code")) ?? (await newCase()),
    $importId: (await first("ops1", "import_batches", "import_id")) ?? (await newImport()),
  };
}

it.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)(
  "every page on a %s",
  async (name, size, theme) => {
    expect(paths.length).toBeGreaterThan(25);
    Desk.parse(await call("ops1", "fn_read_desk"));
    const rows = await rowsOf();
    const seen: string[] = [];
    for (const person of new Set(OF.map(([, one]) => one))) {
      const visited = await visit(size, theme);
      await signIn(visited, person);
      for (const path of paths.filter(
        (one) => !ALONE.has(one) && OF.find(([prefix]) => one.startsWith(prefix))?.[1] === person,
      )) {
        const parts = path.split("/").map((part) => (part.startsWith("$") ? rows[part] : part));
        if (parts.includes(undefined)) throw new Error(`No row is named for ${path}.`);
        await visited.page.goto(parts.join("/"));
        await visited.page.locator("main h1").waitFor();
        await expect.poll(() => visited.page.getByText(/^(Loading|Drawing) …$/).count(), { timeout: 20_000 }).toBe(0);
        await visited.picture(`page${path.replaceAll("/", "-").replaceAll("$", "")}-${name}-${theme}`);
        await faultless(visited, size.width);
        seen.push(path);
      }
      await visited.close();
    }
    // before anybody is signed in: the first page, what leads to it, and a link without a mail
    const nobody = await visit(size, theme);
    for (const path of paths.filter((one) => ALONE.has(one))) {
      await nobody.page.goto(path);
      await nobody.page.locator("main h1").waitFor();
      await nobody.picture(`page-nobody${path.replaceAll("/", "-")}-${name}-${theme}`);
      await faultless(nobody, size.width);
      seen.push(path);
    }
    await nobody.close();
    process.stdout.write(`${seen.length} of ${paths.length} pages on a ${name}\n`);
    expect(seen.sort()).toEqual([...paths].sort());
  },
  240_000,
);
