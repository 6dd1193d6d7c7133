// `bench rules --quick`: the answers are right and the checks of answers can fail. No time is asserted.
import { compilePack, readPack } from "@evergreen-fund/compliance-rules";
import { describe, expect, it } from "vitest";
import { quickOptions, reported } from "./frame/test-options.ts";
import { syntheticEvents, syntheticPack } from "./rules/synthetic-rules.ts";
import { everyOutcome, explained, run, sameAsPlain } from "./rules.ts";

describe("bench rules --quick", () => {
  it("judges as a plain reading of the rules does, and explains every rule", async () => {
    const answer = await run(quickOptions());
    expect(reported(answer).checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(reported(answer).checks).toHaveLength(3);
    expect(answer.exit).toBeUndefined();
  });

  it("makes the same events of the same seed", () => {
    expect(syntheticEvents(20, 3)).toEqual(syntheticEvents(20, 3));
    expect(syntheticEvents(20, 4)).not.toEqual(syntheticEvents(20, 3));
  });

  it("would see a verdict that is wrong, a state that never comes and an explanation that is missing", () => {
    const { pack } = readPack(syntheticPack(20));
    if (pack === undefined) throw new Error("no pack");
    const events = syntheticEvents(40, 3);
    const { judge } = compilePack(pack);
    const judged = events.map(({ facts, asOf }) => judge("order", facts, { asOf }));
    expect(sameAsPlain(judged, events, pack, 40).ok).toBe(true);
    const changed = structuredClone(judged);
    const first = changed[0]?.rules[0];
    if (first === undefined) throw new Error("no verdict");
    first.state = first.state === "held" ? "fired" : "held";
    expect(sameAsPlain(changed, events, pack, 40).ok).toBe(false);
    expect(sameAsPlain([], [], pack, 0).ok).toBe(false);
    expect(everyOutcome([]).ok).toBe(false);
    delete first.tree;
    expect(explained(changed).ok).toBe(false);
    expect(explained([]).ok).toBe(false);
  });
});
