// Factor exposures and redemptions of many: vectors computed with Python's math module apart from this code, and what holds for any book.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXPOSURES, REDEMPTIONS } from "../calc/valuation-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { bucketValues, tailLoss, timeToGate } from "./exposure.ts";
import { exposureLoss } from "./exposure-loss.ts";
import { redemptionRun } from "./redemption-run.ts";
import { redemptionCurves, redemptionWaterfall, stepOf } from "./waterfall.ts";

describe("vectors", () => {
  it("60 · e^x and 40 · e^y in four scenarios; of four losses VaR 60 % is the third, ES the mean of the worst 1.6", () => {
    // 60e^.05 + 40e^.005 = 103.276767; 60e^-.4 + 40e^.01 = 80.621209; 60e^-.1 + 40e^-.11 = 90.123610
    // losses −3.276767, 0, 9.876390, 19.378791: ⌈2.4⌉ = 3rd; ES (0.6 · 9.876390 + 19.378791) / 1.6 = 15.815390
    const found = exposureLoss(EXPOSURES);
    expect(found.scenarios.map(({ nav }) => nav)).toEqual(["103.28", "80.62", "90.12", "100.00"]);
    expect(found).toMatchObject({ nav: "100.00", valueAtRisk: "9.88", expectedShortfall: "15.82" });
    expect(found.scenarios[1]!.byBucket.filter(({ loss }) => loss !== "0.00")).toEqual([
      { bucket: "7d", loss: "-0.40" },
      { bucket: "30d", loss: "19.78" },
    ]);
    // fall: asked 0.02775…, 0.0416…, 0.0555…; gate 0.0403 · … : 0.0277 ≤ 0.0403, 0.0416 > 0.05 · (0.8062 − 0.0277) = 0.0389
    expect(found.scenarios.map(({ periodsToGate }) => periodsToGate)).toEqual([0, 2, 3, 0]);
  });

  it("the linear form adds the same exposures up without bending them", () => {
    const found = exposureLoss({ ...EXPOSURES, form: "linear" });
    // 60 · 0.6 + 40 · (1 + 0.05 − 0.04) = 76.40
    expect(found.scenarios[1]).toMatchObject({ nav: "76.40", loss: "23.60" });
  });

  it("VaR and ES of 1 to 100 at 95 %: 95, and the mean of 96 to 100; at 99.5 %: 100 and 100", () => {
    const losses = Float64Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    expect(tailLoss(losses, 0.95)).toEqual({ valueAtRisk: 95, expectedShortfall: 98 });
    expect(tailLoss(losses, 0.995).valueAtRisk).toBe(100);
    expect(tailLoss(losses, 0.995).expectedShortfall).toBeCloseTo(100, 9);
  });

  it("who leaves below 5 % and at 10 %, what is paid when cash comes late, and what stays owed", () => {
    const [small, large] = redemptionRun(REDEMPTIONS).scenarios;
    const paid = (one: typeof small) => one!.byBucket.filter((b) => b.paid !== "0.00").map((b) => [b.bucket, b.paid]);
    expect([paid(small), small!.owed]).toEqual([[["30d", "100.00"]], "0.00"]);
    // 350.50 asked at 30 days, 150 there; 90 days: 200.50 + 400 owed, 100 there; the last bucket pays 300 of 500.50
    expect([paid(large), large!.owed]).toEqual([
      [
        ["30d", "150.00"],
        ["90d", "100.00"],
        ["gt365d", "300.00"],
      ],
      "200.50",
    ]);
  });
});

