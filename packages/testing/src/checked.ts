// The one checker of invariants (evergreen.broken_invariants) after every test that deals: the shared arrangements of dealing tests call it, and a sweep
// (checked.test.ts) sees that no file of such tests goes without one of them. A test that breaks something on purpose names the fund and says why.
import { afterAll, afterEach, expect } from "vitest";

/** SQL as the superuser of a test database. */
export type Look = (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

export interface Checked {
  /** This fund is broken on purpose, and why: what is found of it counts no more. */
  broken(fundId: string, why: string): void;
}

/** Funds that something happened to since `seen`, and what is broken of them. */
const FINDINGS = `select f.code as fund, b.* from funds f cross join lateral evergreen.broken_invariants(f.fund_id) b
  where f.fund_id <> all ($1::uuid[]) and ($2::bigint < 0 or f.fund_id in (select a.fund_id from audit_trail a where a.seq > $2::bigint)) limit 20`;
const BOOKS = FINDINGS.replace("broken_invariants", "broken_books");

/**
 * After every test of the file the funds it touched break no invariant, and after the last no fund does. To be called once, at the head of the file,
 * after the database was opened, so that it is asked before that is closed.
 */
export function checkAfterEach(look: Look): Checked {
  const onPurpose = new Set<string>();
  let seen = -1;
  afterEach(async () => {
    const [last] = await look("select coalesce(max(seq), 0)::text as seq from audit_trail");
    const found = await look(FINDINGS, [[...onPurpose], seen]);
    seen = Number(last?.seq);
    expect(found, "invariants after this test").toEqual([]);
  });
  afterAll(async () => {
    expect(await look(FINDINGS, [[...onPurpose], -1]), "invariants after the last test").toEqual([]);
  });
  return { broken: (fundId) => void onPurpose.add(fundId) };
}

/** After every test the books hold, whatever else is running: at any moment they do. */
export function checkBooksAfterEach(look: () => Look): void {
  afterEach(async () => {
    expect(await look()(BOOKS, [[], -1]), "books after this test").toEqual([]);
  });
}

/** Between the handing over of an event and the first step of its run it is nowhere; how long that may take on a machine that has other work. */
const REST_MS = 60_000;

/** Every invariant of every fund, as soon as what still runs has come to rest. */
export async function expectNothingBrokenAtRest(look: Look): Promise<void> {
  const until = Date.now() + REST_MS;
  let found = await look(FINDINGS, [[], -1]);
  while (found.some(({ invariant }) => invariant === "I7") && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    found = await look(FINDINGS, [[], -1]);
  }
  expect(found, "invariants of the house at rest").toEqual([]);
}
