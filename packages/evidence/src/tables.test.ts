// Every table is in the pack or left out for a reason; what is in it has its key, its way to the fund, and no column that holds what a person is called.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EVIDENCE, NOT_EVIDENCE } from "./tables.ts";

const schema = readFileSync(join(import.meta.dirname, "../../../prisma/schema.prisma"), "utf8");
const models = new Map(
  [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name = "", body = ""]) => [
    name,
    [...body.matchAll(/^ {2}(\w+) /gm)].map(([, column = ""]) => column),
  ]),
);
const columnsOf = (name: string): string[] => models.get(name) ?? [];

it("every table of schema.prisma is in one of the two lists", () => {
  expect(models.size).toBeGreaterThan(80);
  expect([...Object.keys(EVIDENCE), ...Object.keys(NOT_EVIDENCE)].sort()).toEqual([...models.keys()].sort());
  for (const [name, reason] of Object.entries(NOT_EVIDENCE)) expect(reason, name).toMatch(/^[A-Z].{15,}\.$/);
});

it.each(Object.entries(EVIDENCE))("%s has its columns and leads to a fund", (name, { key, of, when, without = [] }) => {
  const columns = columnsOf(name);
  expect(columns).toEqual(expect.arrayContaining([...key.map((part) => part.replace("#", "")), ...without]));
  if (when === "period") expect(columns).toContain("created_at");
  if (of === "fund" || of === "fund or none") expect(columns).toContain("fund_id");
  if (typeof of === "object") {
    expect(columns).toContain(of.by);
    expect(Object.keys(EVIDENCE)).toContain(of.in);
    expect(EVIDENCE[of.in]?.key).toHaveLength(1);
  }
});

it("no member has a column that is personal by its name", () => {
  const personal =
    /^(name|alias|born|birth.*|email|phone|address|nationality|ciphertext|iban|bic|holder|document|evidence|embedding)$/;
  const found = Object.entries(EVIDENCE).flatMap(([name, { without = [] }]) =>
    columnsOf(name)
      .filter((column) => personal.test(column) && !without.includes(column))
      .map((column) => `${name}.${column}`),
  );
  // names of funds, classes, assets, currencies and holidays are nobody's; the document of a waiver is its hash, the address of a list where it is published
  expect(found.sort()).toEqual([
    "assets.name",
    "calendar_holidays.name",
    "currencies.name",
    "funds.name",
    "order_transitions.document",
    "share_classes.name",
    // public on the chain
    "wallets.address",
    "watchlists.address",
  ]);
});
