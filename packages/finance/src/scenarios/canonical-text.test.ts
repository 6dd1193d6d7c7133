// A scenario as text and back: the hash is that of the text, and what is read is what was written.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { arbitraryFamily } from "./arbitrary-scenario.ts";
import { readScenarioBody, scenarioText } from "./canonical-text.ts";
import { tryResolve } from "./resolve.ts";

const shelf = (parent: { id: string }) => ({
  ids: [parent.id],
  get: (id: string) => (id === parent.id ? parent : undefined),
});

it("gives back the scenario whose hash the text has", () => {
  let read = 0;
  fc.assert(
    fc.property(arbitraryFamily, ({ child, parent }) => {
      const { resolved } = tryResolve(child, shelf(parent) as unknown as Parameters<typeof tryResolve>[1]);
      if (resolved === undefined) return;
      read++;
      const text = scenarioText(resolved);
      expect(createHash("sha256").update(text).digest("hex")).toBe(resolved.hash);
      expect(readScenarioBody(text, resolved.title)).toEqual({ ...resolved, about: "", lineage: [] });
    }),
  );
  expect(read).toBeGreaterThan(50);
});
it("does not compute what another format says", () => {
  expect(() => readScenarioBody('{"format":"evergreen.scenario/9"}', "x")).toThrow(
    expect.objectContaining({ code: "EG400" }),
  );
});
