// `market …` against a real database through the API that people have: CSV and Parquet in, jumps held and released by another person, imports undone.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "@evergreen-fund/analytics";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const any = z.record(z.string(), z.unknown());
const folder = mkdtempSync(join(tmpdir(), "evergreen-market-"));
let files = 0;
const written = (content: string): string => {
  const path = join(folder, `synthetic-${++files}.csv`);
  writeFileSync(path, content);
  return path;
};
const source = ["--source", "synthetic"];
const Held = z.looseObject({ heldValues: z.array(z.looseObject({ heldId: z.string() })), importId: z.string() });
const HEAD = "series,as_of,value,kind,unit\n";

it("takes a CSV in once, holds a jump by name, and lets another person release it", async () => {
  const path = written(`${HEAD}SYN GBPUSD,2026-01-28,1.250,fx,ratio\nSYN GBPUSD,2026-01-29,1.500,fx,ratio\n`);
  const dry = await house.json("ops1", any, ["market", "import", path, ...source, "--dry-run"]);
  expect(dry).toMatchObject({ status: "dry_run", importId: null, taken: 1, held: 1 });
  const done = await house.json("ops1", Held, ["market", "import", path, ...source]);
  // 1.5 / 1.25 - 1 = 20 %
  expect(done).toMatchObject({
    status: "imported",
    taken: 1,
    held: 1,
    heldValues: [{ moveBps: "2000", limitBps: "500" }],
  });
  expect(await house.json("ops1", any, ["market", "import", path, ...source])).toMatchObject({ status: "unchanged" });
  const counts = () => house.json("ops1", z.looseObject({ values: z.array(any) }), ["market", "show", "SYN GBPUSD"]);
  expect((await counts()).values.map(({ asOf, value }) => [asOf, value])).toEqual([["2026-01-28", "1.25"]]);
  const [held] = done.heldValues;
  expect((await house.run("ops1", ["market", "confirm", held?.heldId ?? ""])).exit).toBe(3);
  expect(await house.json("pm1", any, ["market", "confirm", held?.heldId ?? ""])).toMatchObject({
    decision: "confirmed",
  });
  expect((await counts()).values.map(({ asOf, value }) => [asOf, value])).toEqual([
    ["2026-01-29", "1.5"],
    ["2026-01-28", "1.25"],
  ]);
  expect(await house.json("ops1", any, ["market", "undo", done.importId, "--reason", "test"])).toMatchObject({
    values: 2,
  });
  expect((await counts()).values).toEqual([]);
});

it("holds what follows a jump, and what is corrected too far, but takes what stands already for known", async () => {
  const first = written(`${HEAD}SYN Rate,2026-01-26,0.030,yield,ratio\nSYN Rate,2026-01-27,0.031,yield,ratio\n`);
  await house.json("ops1", any, ["market", "import", first, ...source]);
  const next = written(
    "series,as_of,value\nSYN Rate,2026-01-27,0.031\nSYN Rate,2026-01-28,0.032\nSYN Rate,2026-01-29,0.052\nSYN Rate,2026-01-30,0.0521\n",
  );
  expect(await house.json("ops1", any, ["market", "import", next, ...source])).toMatchObject({
    taken: 1,
    unchanged: 1,
    held: 2,
  });
  const wrong = written("series,as_of,value\nSYN Rate,2026-01-26,0.045\n");
  expect(await house.json("ops1", any, ["market", "import", wrong, ...source])).toMatchObject({ taken: 0, held: 1 });
  const held = await house.run("ops1", ["market", "list", "--held"]);
  expect(held.out).toContain("0.03 on 2026-01-26");
  expect((await house.run("ops1", ["market", "list", "--kind", "yield"])).out).toContain("too old");
});

it("names line, column or series of what is wrong and changes nothing", async () => {
  const refused = async (content: string) => house.run("ops1", ["market", "import", written(content), ...source]);
  const words = [
    [`${HEAD}SYN W,2026-01-28,"1,250",fx,ratio\n`, /line 2: value "1,250" is not a number/],
    ["series,value\nSYN W,1\n", /No column is the as_of/],
    ["series,as_of,value\nSYN W,2026-01-28,1\n", /The series SYN W is not known/],
    [`${HEAD}SYN W,2026-01-28,3.5,yield,ratio\n`, /SYN W on 2026-01-28 lies outside/],
    [`${HEAD}SYN W,2026-01-28,1,fx,points\n`, /SYN W is in points; fx is in ratio/],
    [`${HEAD}SYN W,2026-01-28,1,fx,ratio\nSYN W,2026-01-28,1,fx,ratio\n`, /SYN W has two values for 2026-01-28/],
  ] as const;
  for (const [content, said] of words) {
    const { exit, err } = await refused(content);
    expect(err).toMatch(said);
    expect(exit).toBe(2);
  }
  expect(await house.db.look("select 1 from market_series where series = 'SYN W'")).toEqual([]);
  expect((await house.run("pm1", ["market", "show", "SYN W"])).exit).toBe(2);
});

it("reads Parquet as exact text, and refuses what is none", async () => {
  const path = join(folder, "synthetic.parquet");
  const duck = await openFile(":memory:");
  await duck.run(
    `copy (select * from (values ('SYN PQ', date '2026-01-28', 101.123456789012345678::decimal(38, 18), 'index', 'points'),
      ('SYN PQ', date '2026-01-29', 102.5, 'index', 'points')) t (series, as_of, value, kind, unit)) to '${path}' (format parquet)`,
  );
  duck.close();
  expect(await house.json("ops1", any, ["market", "import", path, ...source])).toMatchObject({ taken: 2, held: 0 });
  expect(
    await house.db.look("select value::text from market_observations where series = 'SYN PQ' order by as_of limit 1"),
  ).toEqual([{ value: "101.123456789012345678" }]);
  const broken = join(folder, "broken.parquet");
  writeFileSync(broken, "PAR1 and nothing that follows");
  expect((await house.run("ops1", ["market", "import", broken, ...source])).err).toContain("not Parquet");
});
