// Limits of transfers in lines: each difference on its own line, and nothing is called in line that was not compared.
import { expect, it } from "vitest";
import { limitLines, limitsText } from "./token-limits.ts";

const limits = { min_holding: "10", max_holding: "0", min_transfer: "0", lock_up: "86400", transferable: true };

it("says line by line where chain and packs differ", () => {
  const rules = { asked: { ...limits, max_holding: "400", transferable: false }, unsaid: [] };
  expect(
    limitLines({ limits, rules, limits_state: "differ" }).map(({ onChain, asked, state }) => [onChain, asked, state]),
  ).toEqual([
    ["10", "10", "in line"],
    ["none", "400", "differs"],
    ["none", "none", "in line"],
    ["86400", "86400", "in line"],
    ["allowed", "not allowed", "differs"],
  ]);
});

it("calls nothing in line before it was compared with the packs in force", () => {
  const rules = { asked: limits, unsaid: [] };
  const states = (given: Parameters<typeof limitLines>[0]) => [...new Set(limitLines(given).map(({ state }) => state))];
  expect(states({ limits, rules, limits_state: "in line" })).toEqual(["in line"]);
  expect(states({ limits, rules, limits_state: "packs changed" })).toEqual(["packs changed since"]);
  expect(states({ limits: null, rules: null, limits_state: "not compared" })).toEqual(["not compared yet"]);
});

it("writes base units in units of the class, to the last digit", () => {
  const of = (minHolding: bigint, decimals: number) =>
    limitsText({ minHolding, maxHolding: 0n, minTransfer: 0n, lockUp: 5n, transferable: true }, decimals).min_holding;
  expect([of(255_000n, 4), of(1n, 4), of(100n, 0), of(0n, 18), of(10n ** 18n + 1n, 18)]).toEqual([
    "25.5",
    "0.0001",
    "100",
    "0",
    "1.000000000000000001",
  ]);
});
