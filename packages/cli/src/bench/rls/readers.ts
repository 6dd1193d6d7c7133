// The two readers of `bench rls`: an LP under row-level security, with context and query in one message exactly as supabase-client sends
// them, and a reader whom no policy binds, who names the investor itself. Same query, same driver, same decoding.
import { becomeActor } from "@evergreen-fund/supabase-client/actor-context.ts";
import { quoted, type Sessions } from "../frame/connection.ts";

export interface Person {
  user_id: string;
  investor_id: string;
}
type Statement = (name: string) => string;
export type Rows = readonly Record<string, unknown>[];
export type Read = (sessions: Sessions, person: Person) => Promise<Rows>;

/** One simple-protocol message, one implicit transaction: role, claims and query take a single round trip. */
export const underPolicy =
  (statement: Statement): Read =>
  async (sessions, { user_id }) => {
    const text = `${becomeActor({ role: "lp_role", userId: user_id })}; ${statement("own-flows")}`;
    const answers = (await sessions.query(text)) as unknown as { rows: Rows }[];
    return answers.at(-1)?.rows ?? [];
  };

export const withFilter =
  (statement: Statement): Read =>
  async (sessions, { investor_id }) => {
    const text = statement("filtered-flows").replace("$INVESTOR", quoted(investor_id));
    return (await sessions.query<Record<string, unknown>>(text)).rows;
  };

export interface Speed {
  perSecond: number;
  p50Ms: number;
}

/** Reads for `seconds` with `clients` at a time, each a person of the list in turn. */
export async function speedOf(
  read: Read,
  sessions: Sessions,
  people: readonly Person[],
  clients: number,
  seconds: number,
): Promise<Speed> {
  const took: number[] = [];
  const start = performance.now();
  let turn = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - start < seconds * 1_000) {
        const person = people[turn++ % people.length]!;
        const before = performance.now();
        await read(sessions, person);
        took.push(performance.now() - before);
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1_000;
  took.sort((a, b) => a - b);
  return { perSecond: took.length / elapsed, p50Ms: took[Math.floor(took.length / 2)] ?? Number.NaN };
}
