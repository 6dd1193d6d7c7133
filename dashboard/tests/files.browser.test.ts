// What people take along: CSV and workbooks of exactly what a table shows, made without a worker or inline script; and how much a first visit fetches.
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openFile } from "@evergreen-fund/analytics/file.ts";
import { Home } from "@evergreen-fund/domain/pages.ts";
import { DEFAULT_LIMITS } from "@evergreen-fund/interchange/limits.ts";
import { readXlsx } from "@evergreen-fund/interchange/read-xlsx.ts";
import { expect, it } from "vitest";
import { apiOf, DESKTOP, signIn, type Visit, visit } from "./visit.ts";

const INITIAL_KB = 250;

async function fileOf({ page }: Visit, button: string): Promise<Buffer> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button, exact: true }).click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

it("a table is taken along as CSV and as a workbook with the figures of the database", async () => {
  const visited = await visit(DESKTOP);
  await signIn(visited, "lp1");
  await visited.page.getByRole("table", { name: "Holdings" }).waitFor();
  const home = Home.parse((await (await apiOf("lp1")).rpc("fn_read_home")).data);
  const { headers, rows } = await readXlsx(await fileOf(visited, "XLSX of Holdings"), DEFAULT_LIMITS);
  const column = (name: RegExp): number => headers.findIndex((header) => name.test(header));
  expect(rows.map(({ cells }) => cells[column(/^Worth/)])).toEqual(
    home.holdings.map(({ worth }) => ({ kind: "number", text: String(Number(worth)) })),
  );
  const csv = (await fileOf(visited, "CSV of Holdings")).toString("utf8");
  expect(csv.split("\r\n")[0]?.split(",")).toEqual(headers);
  for (const { worth } of home.holdings) expect(csv).toContain(worth);
  const parquet = await fileOf(visited, "Parquet of Holdings");
  const path = join(tmpdir(), `evergreen-holdings-${process.pid}.parquet`);
  await writeFile(path, parquet);
  const duck = await openFile(":memory:");
  try {
    const worth = (await duck.rows(`describe select * from '${path}'`))
      .map(({ column_name }) => String(column_name))
      .find((name) => name.startsWith("worth"));
    const read = await duck.rows(`select rtrim(rtrim(${worth}::varchar, '0'), '.') as worth from '${path}'`);
    expect(read.map((row) => row.worth)).toEqual(home.holdings.map(({ worth }) => (worth ?? "").replace(/\.?0+$/, "")));
  } finally {
    duck.close();
  }
  expect(visited.said).toEqual([]);
  await visited.close();
});

it(`a first visit fetches less than ${INITIAL_KB} kB of JavaScript, compressed`, async () => {
  const visited = await visit(DESKTOP);
  const scripts: Promise<Buffer>[] = [];
  visited.page.on("response", (response) => {
    if (/\.js$/.test(new URL(response.url()).pathname)) scripts.push(response.body());
  });
  await visited.page.goto("/");
  await visited.page.getByLabel("E-mail").waitFor();
  const sizes = (await Promise.all(scripts)).map((body) => gzipSync(body).length);
  const kb = Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000);
  process.stdout.write(`a first visit fetched ${kb} kB of JavaScript in ${sizes.length} files\n`);
  expect(sizes.length).toBeGreaterThan(0);
  expect(kb).toBeLessThan(INITIAL_KB);
  await visited.close();
});
