// How long every table is kept, as data: none is without a term or a reason, and no term is shorter than the law's.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testDatabase } from "./arrange.ts";

const db = await testDatabase();
const schema = readFileSync(join(import.meta.dirname, "../schema.prisma"), "utf8");
const models = [...schema.matchAll(/^model (\w+) \{$/gm)].map(([, name]) => name).sort();
interface Term extends Record<string, unknown> {
  what: string;
  keep_months: number | null;
  afterwards: string;
  source: string;
}
const terms = await db.look<Term>("select what, keep_months, afterwards, source from retention_policies order by 1");
/** MiCA and AML records (R53): five years, on request seven; for people's files counted from the end of the relationship. */
const SHORTEST = 60;

it("every table has its term, and every term its table", () => {
  expect(models.length).toBeGreaterThan(80);
  expect(terms.map(({ what }) => what)).toEqual(models);
});

it.each(terms.map((term) => [term.what, term] as const))("%s says why", (_what, { source }) => {
  expect(source).toMatch(/^\S.{5,200}$/s);
});

it("what is kept for less than five years is archived, not lost", () => {
  for (const { what, keep_months, afterwards } of terms)
    if (keep_months !== null && keep_months < SHORTEST) expect([what, afterwards]).toEqual([what, "archive"]);
});

it("only what can be archived has a term that ends in an archive", () => {
  const archived = terms.filter(({ afterwards }) => ["archive", "monthly_aggregates"].includes(afterwards));
  expect(archived.map(({ what }) => what)).toEqual(["asset_snapshots", "fund_events"]);
});

it("only a queue and replaced secrets lose rows when their work is done", () => {
  expect(
    terms
      .filter(({ afterwards }) => afterwards === "end_of_work")
      .map(({ what }) => what)
      .toSorted(),
  ).toEqual(["event_outbox", "webhook_secrets"]);
});

it.each([
  ["a term without an end", "null, 'archive'"],
  ["an end without a term", "12, 'nothing'"],
  ["no months", "0, 'archive'"],
  ["a word nobody knows", "12, 'shred'"],
])("%s is refused", async (_what, values) => {
  await expect(
    db.look(`insert into retention_policies (what, keep_months, afterwards, source) values ('x', ${values}, 'test')`),
  ).rejects.toMatchObject({
    code: "23514",
  });
});