it.each([
  [{ assets: [{ ...EXPOSURES.assets[0]!, exposures: { gold: "1" } }] }, "EG404", /gold/],
  [{ scenarios: [{ id: "x", moves: { equity: "0" } }] }, "EG404", /rates/],
  [{ scenarios: [{ id: "x", moves: { equity: "81", rates: "0" } }] }, "EG400", /beyond/],
  [{ scenarios: [EXPOSURES.scenarios[0]!, EXPOSURES.scenarios[0]!] }, "EG400", /twice/],
  [{ factors: ["equity", "equity"] }, "EG400", /twice/],
  [{ confidence: "1" }, "EG400", /confidence/],
  [{ assets: [{ ...EXPOSURES.assets[0]!, value: "-5" }] }, "EG400", /above zero/],
])("refuses %j", (change, code, message) => {
  const input = { ...EXPOSURES, ...change } as typeof EXPOSURES;
  expect(() => exposureLoss(input)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

it.each([
  [{ investors: [{ ...REDEMPTIONS.investors[0]!, amount: "0.001" }] }, "EG400"],
  [{ investors: [{ ...REDEMPTIONS.investors[0]!, amount: "90071992547409.93" }] }, "EG413"],
  [{ investors: [0, 1].map((i) => ({ ...REDEMPTIONS.investors[i]!, amount: "90071992547409.91" })) }, "EG413"],
  [{ investors: [REDEMPTIONS.investors[0]!, REDEMPTIONS.investors[0]!] }, "EG400"],
  [{ investors: [{ ...REDEMPTIONS.investors[0]!, thresholdBps: 10_001 }] }, "EG400"],
])("refuses redemptions of %j", (change, code) => {
  expect(() => redemptionRun({ ...REDEMPTIONS, ...change })).toThrow(expect.objectContaining({ code }));
});

const small = fc.integer({ min: -50, max: 50 }).map((n) => n / 100);
const books = fc.integer({ min: 1, max: 4 }).chain((factors) =>
  fc.record({
    factors: fc.constant(factors),
    assets: fc.array(
      fc.record({
        value: fc.integer({ min: 0, max: 1_000_000 }),
        bucket: fc.nat({ max: 2 }),
        row: fc.array(small, { minLength: factors, maxLength: factors }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    moves: fc.array(small, { minLength: factors, maxLength: factors }),
  }),
);

it("any book: no move gives the values back; two halves of a move multiply; the linear form is the tangent from below; splitting an asset changes nothing", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(books, ({ factors, assets, moves }) => {
      const make = (rows: typeof assets, form: "exponential" | "linear") => ({
        form,
        factors,
        buckets: 3,
        values: Float64Array.from(rows, ({ value }) => value),
        bucketOf: Uint8Array.from(rows, ({ bucket }) => bucket),
        exposures: Float64Array.from(rows.flatMap(({ row }) => row)),
      });
      const at = Float64Array.from(moves);
      const total = assets.reduce((sum, { value }) => sum + value, 0);
      const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(total, 1) * 4;
      const nav = bucketValues(make(assets, "exponential"), at);
      must(
        bucketValues(
          make(assets, "exponential"),
          at.map(() => 0),
        )[3] === total,
        "no move gives the values back",
      );
      const linear = bucketValues(make(assets, "linear"), at);
      for (let b = 0; b <= 3; b += 1) must(linear[b]! <= nav[b]! + 1e-9 * total, "the tangent lies below");
      const halves = bucketValues(
        make(assets, "exponential"),
        at.map((move) => move / 2),
      );
      const again = make(assets, "exponential");
      again.values.forEach((_, a) => {
        const single = bucketValues(
          make([assets[a]!], "exponential"),
          at.map((move) => move / 2),
        );
        again.values[a] = single[3]!;
      });
      must(
        close(
          [...again.values].reduce((sum, value) => sum + value, 0),
          halves[3]!,
        ),
        "the sum of single assets",
      );
      must(
        close(
          bucketValues(
            again,
            at.map((move) => move / 2),
          )[3]!,
          nav[3]!,
        ),
        "two halves multiply",
      );
      const split = assets.flatMap((asset) => [
        { ...asset, value: asset.value / 4 },
        { ...asset, value: (asset.value * 3) / 4 },
      ]);
      const divided = bucketValues(make(split, "exponential"), at);
      for (let b = 0; b <= 3; b += 1) must(close(divided[b]!, nav[b]!), "splitting changes nothing");
    }),
    RUNS,
  );
});

it("any losses: VaR is a loss that at least the confidence of all do not exceed; ES is at least VaR, and of a shifted and scaled tail shifts and scales", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 99 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: -99, max: 99 }),
      (list, percent, times, plus) => {
        const losses = Float64Array.from(list);
        const { valueAtRisk, expectedShortfall } = tailLoss(losses, percent / 100);
        const notAbove = (x: number): number => list.filter((loss) => loss <= x).length * 100;
        must(list.includes(valueAtRisk) && notAbove(valueAtRisk) >= percent * list.length, "VaR covers the confidence");
        must(
          list.every((loss) => loss >= valueAtRisk || notAbove(loss) < percent * list.length),
          "and is the smallest that does",
        );
        must(expectedShortfall >= valueAtRisk - 1e-9, "ES is at least VaR");
        // Rockafellar and Uryasev: ES is the least of v + E(loss − v)+ / (1 − c), reached at VaR
        const above = list.reduce((sum, loss) => sum + Math.max(0, loss - valueAtRisk), 0) / list.length;
        must(Math.abs(valueAtRisk + above / (1 - percent / 100) - expectedShortfall) < 1e-6, "Rockafellar and Uryasev");
        const moved = tailLoss(
          losses.map((loss) => times * loss + plus),
          percent / 100,
        );
        must(Math.abs(moved.expectedShortfall - (times * expectedShortfall + plus)) < 1e-6, "shifts and scales");
      },
    ),
    RUNS,
  );
});

