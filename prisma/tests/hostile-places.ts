// Where texts stand in the arguments of a function, and what a call did: for tests that put other texts there.
import type pg from "pg";
import { type Args, callOn } from "./arrange.ts";

export interface Place {
  at: string;
  put(text: string): Args;
}

/** What JSON in a text says, where it is a list or an object; else the value itself. */
function opened(value: unknown): unknown {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Every place of a text in good arguments; of a list its first part. */
export function places(args: Args): Place[] {
  const found: Place[] = [];
  const walk = (given: unknown, path: readonly string[]): void => {
    const value = opened(given);
    if (typeof value === "string") found.push(placeAt(args, path));
    else if (Array.isArray(value)) walk(value[0], [...path, "0"]);
    else if (typeof value === "object" && value !== null && !(value instanceof Date) && !Buffer.isBuffer(value))
      for (const [key, part] of Object.entries(value)) walk(part, [...path, key]);
  };
  for (const [name, value] of Object.entries(args)) walk(value, [name]);
  return found;
}

function put(value: unknown, path: readonly string[], text: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return text;
  const inside = opened(value);
  const copy = (Array.isArray(inside) ? [...inside] : { ...(inside as object) }) as Record<string, unknown>;
  copy[key] = put(copy[key], rest, text);
  return typeof value === "string" ? JSON.stringify(copy) : copy;
}

/** The place with this path, whether a text stands there now or not. */
export const placeAt = (args: Args, path: readonly string[]): Place => ({
  at: path.join("."),
  put: (text) => put(args, path, text) as Args,
});

export interface Outcome {
  /** "ok", or the code of the refusal. */
  code: string;
  /** Per table rows inserted, updated and deleted. */
  rows: Record<string, string>;
  answer: unknown;
}

const WRITTEN =
  "select relname as name, n_tup_ins as i, n_tup_upd as u, n_tup_del as d from pg_stat_xact_user_tables where schemaname = 'public' and n_tup_ins + n_tup_upd + n_tup_del > 0";

/** What a call does inside the transaction that is open, and takes it back. */
export async function tryOut(client: pg.PoolClient, fn: string, args: Args): Promise<Outcome> {
  const written = async (): Promise<Map<string, number[]>> =>
    new Map(
      (await client.query(WRITTEN)).rows.map((row) => [
        row.name as string,
        [Number(row.i), Number(row.u), Number(row.d)],
      ]),
    );
  await client.query("savepoint hostile");
  const before = await written();
  try {
    const answer = await callOn(client, fn, args);
    const rows: Record<string, string> = {};
    for (const [name, counts] of await written()) {
      const more = counts.map((n, i) => n - (before.get(name)?.[i] ?? 0));
      if (more.some((n) => n !== 0)) rows[name] = more.join(" ");
    }
    return { code: "ok", rows, answer };
  } catch (error) {
    return { code: String((error as { code?: string }).code), rows: {}, answer: null };
  } finally {
    await client.query("rollback to savepoint hostile");
  }
}
