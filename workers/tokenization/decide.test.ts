// The decisions of the tokenization room, row by row.
import { EvergreenError } from "@evergreen-fund/domain";
import { expect, it } from "vitest";
import { askedOf, judgeFailure, nextStep, type Step } from "./decide.ts";

it.each<[string, boolean, "mint" | "deploy" | "reconcile", Step]>([
  ["approved", false, "mint", "send"],
  ["sent", false, "mint", "send"],
  ["included", false, "mint", "send"],
  ["approved", true, "mint", "wait"],
  ["approved", false, "deploy", "deploy"],
  ["approved", false, "reconcile", "look"],
  ["final", false, "mint", "over"],
  ["refused", true, "mint", "over"],
  ["failed", false, "deploy", "over"],
])("%s, busy %s, %s: %s", (status, busy, kind, step) => expect(nextStep({ status, busy, kind })).toBe(step));

it.each([
  [new EvergreenError("EG428", "The contracts refuse the action: NotCleared."), "refused"],
  [new EvergreenError("EG424", "The key cannot pay for gas."), "failed"],
  [new EvergreenError("EG400", "The node is of another chain."), "failed"],
  [new EvergreenError("EG403", "A public key."), "failed"],
  [new EvergreenError("EG503", "The node is away."), undefined],
  [new EvergreenError("EG500", "Unforeseen."), undefined],
  [new Error("a bug"), undefined],
])("%s: %s", (error, state) => expect(judgeFailure(error)?.state).toBe(state));

it("asks for nothing where no pack is in force, and refuses a pack that cannot be read rather than pass it over", () => {
  const asked = { min_holding: "0", max_holding: "0", min_transfer: "0", lock_up: "0", transferable: true };
  expect(askedOf([], 4, "2026-01-01")).toEqual({ versions: [], asked, unsaid: [] });
  const broken = [{ version_id: "11111111-1111-4111-8111-111111111111", body: { pack: "odd" } }];
  expect(() => askedOf(broken, 4, "2026-01-01")).toThrow("cannot be read by this release");
});
