// The three readers of `bench rls`. All go through supabase-client's own `ask`: one message, prepared, the same decoding. An LP under row-level
// security; a reader whom no policy binds and who names the investor, in the same context; and one who names it without any context.
import { contextOf } from "@evergreen-fund/supabase-client/actor-context.ts";
import { ask } from "@evergreen-fund/supabase-client/ask.ts";
import type { Sessions } from "../frame/connection.ts";

export interface Person {
  user_id: string;
  investor_id: string;
}
export type Rows = readonly Record<string, unknown>[];
export type Read = (person: Person) => Promise<Rows>;
export const SIDES = ["policy", "filter", "bare"] as const;
/** `policy`: row-level security. `filter`: the same login, role switch and claims, but a role that no policy binds. `bare`: no role, no claims. */
export type SideName = (typeof SIDES)[number];
export type Readers = Readonly<Record<SideName, Read>>;

/** Role that `filter` takes, in rls.sql. */
export const FREE_ROLE = "bench_role";

/** Who a reader becomes before it reads; `bare` nobody. */
export function contextFor(side: SideName, { user_id }: Person): readonly [role: string, claims: string] | null {
  if (side === "bare") return null;
  const [role, claims] = contextOf({ role: "lp_role", userId: user_id });
  return side === "policy" ? [role, claims] : [FREE_ROLE, claims];
}

/** `api`: sessions of evergreen_api. `free`: sessions of a login that no policy binds. */
export function readersOf(statement: (name: string) => string, api: Sessions, free: Sessions): Readers {
  const own = statement("own-flows");
  const filtered = statement("filtered-flows").replace("$INVESTOR", "$1");
  return {
    policy: (person) => ask(api, contextFor("policy", person), { text: own, values: [] }),
    filter: (person) => ask(api, contextFor("filter", person), { text: filtered, values: [person.investor_id] }),
    bare: (person) => ask(free, null, { text: filtered, values: [person.investor_id] }),
  };
}

/** The plan that Postgres makes for an LP's read. */
export async function planOf(statement: (name: string) => string, api: Sessions, person: Person): Promise<string> {
  return JSON.stringify(await ask(api, contextFor("policy", person), { text: statement("explain"), values: [] }));
}

export interface Speed {
  perSecond: number;
  p50Ms: number;
}

/** Reads for `seconds` with `clients` at a time, each a person of the list in turn. */
export async function speedOf(read: Read, people: readonly Person[], clients: number, seconds: number): Promise<Speed> {
  const took: number[] = [];
  const start = performance.now();
  let turn = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - start < seconds * 1_000) {
        const person = people[turn++ % people.length]!;
        const before = performance.now();
        await read(person);
        took.push(performance.now() - before);
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1_000;
  took.sort((a, b) => a - b);
  return { perSecond: took.length / elapsed, p50Ms: took[Math.floor(took.length / 2)] ?? Number.NaN };
}
