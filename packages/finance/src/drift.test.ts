// Drift against bands: the verdict at the edges, both kinds of band, weights that add up.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bandEdges } from "./bands.ts";
import { drift } from "./drift.ts";
import { decimal, ratioText } from "./money.ts";

describe("band edges", () => {
  it.each([
    ["0.5", { relative: "0.2" }, "0.4", "0.6"],
    ["0.5", { absolute: "0.03" }, "0.47", "0.53"],
    // both bind: the narrower one
    ["0.5", { relative: "0.2", absolute: "0.03" }, "0.47", "0.53"],
    ["0.1", { relative: "0.2", absolute: "0.03" }, "0.08", "0.12"],
    ["0.02", { absolute: "0.05" }, "0", "0.07"],
    ["0.98", { absolute: "0.05" }, "0.93", "1"],
  ])("of target %s with %j are %s and %s", (target, band, low, high) => {
    const edges = bandEdges(decimal(target), band);
    expect([ratioText(edges.low), ratioText(edges.high)]).toEqual([low, high]);
  });
});

describe("drift", () => {
  const report = drift({
    holdings: [
      { id: "b", sleeve: "bonds", value: "62.00" },
      { id: "a", sleeve: "equity", value: "36.00" },
      { id: "cash", sleeve: "cash", value: "2.00" },
    ],
    sleeveTargets: [
      { id: "bonds", target: "0.5", band: { relative: "0.2" } },
      { id: "equity", target: "0.45", band: { relative: "0.2" } },
      { id: "cash", target: "0.02" },
      { id: "gold", target: "0.03", band: { absolute: "0.01" } },
    ],
    assetTargets: [{ id: "a", target: "0.36", band: { absolute: "0" } }],
  });

  it("says which sleeves are outside, an empty one included", () => {
    expect(report.sleeves.map((row) => [row.id, row.weight, row.drift, row.relativeDrift, row.band])).toEqual([
      ["bonds", "0.62", "0.12", "0.24", "above"],
      ["cash", "0.02", "0", "0", "none"],
      ["equity", "0.36", "-0.09", "-0.2", "inside"],
      ["gold", "0", "-0.03", "-1", "below"],
    ]);
    expect(report.outside).toEqual(["sleeve:bonds", "sleeve:gold"]);
    expect(report.sleeveDistance).toBe("0.12");
  });

  it("keeps assets without a target beside those with one", () => {
    expect(report.assets.map((row) => [row.id, row.target, row.band])).toEqual([
      ["a", "0.36", "inside"],
      ["b", null, "none"],
      ["cash", null, "none"],
    ]);
  });

  it("takes the verdict on the exact weight, not on the printed one", () => {
    const thirds = (target: string) =>
      drift({
        holdings: ["x", "y", "z"].map((id) => ({ id, sleeve: id, value: "1" })),
        sleeveTargets: [{ id: "x", target, band: { absolute: "0" } }],
      }).sleeves.find((row) => row.id === "x")?.band;
    expect(thirds("0.333333333333333333")).toBe("above");
    expect(thirds("0.333333333333333334")).toBe("below");
  });

  it("does not depend on the order of the holdings, and its weights add up to one", () => {
    const holding = fc.record({
      sleeve: fc.constantFrom("s", "t", "u"),
      value: fc.nat({ max: 10_000_000 }).map((cents) => (cents / 100).toFixed(2)),
    });
    fc.assert(
      fc.property(fc.array(holding, { minLength: 1, maxLength: 20 }), (rows) => {
        const holdings = rows.map((row, i) => ({ ...row, id: `h${i}` }));
        fc.pre(holdings.some((row) => Number(row.value) > 0));
        const forward = drift({ holdings });
        expect(drift({ holdings: [...holdings].reverse() })).toEqual(forward);
        for (const list of [forward.assets, forward.sleeves]) {
          expect(list.reduce((acc, row) => acc.plus(row.weight), decimal("0")).toFixed()).toBe("1");
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses a repeated id and a portfolio worth nothing", () => {
    const row = { id: "a", sleeve: "s", value: "1" };
    expect(() => drift({ holdings: [row, row] })).toThrowError(expect.objectContaining({ code: "EG400" }));
    expect(() => drift({ holdings: [{ ...row, value: "0" }] })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
    expect(() => drift({ holdings: [{ ...row, value: "NaN" }] })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
  });
});
