// R9 and the order in which a gated day is paid: dust within its tolerance, small investors, then cohorts.
import fc from "fast-check";
import { expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { DUST_STAGE, FIRST_COHORT, OVERDUE_STAGE, SMALL_STAGE, stagesOf } from "./stages.ts";

const DATES = ["2025-12-31", "2026-01-30", "2026-03-31"];
const EUR = 10n ** 18n;

it("older vintages stand before younger ones, and alone they stand together", () => {
  const columns = {
    values: [1n, 1n, 1n],
    owners: ["a", "b", "c"],
    vintages: ["2026-01-30", "2025-12-31", "2026-01-30"],
    partialFills: [0, 0, 0],
    dealings: [0, 0, 0],
  };
  const stages = (carry: "priority_by_vintage" | "auto_pari_passu") => stagesOf(columns, { carry }, 1n, 1n);
  expect(stages("priority_by_vintage")).toEqual([FIRST_COHORT + 1, FIRST_COHORT, FIRST_COHORT + 1]);
  expect(stages("auto_pari_passu")).toEqual(Array(3).fill(FIRST_COHORT));
});

it("who waited as long as the policy allows stands before everybody else, all of them or none (R8)", () => {
  const columns = {
    values: [10n, 20n, 30n],
    owners: ["a", "b", "c"],
    vintages: DATES,
    partialFills: [0, 0, 0],
    dealings: [2, 1, 3],
  };
  const stages = (pay: bigint, most?: number, carry: "auto_pari_passu" | "lapse_resubmit" = "auto_pari_passu") =>
    stagesOf(columns, { carry, carryMaxDealings: most }, pay, pay);
  expect(stages(40n, 2)).toEqual([OVERDUE_STAGE, FIRST_COHORT, OVERDUE_STAGE]);
  expect(stages(39n, 2)).toEqual(Array(3).fill(FIRST_COHORT));
  expect(stages(40n)).toEqual(Array(3).fill(FIRST_COHORT));
  expect(stages(40n, 2, "lapse_resubmit")).toEqual(Array(3).fill(FIRST_COHORT));
});

it("R9 for any book: dust is small, was filled in part and fits its tolerance inside the cap; whoever is small is so with all they ask", {
  timeout: LONG,
}, () => {
  const row = fc.record({
    value: fc.bigInt(0n, 600n * EUR),
    owner: fc.nat({ max: 3 }),
    vintage: fc.nat({ max: 2 }),
    partial: fc.nat({ max: 1 }),
  });
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 8 }),
      fc.bigInt(0n, 3_000n * EUR),
      fc.option(fc.nat({ max: 100 }), { nil: undefined }),
      fc.option(fc.nat({ max: 900 }), { nil: undefined }),
      fc.boolean(),
      (rows, cap, tolerance, small, byVintage) => {
        const columns = {
          values: rows.map((r) => r.value),
          owners: rows.map((r) => `lp${r.owner}`),
          vintages: rows.map((r) => DATES[r.vintage] ?? ""),
          partialFills: rows.map((r) => r.partial),
          dealings: rows.map(() => 0),
        };
        const stages = stagesOf(
          columns,
          {
            carry: byVintage ? "priority_by_vintage" : "auto_pari_passu",
            dust:
              tolerance === undefined
                ? undefined
                : { mode: "pay_from_tolerance", minimum: "300", tolerance: (tolerance / 100).toFixed(2) },
            smallOrder: small === undefined ? undefined : String(small),
          },
          cap,
          cap,
        );
        const sum = (stage: number) =>
          rows.reduce((total, r, i) => (stages[i] === stage ? total + r.value : total), 0n);
        const asked = (owner: number) => rows.reduce((total, r) => (r.owner === owner ? total + r.value : total), 0n);
        must(sum(DUST_STAGE) * 100n <= cap * BigInt(tolerance ?? 0), "dust within its tolerance");
        must(sum(DUST_STAGE) + sum(SMALL_STAGE) <= cap || sum(SMALL_STAGE) === 0n, "the small fit into what is paid");
        for (const [i, r] of rows.entries()) {
          const stage = stages[i];
          must(
            stage !== DUST_STAGE || (r.partial > 0 && r.value < 300n * EUR),
            "dust is the small rest of a partial fill",
          );
          must(stage !== SMALL_STAGE || asked(r.owner) <= BigInt(small ?? -1) * EUR, "small with all they ask");
          const peer = rows.findIndex((other, k) => other.owner === r.owner && stages[k] === SMALL_STAGE);
          must(
            stage === DUST_STAGE || stage === SMALL_STAGE || peer < 0,
            "an investor is small with every order or with none",
          );
          for (const [k, other] of rows.entries())
            if ((stages[k] ?? 0) >= FIRST_COHORT && (stage ?? 0) >= FIRST_COHORT && byVintage)
              must(Math.sign((stage ?? 0) - (stages[k] ?? 0)) === Math.sign(r.vintage - other.vintage), "older first");
        }
      },
    ),
    RUNS,
  );
});
