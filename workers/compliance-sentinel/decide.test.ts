// Pre-trade limits by rows: within, over, a passive breach that is not made worse, a short position; and the verdict on a token operation.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeTokenization, judgeTrades } from "./decide.ts";
import type { Position } from "./facts.ts";

const position = (assetId: string, before: string, after: string, more: Partial<Position> = {}): Position => ({
  assetId,
  issuer: `issuer of ${assetId}`,
  type: "debt",
  liquid: true,
  before,
  after,
  ...more,
});
const cash = (before: string, after: string) => position("cash", before, after, { type: "cash", issuer: null });
const mandate = (limits: Record<string, unknown>) => ({
  version: 1,
  label: "synthetic",
  source: "manager",
  currency: "USD",
  asOf: "2026-09-30",
  form: "lp",
  cash: { target: "1" },
  sleeves: [],
  limits,
  liquidity: [],
  costs: [{ category: "*", issuerCategory: "*", buyBps: "5", sellBps: "5" }],
  objective: {},
});
const judged = (limits: Record<string, unknown>, positions: Position[]) =>
  Object.fromEntries(
    judgeTrades({ positions, limits: mandate(limits), mandateVersion: 3 }).map((check) => [check.rule, check]),
  );

describe("a concentration limit of 10 %", () => {
  it.each<[what: string, before: string, after: string, result: string, detail: string]>([
    ["at the limit", "0", "10", "passed", "within"],
    ["a cent of NAV over it", "0", "10.01", "failed", "over the limit"],
    ["over before and after alike", "20", "20", "passed", "passive breach"],
    ["over before and healed in part", "20", "15", "passed", "passive breach"],
    ["over before and worse after", "20", "20.01", "failed", "over the limit"],
    ["over before, within after", "20", "5", "passed", "within"],
  ])("%s: %s → %s of 100 is %s", (_what, before, after, result, detail) => {
    const rest = (held: string) => String(100 - Number(held));
    const positions = [position("a", before, after), cash(rest(before), rest(after))];
    const checks = judged({ issuerMax: "0.1", assetMax: "0.1" }, positions);
    for (const rule of ["issuer_concentration", "asset_concentration"]) {
      expect(checks[rule]).toMatchObject({ result, rule_version: "3", limit_value: "0.1" });
      expect(checks[rule]!.detail).toContain(detail);
    }
  });
  it("adds up what one issuer owes; assets are looked at one by one", () => {
    const same = { issuer: "one" };
    const checks = judged({ issuerMax: "0.1", assetMax: "0.1" }, [
      position("a", "0", "6", same),
      position("b", "0", "6", same),
      cash("100", "88"),
    ]);
    expect([checks.issuer_concentration!.result, checks.asset_concentration!.result]).toEqual(["failed", "passed"]);
    expect(checks.issuer_concentration!.value).toBe("0.120000000000000000");
  });
  it("an active breach decides although a passive one is larger", () => {
    const checks = judged({ assetMax: "0.1" }, [
      position("old", "40", "40"),
      position("new", "0", "11"),
      cash("60", "49"),
    ]);
    expect(checks.asset_concentration).toMatchObject({ result: "failed", value: "0.110000000000000000" });
  });
  it("leaves out issuers that are exempt, unknown ones and cash", () => {
    const checks = judged({ issuerMax: "0.1", exemptIssuers: ["state"] }, [
      position("bill", "0", "50", { issuer: "state" }),
      position("unnamed", "0", "30", { issuer: null }),
      cash("100", "20"),
    ]);
    expect(checks.issuer_concentration).toMatchObject({ result: "passed", value: "0.000000000000000000" });
  });
});

