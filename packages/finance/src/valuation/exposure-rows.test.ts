// Exposures of assets: what duration, beta, hedge and cap rate say they must be; and that a large run and a revaluation agree on small moves.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { BOND, REVALUATION } from "../calc/valuation-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { bondSpread, bondValue } from "./bond.ts";
import { bucketValues } from "./exposure.ts";
import { type ExposureRowsInput, exposureRows } from "./exposure-rows.ts";
import { type RevalueInput, revalue } from "./revalue.ts";

type Input = z.input<typeof ExposureRowsInput>;
const { path, ...facts } = REVALUATION as unknown as z.input<typeof RevalueInput>;
const INPUT: Input = { ...facts, factors: Object.keys(path[0]!.moves) };

describe("vectors", () => {
  const rows = exposureRows(INPUT).rows;
  const exposures = (id: string) =>
    Object.fromEntries(rows.find((row) => row.id === id)!.exposures.map((one) => [one.factor, one.exposure]));

  it("a bond moves by its modified duration, with rates and with its spread", () => {
    // 10,000 bonds of 101: the duration at the spread that explains 101
    const { spreadBps } = bondSpread({ ...BOND, dirty: "101" });
    const { modifiedDuration } = bondValue({ ...BOND, spreadBps });
    const found = exposures("bond");
    expect(Number(found["rates.EUR"])).toBeCloseTo(-Number(modifiedDuration), 11);
    expect(found["spread.ig"]).toBe(found["rates.EUR"]);
  });

  it("a half hedged share by its beta and half of its currency; an office by its leverage", () => {
    expect(exposures("share")).toEqual({ equity: "1.2", "fx.USD": "0.5" });
    // 1,000,000 of property on 600,000 of own money at a cap rate of 5 %: 5/3, and −5/3 / 0.05
    expect(exposures("office")).toEqual({ "property.income": "1.666666666667", "property.cap": "-33.333333333333" });
    expect(rows.map(({ id, value, age }) => [id, value, age])).toEqual([
      ["bond", "1010000.00", 1],
      ["office", "600000.00", 93],
      ["share", "180000.00", 2],
    ]);
  });
});

it.each([
  [{ factors: INPUT.factors.filter((factor) => factor !== "spread.ig") }, "EG404", /spread\.ig/],
  [{ market: INPUT.market.filter(({ series }) => series !== "USDEUR") }, "EG404", /USDEUR/],
  [
    { assets: [{ id: "x", kind: "cash" as const, currency: "EUR", value: "0", markedOn: "2025-12-31" }] },
    "EG400",
    /no value/,
  ],
  [{ assets: [INPUT.assets[0]!, INPUT.assets[0]!] }, "EG400", /twice/],
])("refuses %#", (change, code, message) => {
  expect(() => exposureRows({ ...INPUT, ...change })).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

it("any small move: the exponential form and the revaluation differ in the second order only", {
  timeout: LONG,
}, () => {
  const small = fc.integer({ min: -100, max: 100 });
  fc.assert(
    fc.property(
      fc.record({
        equity: small,
        fx: small,
        pe: small,
        income: small,
        cap: fc.integer({ min: -20, max: 20 }),
        dv: fc.integer({ min: -10, max: 10 }),
      }),
      fc.integer({ min: -300, max: 300 }),
      fc.integer({ min: 0, max: 100 }),
      (moves, beta, hedge) => {
        const common = { currency: "EUR", value: "1000000", markedOn: "2025-12-31", estimatedOn: "2025-12-31" };
        const { estimatedOn: _, ...plain } = common;
        const fx = { series: "USDEUR", factor: "fx", hedgeRatio: String(hedge / 100) };
        const exposure = String(beta / 100);
        const input = {
          asOf: "2026-01-01",
          currency: "EUR",
          market: [
            { series: "USDEUR", asOf: "2025-12-30", value: "0.9" },
            { series: "cap", asOf: "2025-12-30", value: "0.06" },
          ],
          assets: [
            {
              ...common,
              id: "a",
              kind: "listed",
              currency: "USD",
              fx,
              exposures: [{ factor: "equity", beta: exposure }],
            },
            { ...common, id: "b", kind: "private", indexFactor: "pe", beta: exposure, lagPeriods: 3 },
            {
              ...plain,
              id: "c",
              kind: "property",
              capRate: "cap",
              capRateFactor: "cap",
              incomeFactor: "income",
              debt: "500000",
            },
            {
              ...plain,
              id: "d",
              kind: "sensitivities",
              source: { series: "filing", asOf: "2025-12-31" },
              sensitivities: [{ measure: "dv100", factor: "dv", amount: "25000" }],
            },
          ],
        } satisfies Omit<Input, "factors">;
        const factors = ["equity", "fx", "pe", "income", "cap", "dv"];
        const { rows } = exposureRows({ ...input, factors });
        const ratio = (n: number) => ({ ratio: String(n / 10_000) });
        const { periods } = revalue({
          ...input,
          lagPeriods: 0,
          path: [
            {
              date: input.asOf,
              moves: {
                equity: ratio(moves.equity),
                fx: ratio(moves.fx),
                pe: ratio(moves.pe),
                income: ratio(moves.income),
                cap: { bps: String(moves.cap) },
                dv: { bps: String(moves.dv) },
              },
            },
          ],
        });
        const at = Float64Array.of(
          ...[moves.equity, moves.fx, moves.pe, moves.income].map((n) => Math.log1p(n / 10_000)),
          moves.cap / 10_000,
          moves.dv / 10_000,
        );
        const out = bucketValues(
          {
            form: "exponential",
            factors: factors.length,
            buckets: rows.length,
            values: Float64Array.from(rows, ({ value }) => Number(value)),
            bucketOf: Uint8Array.from(rows, (_row, i) => i),
            exposures: Float64Array.from(
              rows.flatMap((row) =>
                factors.map((name) => Number(row.exposures.find((one) => one.factor === name)?.exposure ?? 0)),
              ),
            ),
          },
          at,
        );
        periods[0]!.byAsset.forEach((asset, i) => {
          const exact = Number(asset.value.value) + Number(asset.hedgeGain);
          // exponents e of up to 0.08: what is left is a few times e² of the value, and the rounding to cents
          const size = rows[i]!.exposures.reduce((sum, one) => {
            return sum + Math.abs(Number(one.exposure) * at[factors.indexOf(one.factor)]!);
          }, 0);
          const moved = rows[i]!.exposures.reduce((sum, one) => sum + Math.abs(at[factors.indexOf(one.factor)]!), 0);
          const curved = 4 * (size + moved) ** 2;
          must(Math.abs(out[i]! - exact) <= curved * 1e6 + 0.02, `asset ${asset.id}: ${out[i]} for ${exact}`);
        });
      },
    ),
    RUNS,
  );
});
