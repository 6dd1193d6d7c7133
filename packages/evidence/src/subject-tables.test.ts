// Every table with rows about one person is given to that person or left out for a reason, and what is given has the columns of its key.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NOT_FOR_SUBJECT, SUBJECT_PARTS } from "./subject-tables.ts";

const schema = readFileSync(join(import.meta.dirname, "../../../prisma/schema.prisma"), "utf8");
const models = new Map(
  [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name = "", body = ""]) => [
    name,
    [...body.matchAll(/^ {2}(\w+) /gm)].map(([, column = ""]) => column),
  ]),
);
const OF_ONE = ["investor_id", "party_id", "subject_id", "flow_id", "owner_id", "wallet_id"];

it("every table that names a person, an investor or an order is in one of the two lists", () => {
  const found = [...models].filter(([, columns]) => columns.some((column) => OF_ONE.includes(column)));
  expect(found.length).toBeGreaterThan(30);
  // the audit trail names its entity by text
  expect([...Object.keys(SUBJECT_PARTS), ...Object.keys(NOT_FOR_SUBJECT)].sort()).toEqual(
    [...found.map(([name]) => name), "audit_trail"].sort(),
  );
  for (const [name, reason] of Object.entries(NOT_FOR_SUBJECT)) expect(reason, name).toMatch(/^[A-Z].{15,}\.$/);
});

it.each(Object.entries(SUBJECT_PARTS))("%s has its key and a member of its own", (name, { key, member }) => {
  expect(models.get(name)).toEqual(expect.arrayContaining(key.map((part) => part.replace("#", ""))));
  expect(Object.values(SUBJECT_PARTS).filter((part) => part.member === member)).toHaveLength(1);
});

it("nothing that would tip somebody off is given", () => {
  const silent = /^(cases|case_.*|screening_.*|compliance_logs|risk_alerts|subject_holds|party_tests|breaches)$/;
  expect(Object.keys(SUBJECT_PARTS).filter((name) => silent.test(name))).toEqual([]);
});