it("any gate: it binds in the first period in which more is asked for than it lets through; a larger loss never binds later", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 1_000 }),
      (asked, response, gate, left) => {
        const terms = { asked: asked.map((n) => n / 1_000), response: response / 10, gate: gate / 1_000 };
        const found = timeToGate(left / 1_000, terms);
        const worse = timeToGate(Math.max(0, left - 100) / 1_000, terms);
        must(found === 0 || (worse !== 0 && worse <= found), "a larger loss never binds later");
        // in whole numbers: asked · (1 + response · loss), all times 10^7
        const grown = 10_000 + response * (1_000 - left);
        let nav = left * 10_000;
        let first = 0;
        asked.forEach((share, i) => {
          if (first !== 0) return;
          // a tie may fall to either side in doubles
          const gap = share * grown * 1_000 - gate * nav;
          if (gap > 0 || (gap === 0 && found === i + 1)) first = i + 1;
          nav -= share * grown;
        });
        must(first === found, `period ${found}, not ${first}`);
      },
    ),
    RUNS,
  );
});

it("any investors: the curves pay what a look at every investor pays, to the unit", { timeout: LONG }, () => {
  const investor = fc.record({
    amount: fc.nat({ max: 1_000_000 }),
    threshold: fc.integer({ min: 0, max: 10_000 }),
    bucket: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(
      fc.array(investor, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: -100, max: 10_000 }),
      fc.array(fc.nat({ max: 2_000_000 }), { minLength: 3, maxLength: 3 }),
      fc.boolean(),
      (investors, bps, cash, onBorder) => {
        const loss = (onBorder ? investors[0]!.threshold : bps) / 10_000;
        const curves = redemptionCurves({
          buckets: 3,
          amounts: Float64Array.from(investors, ({ amount }) => amount),
          thresholds: Uint16Array.from(investors, ({ threshold }) => threshold),
          bucketOf: Uint8Array.from(investors, ({ bucket }) => bucket),
        });
        const paid = redemptionWaterfall(curves, 3, Float64Array.of(loss), Float64Array.from(cash));
        const step = Math.round(loss * 10_000);
        must(stepOf(loss) === (step < 0 ? -1 : step), "the step of a loss");
        let [owed, held] = [0, 0];
        for (let b = 0; b < 3; b += 1) {
          for (const one of investors) if (one.bucket === b && one.threshold <= step) owed += one.amount;
          held += cash[b]!;
          const out = Math.min(owed, held);
          must(paid[b] === out, "paid");
          owed -= out;
          held -= out;
        }
        must(paid[3] === owed, "owed");
      },
    ),
    RUNS,
  );
});
