// The analytical model against the data model of Postgres: what is mirrored exists there with the same exactness, can be read by position, and names nobody.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFile } from "./file.ts";
import { type Mirror, readModel } from "./model.ts";

const SCHEMA = readFileSync(join(import.meta.dirname, "../../prisma/schema.prisma"), "utf8");
/** What Prisma's types are in DuckDB. */
const TYPES: [prisma: RegExp, duckdb: RegExp][] = [
  [/@db\.Decimal\(38, 0\)/, /^DECIMAL\(38,0\)$/],
  [/@db\.Decimal\(38, 4\)/, /^DECIMAL\(38,4\)$/],
  [/@db\.Decimal\(38, 18\)/, /^DECIMAL\(38,18\)$/],
  [/@db\.Uuid/, /^UUID$/],
  [/@db\.Date\b/, /^DATE$/],
  [/@db\.Timestamptz/, /^TIMESTAMP WITH TIME ZONE$/],
  [/^Unsupported\("xid8"\)/, /^UBIGINT$/],
  [/^BigInt/, /^BIGINT$/],
  [/^Int/, /^INTEGER$/],
  [/^Boolean/, /^BOOLEAN$/],
  [/^Json/, /^JSON$/],
  [/^String/, /^VARCHAR$/],
];
/** Not a column there, but read with the rows: see the delta reader. */
const COMPUTED = ["fund_events.investor_ids"];
/** Who did something, what somebody wrote, and what identifies a person. */
const PERSONAL =
  /^(placed|set|created|recorded|proposed|requested|decided|saved)_by$|reason|channel|user|email|evidence|eligibility|dust|request_id/;

const blockOf = (name: string): string => new RegExp(`^model ${name} \\{\\n(.*?)^\\}`, "ms").exec(SCHEMA)?.[1] ?? "";

/** What is wrong with a mirrored table, as sentences. */
export function faultsOf(mirror: Pick<Mirror, "name" | "key" | "types">): string[] {
  const block = blockOf(mirror.name);
  if (block === "") return [`${mirror.name} is no table of Postgres`];
  const faults: string[] = [];
  for (const [column, type] of Object.entries(mirror.types)) {
    const at = `${mirror.name}.${column}`;
    const there = new RegExp(`^ +${column} +(\\S.*)$`, "m").exec(block)?.[1];
    if (PERSONAL.test(column)) faults.push(`${at} may tell who`);
    if (COMPUTED.includes(at)) continue;
    const wanted = TYPES.find(([prisma]) => there !== undefined && prisma.test(there))?.[1];
    if (wanted?.test(type) !== true) faults.push(`${at} is ${type} here and ${there ?? "nothing"} there`);
  }
  if (!/@@index\(\[tx[\],]/.test(block)) faults.push(`${mirror.name} has no index on tx`);
  const id = /@@id\(\[([^\]]+)\]\)/.exec(block)?.[1]?.split(", ") ?? [/^ +(\w+) .*@id/m.exec(block)?.[1] ?? ""];
  if (id.toSorted().join() !== [...mirror.key].sort().join()) faults.push(`${mirror.name} has the key ${id} there`);
  return faults;
}

describe("the model", () => {
  it("mirrors tables of Postgres exactly, by position, and nobody's person", async () => {
    const { mirrors } = await readModel();
    expect(mirrors.length).toBeGreaterThan(15);
    expect(mirrors.flatMap(faultsOf)).toEqual([]);
  });

  it("calls a column fixed only where a trigger keeps it so", async () => {
    const { mirrors } = await readModel();
    const triggers = readFileSync(join(import.meta.dirname, "../../prisma/sql/40-triggers.sql"), "utf8");
    const fixed = mirrors.filter((mirror) => mirror.fixed !== null);
    expect(fixed.map(({ name }) => name)).toEqual(["asset_snapshots"]);
    for (const { name, fixed: column } of fixed)
      expect(triggers).toMatch(new RegExp(`before update of ${column} on public\\.${name} .*\\s.*old\\.${column}\\)`));
  });

  it("finds what is planted", () => {
    expect(
      faultsOf({
        name: "fund_flows",
        key: ["fund_id"],
        types: { amount: "DOUBLE", placed_by: "VARCHAR", gone: "DATE" },
      }),
    ).toEqual([
      "fund_flows.amount is DOUBLE here and Decimal?            @db.Decimal(38, 4) there",
      "fund_flows.placed_by may tell who",
      "fund_flows.gone is DATE here and nothing there",
      "fund_flows has the key flow_id there",
    ]);
    expect(faultsOf({ name: "dreams", key: [], types: {} })).toEqual(["dreams is no table of Postgres"]);
    expect(faultsOf({ name: "approvals", key: ["approval_id"], types: {} })).toEqual(["approvals has no index on tx"]);
  });

  it("holds no double, says of every table and view what it is, and loads no extension by itself", async () => {
    const file = await openFile(":memory:");
    await file.run((await readModel()).sql);
    const doubles =
      "select table_name || '.' || column_name as name from duckdb_columns() where not internal and data_type in ('DOUBLE', 'FLOAT')";
    expect(await file.rows(doubles)).toEqual([]);
    await file.run("create table planted (price double)");
    expect(await file.rows(doubles)).toEqual([{ name: "planted.price" }]);
    const silent = `select table_name as name from duckdb_tables() where not internal and comment is null
      union all select view_name from duckdb_views() where not internal and comment is null`;
    expect((await file.rows(silent)).map(({ name }) => name).sort()).toEqual(["planted"]);
    const settings = await file.rows(
      "select name, value from duckdb_settings() where name in ('autoinstall_known_extensions', 'autoload_known_extensions') order by name",
    );
    expect(settings).toEqual([
      { name: "autoinstall_known_extensions", value: "false" },
      { name: "autoload_known_extensions", value: "false" },
    ]);
    file.close();
  });
});
