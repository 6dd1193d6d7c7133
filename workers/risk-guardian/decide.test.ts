// How bad a breach or a drift is: the rows a portfolio manager would write down, and the edges between them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { weigh } from "./decide.ts";

const ASSET = "00000000-0000-4000-8000-000000000001";
const breach = (ratio: string | null, required = "1.2") =>
  weigh({ type: "LIQUIDITY_BREACH", payload: { bucket: "30d", ratio, required } });
const drift = (deviation_bps: string, threshold_bps: string) =>
  weigh({ type: "DATA_DRIFT", payload: { asset_id: ASSET, deviation_bps, threshold_bps } });

describe("a liquidity breach (R33)", () => {
  it.each<[string | null, string]>([
    [null, "critical"],
    ["-0.1", "critical"],
    ["0", "critical"],
    ["0.999999999999999", "critical"],
    ["1", "warning"],
    ["1.000000000000000000", "warning"],
    ["1.19", "warning"],
  ])("cover %s is %s", (ratio, severity) => {
    expect(breach(ratio)).toMatchObject({ kind: "liquidity_breach", severity });
  });
  it("says bucket, scenario, ratio and what is required", () => {
    expect(breach("1.1").reason).toBe("Cover of bucket 30d under base is 1.1, required 1.2.");
    expect(breach(null).reason).toBe("Cover of bucket 30d under base is not computable, required 1.2.");
  });
});

describe("a drift of a mark (R5)", () => {
  it.each<[string, string, string]>([
    ["501", "500", "notice"],
    ["1500", "500", "notice"],
    ["1500.01", "500", "warning"],
    ["31", "10", "warning"],
    ["30", "10", "notice"],
  ])("%s bp at a threshold of %s is a %s", (deviation, threshold, severity) => {
    expect(drift(deviation, threshold)).toMatchObject({ kind: "data_drift", severity });
  });
  it("names the asset and its issuer, the id where neither is known", () => {
    const of = (asset: Parameters<typeof weigh>[0]["asset"]) =>
      weigh({
        type: "DATA_DRIFT",
        payload: { asset_id: ASSET, deviation_bps: "600", threshold_bps: "500" },
        ...(asset === undefined ? {} : { asset }),
      }).reason;
    const moved = "moved 600 bp, threshold 500 bp.";
    expect(of({ name: "Term loan B", issuer: "Alder Mills" })).toBe(`The mark of Term loan B (Alder Mills) ${moved}`);
    expect(of({ name: "Alder Mills", issuer: "Alder Mills" })).toBe(`The mark of Alder Mills ${moved}`);
    expect(of({ name: "Term\nloan\u202e", issuer: null })).toBe(`The mark of Term loan ${moved}`);
    expect(of(null)).toBe(`The mark of asset ${ASSET} ${moved}`);
    expect(of({ name: "x".repeat(500), issuer: "y".repeat(500) }).length).toBeLessThanOrEqual(500);
  });
  it.each([
    ["1449.3241", "1449.4"],
    ["500.00004", "500.1"],
    ["12.5", "12.5"],
  ])("says %s bp as %s", (deviation, said) => {
    expect(drift(deviation, "500").reason).toContain(` moved ${said} bp, threshold 500 bp.`);
  });
  it("is never less severe when the mark moved further", () => {
    const rank = { notice: 0, warning: 1, critical: 2 };
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), fc.integer({ min: 1, max: 20_000 }), (a, b, threshold) => {
        const [near, far] = [Math.min(a, b), Math.max(a, b)];
        expect(rank[drift(String(far), String(threshold)).severity]).toBeGreaterThanOrEqual(
          rank[drift(String(near), String(threshold)).severity],
        );
      }),
    );
  });
});

describe("a check of data that failed", () => {
  it.each<[string, string | null, string]>([
    ["nav_agreement", "0.6", "warning"],
    ["stale_marks", "0.3", "notice"],
    ["stale_marks", "0.31", "warning"],
    ["stale_series", null, "warning"],
  ])("%s of %s at a limit of 0.1 is a %s", (check, value, severity) => {
    const alert = weigh({ type: "DATA_QUALITY_FAILED", payload: { check, value, limit: "0.1", unit: "share" } });
    expect(alert).toMatchObject({ kind: "data_quality", severity, reason: expect.stringContaining(check) });
  });
});

describe("units on a chain (R50)", () => {
  it("a break is critical, because no NAV is struck until it is gone", () =>
    expect(weigh({ type: "TOKEN_BREAK", payload: { contract_id: ASSET, block: 7, breaks: 1 } })).toEqual({
      kind: "token_break",
      severity: "critical",
      reason: `Chain and register differ at block 7 in 1 place (contracts ${ASSET}); no NAV of the fund is struck before they agree.`,
    }));
  it.each([
    ["chain", "warning", "the chain"],
    ["people", "notice", "people"],
    ["compliance", "notice", "compliance"],
  ])("an operation that %s refused is a %s", (by, severity, who) =>
    expect(weigh({ type: "TOKEN_REFUSED", payload: { action_id: ASSET, kind: "mint", code: "EG428", by } })).toEqual({
      kind: "token_refused",
      severity,
      reason: `EG428: the token operation mint (${ASSET}) was refused by ${who}; the register is as it was.`,
    }),
  );
});

it("refuses every other event with EG428", () => {
  expect(() => weigh({ type: "STRESS_REQUESTED", payload: {} })).toThrow(expect.objectContaining({ code: "EG428" }));
});
it("keeps every reason short enough for an alert", () => {
  expect(drift("9".repeat(38), "1").reason.length).toBeLessThanOrEqual(500);
});
