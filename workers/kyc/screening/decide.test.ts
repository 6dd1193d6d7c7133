// What a party's matches come to, as rows: the order and number kept, what is asked for, and pages that leave nobody out.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Found } from "../../watchlists.ts";
import { candidatesOf, MOST_CANDIDATES, pageOf } from "./decide.ts";

const found = (entryId: string, score: number, outcome: Found["outcome"], missing: string[] = []): Found => ({
  entryId,
  score,
  outcome,
  features: [{ feature: "name", score, weight: 1 }],
  missing,
});

it("keeps alerts before what has to be asked for before what is cleared, then by score", () => {
  const rows = candidatesOf([
    found("a", 0.99, "clear"),
    found("b", 0.71, "alert"),
    found("c", 0.95, "ask", ["born"]),
    found("d", 0.9, "alert"),
  ]);
  expect(rows.map(({ entry_id }) => entry_id)).toEqual(["d", "b", "c", "a"]);
});

it.each([
  ["alert", []],
  ["ask", ["born"]],
  ["clear", []],
] as const)("of a match that is %s asks for %j", (outcome, missing) => {
  expect(candidatesOf([found("a", 0.8, outcome, ["born"])])[0]?.missing).toEqual(missing);
});

it("never drops an alert for a match that is cleared", () => {
  const many = Array.from({ length: MOST_CANDIDATES + 10 }, (_, n) => found(`c${n}`, 0.99, "clear"));
  const rows = candidatesOf([...many, found("z", 0.7, "alert")]);
  expect(rows).toHaveLength(MOST_CANDIDATES);
  expect(rows[0]?.entry_id).toBe("z");
});

it("takes every affected party once, whatever was done before and however small the page", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uuid(), { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (parties, size) => {
      const done = new Set<string>();
      for (;;) {
        const { page, left } = pageOf([...parties, ...parties], done, size);
        for (const id of page) {
          expect(done.has(id)).toBe(false);
          done.add(id);
        }
        if (left === 0) break;
      }
      expect([...done].sort()).toEqual([...parties].sort());
    }),
  );
});
