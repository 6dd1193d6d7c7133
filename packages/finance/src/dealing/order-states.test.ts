// The state machine of orders (R1): the same in SQL and here, what may read the NAV, who may cancel when, and every walk through it.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, RUNS } from "./arbitrary-day.ts";
import {
  assertTransition,
  FINAL_STATES,
  ORDER_STATES,
  type OrderState,
  orderTransition,
  TRANSITIONS,
} from "./order-states.ts";

describe("the table", () => {
  it("is what the database enforces", () => {
    const sql = readFileSync(new URL("../../../../prisma/sql/45-triggers-dealing.sql", import.meta.url), "utf8");
    const body = /function evergreen\.legal_transition[\s\S]+?\$\$([\s\S]+?)\$\$/.exec(sql)?.[1] ?? "";
    const inSql = [...body.matchAll(/when '(\w+)' then to_status (?:in \(([^)]+)\)|= '(\w+)')/g)].flatMap(
      ([, from, list, one]) => (list ?? `'${one}'`).split(",").map((to) => `${from} ${to.trim().replaceAll("'", "")}`),
    );
    expect(inSql.length).toBeGreaterThan(15);
    expect(TRANSITIONS.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(inSql.sort());
  });

  it("reads the NAV at one step alone, and leaves no final state", () => {
    expect(TRANSITIONS.filter(({ readsNav }) => readsNav).map(({ from, to }) => [from, to])).toEqual([
      ["locked", "priced"],
    ]);
    expect(TRANSITIONS.filter(({ from }) => FINAL_STATES.includes(from))).toEqual([]);
    const sources = new Set(TRANSITIONS.map(({ from }) => from));
    expect(ORDER_STATES.filter((state) => !sources.has(state)).sort()).toEqual([...FINAL_STATES].sort());
    const reached = new Set(TRANSITIONS.map(({ to }) => to));
    expect(ORDER_STATES.filter((state) => !reached.has(state))).toEqual(["draft"]);
  });

  it.each([
    ["submitted", "cancelled", "investor", false, true],
    ["accepted", "cancelled", "investor", false, true],
    ["locked", "cancelled", "investor", false, false],
    ["locked", "cancelled", "investor", true, true],
    ["priced", "cancelled", "investor", true, false],
    ["accepted", "locked", "operations", true, false],
    ["accepted", "locked", "engine", false, true],
    ["locked", "priced", "operations", true, false],
    ["settled", "draft", "engine", true, false],
  ] as const)("%s → %s by %s, approved %s: %s", (from, to, by, approved, allowed) => {
    const answer = orderTransition({ from, to, by, approved });
    expect(answer.allowed).toBe(allowed);
    if (allowed) expect(assertTransition({ from, to, by, approved }).to).toBe(to);
    else
      expect(() => assertTransition({ from, to, by, approved })).toThrowError(
        expect.objectContaining({
          code: TRANSITIONS.some((row) => row.from === from && row.to === to) ? "EG403" : "EG428",
        }),
      );
  });
});

it(
  "on every walk the price comes after the lock, nobody cancels after the price, and the way ends",
  () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (choices) => {
        let state: OrderState = "draft";
        const path: OrderState[] = [state];
        for (const choice of choices) {
          // a hold and a day that is given up bring an order back; not for ever
          const ways = TRANSITIONS.filter(
            (row) =>
              row.from === state &&
              !((row.to === "kyc_hold" || row.to === "accepted") && path.filter((s) => s === row.to).length > 2),
          );
          if (ways.length === 0) break;
          state = ways[choice % ways.length]?.to ?? state;
          path.push(state);
        }
        const priced = path.indexOf("priced");
        if (priced >= 0) expect(path[priced - 1]).toBe("locked");
        const last = path.lastIndexOf("priced");
        const left = path.slice(last).some((one) => one === "kyc_hold" || one === "accepted");
        if (last >= 0 && !left) expect(path.slice(last)).not.toContain("cancelled");
        expect(FINAL_STATES).toContain(state);
      }),
      RUNS,
    );
  },
  LONG,
);
