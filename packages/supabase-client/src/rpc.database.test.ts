// The table of RPCs against the database's own catalogue: the same functions, the same arguments, the same answers.
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ARRAY_ARGUMENTS, RPCS, type RpcName } from "./rpc.ts";

interface Signature {
  name: string;
  args: { name: string; type: string; optional: boolean }[];
  set: boolean;
  /** Columns of what it answers; empty for a scalar. */
  columns: string[];
}

const SIGNATURES = `
  select p.proname as name, p.proretset as set,
    (select coalesce(jsonb_agg(jsonb_build_object('name', p.proargnames[i], 'type', t.oid::regtype::text, 'optional', i > p.pronargs - p.pronargdefaults) order by i), '[]')
       from generate_series(1, p.pronargs) i join pg_type t on t.oid = p.proargtypes[i - 1]) as args,
    case when r.typtype = 'c'
      then (select jsonb_agg(a.attname) from pg_attribute a where a.attrelid = r.typrelid and a.attnum > 0 and not a.attisdropped)
      else (select coalesce(jsonb_agg(x.name), '[]') from unnest(p.proargnames, p.proargmodes) x(name, mode) where x.mode in ('t', 'o')) end as columns
    from pg_proc p join pg_type r on r.oid = p.prorettype
   where p.pronamespace = 'public'::regnamespace and p.proname like 'fn\\_%'`;

let functions: Map<string, Signature>;
beforeAll(async () => {
  const fresh = await freshDatabase(ownCluster());
  afterAll(() => fresh.drop());
  const admin = new pg.Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  const { rows } = await admin.query<Signature>(SIGNATURES);
  await admin.end();
  functions = new Map(rows.map((row) => [row.name, row]));
  expect(functions.size).toBe(rows.length); // no fn_* is overloaded: calls are by name
});

it("has every fn_* of the database and no other", () => {
  expect(Object.keys(RPCS).sort()).toEqual([...functions.keys()].sort());
});

describe.each(Object.keys(RPCS) as RpcName[])("%s", (name) => {
  const { args, result, shape } = RPCS[name];
  const shapes = Object.entries(args.shape as Record<string, z.ZodType>);

  it("takes the arguments of the function, and needs those it needs", () => {
    const here = shapes.map(([key, schema]) => `${key}${schema.safeParse(undefined).success ? "?" : ""}`);
    const there = functions.get(name)!.args.map((arg) => `${arg.name}${arg.optional ? "?" : ""}`);
    expect(here.sort()).toEqual(there.sort());
  });

  it("sends a list as an array exactly where the function takes one", () => {
    const arrays = functions.get(name)!.args.filter(({ type }) => type.endsWith("[]"));
    expect(
      shapes
        .map(([key]) => key)
        .filter((key) => ARRAY_ARGUMENTS.has(key))
        .sort(),
    ).toEqual(arrays.map((arg) => arg.name).sort());
  });

  it("answers in the shape of the function", () => {
    const { set, columns } = functions.get(name)!;
    // a set may be declared for the names of its columns and hold one row
    const shapes = set ? ["rows", "row"] : [columns.length > 0 ? "row" : "one"];
    expect(shapes).toContain(shape);
    const read = shape !== "one" && result instanceof z.ZodObject ? Object.keys(result.shape) : [];
    expect(columns).toEqual(expect.arrayContaining(read));
    expect(read.length > 0).toBe(shape !== "one");
  });
});
