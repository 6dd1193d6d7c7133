// Carry policies, dust and demand without repeats (R8, R9).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { carryOrders, demandNetOfRepeats } from "./carry.ts";
import { scaledText } from "./scaled.ts";

const order = { id: "a", units: "14253.1854", vintage: "2026-01-15", partialFills: 1, dealings: 1 };
const price = { navPerUnit: "12.3456" };
const dust = { minimum: "1000", mode: "ask_then_cancel", tolerance: "0" } as const;

describe("what becomes of the rest", () => {
  it.each([
    ["carried beside the new ones", { policy: "auto_pari_passu" }, order, "carried", "14253.1854", "all"],
    ["carried with its vintage", { policy: "priority_by_vintage" }, order, "carried", "14253.1854", "2026-01-15"],
    ["lapsed", { policy: "lapse_resubmit" }, order, "lapsed", "0.0000", "all"],
    [
      "due after the longest wait",
      { policy: "auto_pari_passu", carryMaxDealings: 4 },
      { ...order, dealings: 4 },
      "pay_or_notify",
      "14253.1854",
      "all",
    ],
    [
      "not yet due",
      { policy: "auto_pari_passu", carryMaxDealings: 4 },
      { ...order, dealings: 3 },
      "carried",
      "14253.1854",
      "all",
    ],
    ["asked about dust", { policy: "auto_pari_passu", dust }, { ...order, units: "80" }, "ask_dust", "80.0000", "all"],
    [
      "cancelled once asked",
      { policy: "auto_pari_passu", dust },
      { ...order, units: "80", asked: true },
      "cancelled_dust",
      "0.0000",
      "all",
    ],
    [
      "not dust at the minimum (81.0005 × 12.3456 = 1000.0000…)",
      { policy: "auto_pari_passu", dust },
      { ...order, units: "81.0006" },
      "carried",
      "81.0006",
      "all",
    ],
    [
      "not dust before a partial fill",
      { policy: "auto_pari_passu", dust },
      { ...order, units: "80", partialFills: 0 },
      "carried",
      "80.0000",
      "all",
    ],
  ] as const)("%s", (_what, policy, row, outcome, childUnits, cohort) => {
    const [answer] = carryOrders({ ...policy, ...price, orders: [row] }).orders;
    expect(answer).toMatchObject({ outcome, childUnits, cohort, cancellable: childUnits !== "0.0000" });
    expect(answer?.reason.length).toBeGreaterThan(20);
  });
});

describe("requests net of repeats", () => {
  it("does not count an unfilled request again", () => {
    const answer = demandNetOfRepeats({
      unitsDp: 0,
      days: [
        {
          date: "2026-01-30",
          investors: [
            { id: "a", requested: "100", filled: "25" },
            { id: "b", requested: "10", filled: "10" },
          ],
        },
        {
          date: "2026-02-27",
          investors: [
            { id: "a", requested: "90", filled: "30" },
            { id: "b", requested: "5", filled: "5" },
          ],
        },
        { date: "2026-03-31", investors: [{ id: "a", requested: "40", filled: "40" }] },
      ],
    });
    // a: 100 new; 75 open, so 15 of 90 are new; 60 open, so none of 40 is new
    expect(answer.days.map(({ gross, repeats, net }) => [gross, repeats, net])).toEqual([
      ["110", "0", "110"],
      ["95", "75", "20"],
      ["40", "40", "0"],
    ]);
    expect([answer.gross, answer.repeats, answer.net]).toEqual(["245", "115", "130"]);
  });

  it("refuses more filled than asked", () => {
    const days = [{ date: "2026-01-30", investors: [{ id: "a", requested: "1", filled: "2" }] }];
    expect(() => demandNetOfRepeats({ days })).toThrowError(expect.objectContaining({ code: "EG400" }));
  });

  it(
    "is the first request alone when everything unfilled is carried unchanged, and never negative",
    () => {
      fc.assert(
        fc.property(
          fc.bigInt(1n, 10n ** 9n),
          fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 }),
          (first, fills) => {
            let open = first;
            const days = fills.map((percent, i) => {
              const filled = (open * BigInt(percent)) / 100n;
              const day = {
                date: `2026-0${i + 1}-28`,
                investors: [{ id: "a", requested: scaledText(open, 4), filled: scaledText(filled, 4) }],
              };
              open -= filled;
              return day;
            });
            const answer = demandNetOfRepeats({ days });
            expect(answer.net).toBe(scaledText(first, 4));
            for (const day of answer.days) expect(day.net.startsWith("-")).toBe(false);
          },
        ),
        RUNS,
      );
    },
    LONG,
  );
});

it("R8 for any rest: it lapses, waits in units or is asked about, by the policy and its age alone, and no unit is lost", {
  timeout: LONG,
}, () => {
  const order = fc.record({
    units: fc.bigInt(0n, 10n ** 7n),
    partialFills: fc.nat({ max: 2 }),
    dealings: fc.integer({ min: 1, max: 9 }),
    asked: fc.boolean(),
    kept: fc.boolean(),
  });
  const policies = fc.constantFrom("auto_pari_passu", "priority_by_vintage", "lapse_resubmit") as fc.Arbitrary<
    "auto_pari_passu" | "priority_by_vintage" | "lapse_resubmit"
  >;
  fc.assert(
    fc.property(
      fc.array(order, { minLength: 1, maxLength: 5 }),
      policies,
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      (rows, policy, asks, most) => {
        const out = carryOrders({
          policy,
          navPerUnit: "1.0000",
          carryMaxDealings: most,
          dust: asks ? { minimum: "100", mode: "ask_then_cancel", tolerance: "0" } : undefined,
          orders: rows.map((row, i) => ({
            ...row,
            id: `o${i}`,
            units: scaledText(row.units, 4),
            vintage: "2026-01-30",
          })),
        });
        for (const [i, row] of rows.entries()) {
          const got = out.orders.find(({ id }) => id === `o${i}`);
          const dust = asks && !row.kept && row.partialFills > 0 && row.units < 1_000_000n;
          const wanted =
            policy === "lapse_resubmit"
              ? "lapsed"
              : dust
                ? row.asked
                  ? "cancelled_dust"
                  : "ask_dust"
                : most !== undefined && row.dealings > most
                  ? "notify"
                  : row.dealings === most
                    ? "pay_or_notify"
                    : "carried";
          must(got?.outcome === wanted, wanted);
          const ends = wanted === "lapsed" || wanted === "cancelled_dust";
          must(got?.childUnits === scaledText(ends ? 0n : row.units, 4), "the child has every unit that does not end");
          must(got?.cancellable === (!ends && row.units > 0n), "what waits can be cancelled");
        }
      },
    ),
    RUNS,
  );
});