describe("the illiquid share", () => {
  const limits = { illiquid: { max: "0.15", horizon: "7d" } };
  it.each<[string, string, string]>([
    ["0", "15", "passed"],
    ["0", "15.01", "failed"],
    ["30", "30", "passed"],
    ["30", "29", "passed"],
    ["30", "31", "failed"],
  ])("%s → %s of 100 is %s", (before, after, result) => {
    const positions = [
      position("a", before, after, { liquid: false }),
      cash(String(100 - Number(before)), String(100 - Number(after))),
    ];
    expect(judged(limits, positions).illiquid_share).toMatchObject({ result });
  });
});

describe("a short position", () => {
  it.each<[string, string, string, string]>([
    ["1", "0", "passed", "0"],
    ["1", "-0.01", "failed", "1"],
    ["-5", "-5", "passed", "0"],
    ["-5", "-6", "passed", "0"],
  ])("%s → %s is %s", (before, after, result, value) => {
    expect(judged({}, [position("a", before, after), cash("10", "10")]).no_short_position).toMatchObject({
      result,
      value,
    });
  });
});

it("checks only what the mandate limits, and always for short positions", () => {
  expect(Object.keys(judged({}, [cash("1", "1")]))).toEqual(["no_short_position"]);
  expect(Object.keys(judged({ issuerMax: "1", assetMax: "1", illiquid: { max: "1" } }, []))).toEqual([
    "issuer_concentration",
    "asset_concentration",
    "illiquid_share",
    "no_short_position",
  ]);
});

it("never refuses a portfolio for staying as it is, whatever its limits and breaches", () => {
  const cents = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cents, fc.nat(3), fc.boolean()), { maxLength: 8 }), fc.nat(100), (held, limit) => {
      const max = String(limit / 100);
      const positions = held.map(([value, issuer, liquid], i) =>
        position(`a${i}`, String(value), String(value), { issuer: `i${issuer}`, liquid }),
      );
      const checks = judged({ issuerMax: max, assetMax: max, illiquid: { max } }, [...positions, cash("1", "1")]);
      expect(Object.values(checks).filter((check) => check.result === "failed")).toEqual([]);
    }),
  );
});

it("throws for a stored mandate that is none", () => {
  expect(() => judgeTrades({ positions: [], limits: { sleeves: [] }, mandateVersion: 1 })).toThrow();
});

describe("a token operation", () => {
  const of = (approval: { result: string } | undefined) =>
    judgeTokenization({ instrument: "UNIT", size: "1", approval });
  it.each<[{ result: string } | undefined, string, string]>([
    [undefined, "failed", "no compliance approval is named"],
    [{ result: "passed" }, "passed", "compliance approval passed"],
    [{ result: "failed" }, "failed", "the compliance approval failed"],
    [{ result: "review" }, "failed", "the compliance approval review"],
  ])("with approval %j is %s", (approval, result, reason) => {
    expect(of(approval)).toEqual({ result, reason });
  });
  it.each([
    [{}, "passed", "everybody who receives is cleared"],
    [{ not_cleared: 2 }, "failed", "2 who would receive are not cleared by KYC"],
    [{ kind: "freeze" as const }, "failed", "no legal basis is named"],
    [{ kind: "force_transfer" as const }, "failed", "no legal basis is named"],
    [{ kind: "recover" as const, legal_basis: true }, "passed", "everybody who receives is cleared"],
    [{ kind: "claim_revoke" as const, still_cleared: true }, "failed", "the clearance to be revoked stands"],
    [{ kind: "limits" as const, rules: false }, "failed", "the limits are not those that the packs in force ask"],
    [{ kind: "limits" as const }, "passed", "everybody who receives is cleared"],
    [{ kind: "deal" as const, posted: false }, "failed", "the dealing day it follows is not posted on a final NAV"],
  ])("on a class with %j is %s", (change, result, reason) => {
    const asked = {
      kind: "mint" as const,
      status: "requested",
      legal_basis: false,
      not_cleared: 0,
      still_cleared: false,
      posted: true,
      rules: true,
      ...change,
    };
    expect(judgeTokenization({ instrument: "A", size: "1", approval: undefined, asked })).toEqual({ result, reason });
  });
});
